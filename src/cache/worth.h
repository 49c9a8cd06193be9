/*
 * Is a copy worth a write to Redis?  What changes more often than it is read is not: nobody
 * would find it there before it is void.  Judged by class: a read model and an owner (what
 * stands in the key's braces), by what became of the class's copies lately, on this machine.
 *
 * A copy's life begins with its fill.  It is read when a lookup finds it usable for the first
 * time; it dies unread when the first lookup after the fill finds it invalidated.  Counts are
 * halved as they grow, so old lives fade.  Two unread for one that was read, and the class is
 * churning: its fills stay in memory.  As many that were read as not, and it is calm again.  Of
 * a churning class one fill in sixteen is written all the same: a hit in Redis is a read, too.
 */
#ifndef CACHE_WORTH_H
#define CACHE_WORTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct cache_map;

#define WORTH_MODELS 64
#define WORTH_OWNERS 256 /* classes of a model; owners share them by hash */
#define WORTH_LIVES  16  /* seen before a class is judged */
#define WORTH_PROBE  16

/* The class of a key; model: below WORTH_MODELS. */
uint32_t worth_class(const struct cache_map *map, size_t model, struct str key);
void worth_read(struct cache_map *map, uint32_t class);
void worth_unread(struct cache_map *map, uint32_t class);
/* Asked once for each fill.  False: it is not to be written, which is counted. */
bool worth_writing(struct cache_map *map, uint32_t class);

struct worth_counts {
	uint64_t skipped;  /* writes */
	uint32_t churning; /* classes, now */
};
void worth_count(const struct cache_map *map, size_t model, struct worth_counts *ret);

#endif
