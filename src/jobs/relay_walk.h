/*
 * Globs that administrators cleared: the copies of this machine are walked for them, a part at
 * a time between polls.  As long as a walk is under way the relay tells no position, so that
 * its successor would begin the walk again.
 */
#ifndef JOBS_RELAY_WALK_H
#define JOBS_RELAY_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/glob.h"
#include "base/str.h"

#define WALKS_MAX 16

struct cache_map;

struct relay_walk {
	struct walk {
		char glob[GLOB_MAX];
		size_t len;
	} walk[WALKS_MAX];
	size_t n;
	uint32_t part; /* next of the mapping, for all of them */
	size_t fresh;  /* walks that came since part 0: they have to go round again */
};

/* False: there are too many; only to void everything is left. */
bool walk_add(struct relay_walk *w, struct str glob);
bool walk_busy(const struct relay_walk *w);
/* Until the time is over or all is done. */
void walk_on(struct relay_walk *w, struct cache_map *map, int64_t until_mono_ns);
/* All copies are void. */
void walk_drop(struct relay_walk *w);

#endif
