/*
 * The Redis tier.  It is outside of the trust base: what it says is used only when header,
 * checksum, key and epoch are right and the label beats the mapping (V1); a stale, empty,
 * resurrected, lying or hanging Redis costs hits and at most one budget a read.  Keys, values
 * and scripts: docs/design/redis.md.
 *
 * Every function takes a NULL tier: there is no Redis.  What fails is counted, not told.
 */
#ifndef CACHE_REDIS_TIER_H
#define CACHE_REDIS_TIER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"
#include "cache/entry.h"
#include "cache/map.h"

struct arena;
struct cache_options;
struct redis;
struct redis_tier;

#define REDIS_TAGS_MAX  256 /* of one invalidation; what is beyond finds out by its label */
#define REDIS_MARKS_MAX 8   /* asked for with a copy */

/* All are borrowed. */
struct redis_tier *redis_tier_new(const struct cache_options *options, struct cache_map *map,
				  struct redis *redis);
void redis_tier_free(struct redis_tier *tier);

/*
 * A copy that may be used now, in the arena, ready for memory: slots, era (of before the
 * question) and expiry are this machine's, and it is never held to be read from the primary.
 * tags: those known before the read; their inv keys are asked for in the same round trip.
 */
bool redis_tier_get(struct redis_tier *tier, struct arena *arena, struct str key,
		    const struct tag_list *tags, struct entry *ret);

/* Several in one round trip, each judged as above. */
enum redis_found {
	REDIS_UNKNOWN, /* it did not say, or what it has is damaged */
	REDIS_LACKS,   /* it has nothing, or nothing that may be used */
	REDIS_HAS
};
struct redis_wish {
	struct str key;
	uint64_t mark[REDIS_MARKS_MAX]; /* hashes of tags */
	size_t marks;
	enum redis_found found;
	struct entry copy; /* REDIS_HAS */
};
void redis_wish_for(struct redis_wish *wish, struct str key, const struct tag_list *tags);
/* More than fit into a reply (net/redis_reply.h) are all REDIS_UNKNOWN. */
void redis_tier_get_all(struct redis_tier *tier, struct arena *arena, struct redis_wish *wish,
			size_t n);

/* Unless Redis has a copy of the same epoch with a greater label. */
void redis_tier_put(struct redis_tier *tier, struct arena *arena, const struct entry *e,
		    int64_t ttl_ms);
/* Several in one round trip; what is of no use by now is left out.  All together at most 8 MiB,
 * or none is written. */
struct redis_fill {
	const struct entry *e;
	int64_t ttl_ms;
};
void redis_tier_put_all(struct redis_tier *tier, struct arena *arena,
			const struct redis_fill *fill, size_t n);
/* Its value was found to be damaged: the next put replaces it whatever its stamp says. */
bool redis_tier_is_damaged(const struct redis_tier *tier, struct str key);

/* After COMMIT of xid: removes the copies of these tags whose keys can be named, leaves inv
 * marks for the others and publishes on redis_tier_channel.  One round trip.  False: Redis does
 * not know (which costs hits, and other machines a moment). */
bool redis_tier_invalidate(struct redis_tier *tier, struct arena *arena, cache_epoch epoch,
			   uint64_t xid, const struct str *tags, size_t n);
/* What the names of keys begin with ("such-market"). */
struct str redis_tier_prefix(const struct redis_tier *tier);
/* Removes copies by their keys (without the prefix), in one round trip.  False: none may be. */
bool redis_tier_remove(struct redis_tier *tier, struct arena *arena, const struct str *keys,
		       size_t n, uint64_t *ret_removed);
/* "such-market:events": for redis_listen. */
struct str redis_tier_channel(const struct redis_tier *tier);

/* For administrators: removes the copies whose keys match, some hundred keys a step. */
struct redis_sweep {
	char cursor[24]; /* empty: from the start */
	uint64_t removed;
	bool done;
};
/* pattern: a glob of what follows the prefix ("collections:{0xabc…}:*").  Other roles' keys
 * stay.  Not RC_OK: the same step may be tried again. */
enum rc redis_tier_sweep(struct redis_tier *tier, struct arena *arena, struct str pattern,
			 struct redis_sweep *sweep);

#endif
