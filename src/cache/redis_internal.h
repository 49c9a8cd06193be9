/* What the files of the Redis tier share. */
#ifndef CACHE_REDIS_INTERNAL_H
#define CACHE_REDIS_INTERNAL_H

#include "cache/redis_tier.h"
#include "cache/travel.h"
#include "net/redis.h"

struct redis_tier {
	const struct cache_options *options;
	struct cache_map *map;
	struct redis *redis;
	struct str prefix, channel;
	struct redis_script fill, invalidate;
	uint64_t damaged; /* hash of the key whose value was found to be damaged */
};

struct str redis_number(struct arena *arena, int64_t n);
/* One round trip; false when it failed or anything in it was refused: counted. */
bool redis_tier_run(struct redis_tier *tier, struct arena *arena,
		    const struct redis_command *commands, size_t n, struct redis_reply *ret);
void redis_forget_init(struct redis_tier *tier); /* its script */

#endif
