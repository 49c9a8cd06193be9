/* Names in Redis: keys of copies and marks, and which of them share a hash slot. */
#ifndef CACHE_REDIS_KEY_H
#define CACHE_REDIS_KEY_H

#include <stdbool.h>
#include "base/str.h"

#define REDIS_COPIES_MAX 4 /* keys that can be named for one tag */

struct arena;

/* A key behind the prefix is a copy's, or a glob may match one's: its first field is one of the
 * read models', or has not ended before the first *, ?, [ or \. */
bool redis_key_may_be_copy(struct str rest);

/* "{0xabc}" of the key of a read model; STR_NONE: it has none. */
struct str redis_key_braces(struct str key);
/* prefix:key */
struct str redis_key_copy(struct arena *arena, struct str prefix, struct str key);
/* prefix:inv:braces:tag's hash */
struct str redis_key_inv(struct arena *arena, struct str prefix, struct str braces,
			 uint64_t tag_hash);
/* The keys of an invalidation of one tag, which must be sound: its mark, then the copies that
 * can be named.  All are in one hash slot.  Returns how many. */
size_t redis_key_of_tag(struct arena *arena, struct str prefix, struct str tag,
			struct str ret[1 + REDIS_COPIES_MAX]);

#endif
