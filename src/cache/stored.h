/*
 * The database tier: answers that cost more to make than to find, in an UNLOGGED table of the
 * primary.  As far from the trust base as Redis: what it says is used under V1 alone.  Runners
 * write it, every process reads it, after Redis and before it makes the answer.  A standby does
 * not have it, and crash recovery empties it.
 *
 * Every function takes a NULL tier: there is none.  What fails is counted, and leaves it alone
 * for a while.
 */
#ifndef CACHE_STORED_H
#define CACHE_STORED_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"
#include "cache/entry.h"

struct arena;
struct cache_map;
struct cache_options;
struct pg;
struct stored;

/* NULL: switched off, or no mapping.  All are borrowed. */
struct stored *stored_new(const struct cache_options *options, struct cache_map *map,
			  struct pg *pg);
void stored_free(struct stored *stored);

/* A copy that may be used now, in the arena, ready for memory. */
bool stored_get(struct stored *stored, struct arena *arena, struct str key, struct entry *ret);
/* Unless nobody could use it, or there is one of the same epoch with the same or a greater
 * label. */
void stored_put(struct stored *stored, struct arena *arena, const struct entry *e);
/* Removes what is too old, of another epoch, and, the oldest first, what is too much.  It takes
 * as long as it needs, within reason; a failure is counted. */
void stored_prune(struct stored *stored);

#endif
