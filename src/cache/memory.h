/*
 * The memory tier: the shards of the mapping.  Readers take no lock; writers lock one shard.
 * Eviction is FIFO that spares what was read since (CLOCK), behind a probation ring for new
 * keys so that a scan does not drive out what is asked for often (S3-FIFO, SOSP'23).
 */
#ifndef CACHE_MEMORY_H
#define CACHE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "cache/entry.h"

struct arena;
struct cache_map;

/* Empties every shard of a new mapping. */
void memory_format(struct cache_map *map);

/* A copy of the record for the key, in the arena; whether it may be used is the caller's
 * question. False: none, or overwritten while it was copied, or damaged. */
bool memory_get(struct cache_map *map, struct arena *arena, struct str key, struct entry *ret);
/* A copy of a later read that may be used stays: whoever was slow does not take others back.
 * Of later label, or of the same and begun later.  False: too large for a shard. */
bool memory_put(struct cache_map *map, const struct entry *e);
void memory_forget(struct cache_map *map, struct str key);
void memory_clear(struct cache_map *map);
/*
 * Forgets what `match` says of the keys of a part of the mapping, 0 … memory_parts() - 1, a few
 * hundred at most; keys are whatever the memory holds, damage included.  Returns how many it
 * forgot.
 */
uint32_t memory_parts(const struct cache_map *map);
uint64_t memory_sweep(struct cache_map *map, uint32_t part,
		      bool (*match)(const void *ctx, struct str key), const void *ctx);

struct memory_counts {
	uint64_t entries, bytes, capacity, evictions, spared, cleared;
};
void memory_count(const struct cache_map *map, struct memory_counts *ret);

#endif
