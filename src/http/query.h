/*
 * Declared parameters: a handler lists what it reads; everything else in the query string is
 * ignored.  A repeated parameter (unless `many`), a bad value or one out of range is a problem
 *that names the parameter.  Percent-decoding, '+' as space, UTF-8 and NUL are checked here.
 *
 *	static const struct param nfts_params[] = {
 *		{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
 *		{ "sort", PARAM_CHOICE, .choices = "tokenId|rarity|updatedAt" },
 *		{ "owner", .kind = PARAM_ADDRESS },
 *	};
 *	enum { P_PAGE_SIZE, P_SORT, P_OWNER, P_COUNT };
 *	struct param_value v[P_COUNT];
 *	rc = query_read(req, nfts_params, P_COUNT, v, problem);
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/u256.h"

struct arena;
struct problem;
struct request;

enum param_kind {
	PARAM_INT,     /* num */
	PARAM_CHOICE,  /* num: index in choices; 0 when absent */
	PARAM_BOOL,    /* num: true|false|1|0 */
	PARAM_ADDRESS, /* address */
	PARAM_TOKEN,   /* token */
	PARAM_TEXT, /* text: trimmed, 1 … max characters (default 200); empty counts as absent
		     */
	PARAM_CURSOR, /* text: raw */
	PARAM_TRAITS  /* name[Type]=Value, repeatable: traits */
};

struct param {
	const char *name;
	enum param_kind kind;
	int64_t min, max, preset;
	const char *choices;
	bool required;
};

#define QUERY_TRAITS_MAX 64 /* more are a 400: "at most 64 attribute filters" */

struct trait_filter {
	struct str type, value;
};

struct param_value {
	bool given;
	int64_t num;
	struct str text;
	struct address address;
	struct u256 token;
	struct trait_filter *traits; /* in request order, exact duplicates dropped */
	size_t trait_count;
};

enum rc query_read(const struct request *req, const struct param *params, size_t n,
		   struct param_value *ret, struct problem *problem);

/* A path segment as an address / token id / fid; the problem names the parameter. */
enum rc path_address(struct str segment, const char *name, struct address *ret,
		     struct problem *problem);
enum rc path_token(struct str segment, const char *name, struct u256 *ret,
		   struct problem *problem);
enum rc path_u64(struct str segment, const char *name, uint64_t max, uint64_t *ret,
		 struct problem *problem);

/* Percent-decode into the arena; false for bad escapes, NUL, other control bytes or invalid
 * UTF-8. */
bool percent_decode(struct arena *arena, struct str s, bool plus_is_space, struct str *ret);

#endif
