/* What the files of the Redis tier share. */
#ifndef CACHE_REDIS_INTERNAL_H
#define CACHE_REDIS_INTERNAL_H

#include "cache/redis_tier.h"
#include "net/redis.h"

/* A value, and a mark, begin with epoch and label (xid) as text, so that scripts can compare:
 * in a history that is the same the greater text is the later one. */
#define STAMP       32
#define STAMP_EPOCH 16

struct redis_tier {
	const struct cache_options *options;
	struct cache_map *map;
	struct redis *redis;
	struct str prefix, channel;
	struct redis_script fill, invalidate;
	uint64_t damaged; /* hash of the key whose value was found to be damaged */
};

/* epoch and label as text, and a NUL. */
void redis_write_stamp(uint64_t epoch, uint64_t label, char ret[STAMP + 1]);
/* value must be 8-byte aligned; slices point into it.  False: damaged, or of another key. */
bool redis_read_value(struct str value, struct str key, struct entry *ret);
struct str redis_number(struct arena *arena, int64_t n);
/* One round trip; false when it failed or anything in it was refused: counted. */
bool redis_tier_run(struct redis_tier *tier, struct arena *arena,
		    const struct redis_command *commands, size_t n, struct redis_reply *ret);
void redis_forget_init(struct redis_tier *tier); /* its script */

#endif
