/*
 * A copy that leaves its machine, for Redis or the database tier: a stamp and an entry.  What
 * comes back may be anything; it is used only when header, checksum and key are right, the
 * epoch is the mapping's and the label beats it (V1).
 */
#ifndef CACHE_TRAVEL_H
#define CACHE_TRAVEL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "cache/entry.h"

struct arena;
struct cache_map;

/* Epoch and label (xid) as text, so that scripts can compare: in a history that is the same the
 * greater text is the later one. */
#define STAMP       32
#define STAMP_EPOCH 16

/* epoch and label as text, and a NUL. */
void travel_stamp(uint64_t epoch, uint64_t label, char ret[STAMP + 1]);
/* value must be 8-byte aligned; slices point into it.  False: damaged, or of another key. */
bool travel_read(struct str value, struct str key, struct entry *ret);
/* Without what a machine keeps to itself. */
struct str travel_write(struct arena *arena, const struct entry *e);
/* Writes anew what is this machine's: slots, era (of before it was asked for), expiry: ttl_ms
 * from now, but not later than keep_ms after it was made.  False: that is over. */
bool travel_arrive(const struct cache_map *map, struct arena *arena, uint64_t era,
		   int64_t keep_ms, int64_t ttl_ms, struct entry *e);
/* Epoch, and V1 for all tags, whose slots are this machine's; V2 does not travel. */
bool travel_valid(const struct cache_map *map, const struct entry *e);

#endif
