/*
 * What a pattern of keys means ("such-market:collections:{0xabc…}:*"), for administrators. Keys
 * are those of docs/design/redis.md, prefix included; patterns are Redis' globs.
 *
 *	such-market:*                          everything
 *	such-market:nfts:{0xabc…}:17           one key
 *	such-market:collections:{0xabc…}:*     one address (or user): what depends on it
 *	such-market:*:traits                   any other: copies are looked at one by one
 */
#ifndef MODEL_PATTERN_H
#define MODEL_PATTERN_H

#include <stddef.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;

enum pattern_kind {
	PATTERN_ALL,
	PATTERN_KEY,
	PATTERN_TAGS,
	PATTERN_GLOB
};

#define PATTERN_TAGS_MAX 3

struct pattern {
	enum pattern_kind kind;
	struct str rest; /* behind the prefix and its colon; borrowed */
	struct str tag[PATTERN_TAGS_MAX];
	size_t tags; /* of PATTERN_KEY and PATTERN_TAGS; in the arena */
};

/* RC_INVALID: *ret_code and *ret_why say what is wrong with it. */
enum rc pattern_read(struct arena *arena, struct str prefix, struct str text,
		     struct pattern *ret, const char **ret_code, const char **ret_why);

#endif
