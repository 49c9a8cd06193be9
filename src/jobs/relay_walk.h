/*
 * Globs that administrators cleared: the copies of this machine are walked for them, a part at
 * a time between polls.  A walk may take many of them: meanwhile the relay tells the position
 * up to which all was walked, so that events count as processed when they are, and its
 * successor begins the walk again.
 */
#ifndef JOBS_RELAY_WALK_H
#define JOBS_RELAY_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
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
	/* Positions of the relay, terminated: when this round began, and up to which there is
	 * nothing left to walk for; empty: none. */
	struct buf begun, done;
};

void walk_init(struct relay_walk *w);
void walk_release(struct relay_walk *w);
/* False: there are too many; only to void everything is left. */
bool walk_add(struct relay_walk *w, struct str glob);
bool walk_busy(const struct relay_walk *w);
/* Until the time is over, though a part at least, or all is done.  position: of the last poll,
 * whose globs were added. */
void walk_on(struct relay_walk *w, struct cache_map *map, int64_t until_mono_ns,
	     const char *position);
/* Without a walk, as a relay that goes on from there. */
void walk_from(struct relay_walk *w, const char *position);
/* Borrowed; NULL: none is known. */
const char *walk_position(const struct relay_walk *w);
/* All copies are void, and positions of before mean nothing. */
void walk_drop(struct relay_walk *w);

#endif
