#include "jobs/relay_walk.h"

#include <string.h>
#include "base/clock.h"
#include "base/metric.h"
#include "cache/memory.h"

bool walk_add(struct relay_walk *w, struct str glob)
{
	if (w->n == WALKS_MAX || glob.len > GLOB_MAX)
		return false;
	memcpy(w->walk[w->n].glob, glob.ptr, glob.len);
	w->walk[w->n].len = glob.len;
	w->n++;
	w->fresh = w->part ? w->fresh + 1 : 0;
	return true;
}

bool walk_busy(const struct relay_walk *w)
{
	return w->n > 0;
}

void walk_drop(struct relay_walk *w)
{
	w->n = w->fresh = 0;
	w->part = 0;
}

static bool is_meant(const void *ctx, struct str key)
{
	const struct relay_walk *w = ctx;

	for (size_t i = 0; i < w->n; i++)
		if (glob_match((struct str){ w->walk[i].glob, w->walk[i].len }, key))
			return true;
	return false;
}

/* A round is over: those that were there from its beginning are done. */
static void next_round(struct relay_walk *w)
{
	memmove(w->walk, w->walk + (w->n - w->fresh), w->fresh * sizeof(w->walk[0]));
	w->n = w->fresh;
	w->fresh = 0;
	w->part = 0;
}

void walk_on(struct relay_walk *w, struct cache_map *map, int64_t until_mono_ns)
{
	while (w->n > 0 && clock_mono_ns() < until_mono_ns) {
		metric_add(COUNTER_cache_swept, memory_sweep(map, w->part, is_meant, w));
		if (++w->part == MEMORY_PARTS)
			next_round(w);
	}
}
