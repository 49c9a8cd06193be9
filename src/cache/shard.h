/*
 * One shard of the mapping, and where things are in it (layout.h): what the files of the memory
 * tier share.
 */
#ifndef CACHE_SHARD_H
#define CACHE_SHARD_H

#include "cache/layout.h"

#define POSITION_MAX (UINT64_C(1) << 53) /* a word of the index has no more bits */

struct shard_view {
	struct shard *s;
	const struct map_shape *shape; /* the process' own */
};

static inline struct shard_view shard_view(const struct cache_map *map, uint32_t i)
{
	return (struct shard_view){ map_shard(map, i), &map->shape };
}

static inline struct bucket *shard_buckets(struct shard_view v)
{
	return (struct bucket *)((uint8_t *)v.s + v.shape->buckets_at);
}

static inline uint32_t *shard_ghosts(struct shard_view v)
{
	return (uint32_t *)((uint8_t *)v.s + v.shape->ghosts_at);
}

void shard_format(struct shard_view v);
/* False: its lock is damaged.  The shard is empty when a holder died, or when its rings cannot
 * be where it says. */
bool shard_lock(struct shard_view v);
void shard_unlock(struct shard_view v);

/* The shard is locked. */
void shard_empty(struct shard_view v);
/* Something in it is not what was written: nothing in it can be trusted. */
void shard_damaged(struct shard_view v);

#endif
