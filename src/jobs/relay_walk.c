#include "jobs/relay_walk.h"

#include <string.h>
#include "base/clock.h"
#include "base/metric.h"
#include "cache/memory.h"

void walk_init(struct relay_walk *w)
{
	memset(w, 0, sizeof(*w));
	buf_init(&w->begun, NULL, BUF_NO_MAX);
	buf_init(&w->done, NULL, BUF_NO_MAX);
}

void walk_release(struct relay_walk *w)
{
	buf_release(&w->begun);
	buf_release(&w->done);
}

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
	buf_clear(&w->begun);
	buf_clear(&w->done);
}

const char *walk_position(const struct relay_walk *w)
{
	return w->done.len ? w->done.ptr : NULL;
}

static void keep(struct buf *buf, const char *position)
{
	buf_clear(buf);
	buf_add(buf, position, strlen(position) + 1);
}

void walk_from(struct relay_walk *w, const char *position)
{
	keep(&w->done, position);
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
	struct buf done = w->begun;

	w->begun = w->done;
	w->done = done;
	memmove(w->walk, w->walk + (w->n - w->fresh), w->fresh * sizeof(w->walk[0]));
	w->n = w->fresh;
	w->fresh = 0;
	w->part = 0;
}

static void walk_part(struct relay_walk *w, struct cache_map *map, const char *position)
{
	if (w->part == 0)
		keep(&w->begun, position);
	metric_add(COUNTER_cache_swept, memory_sweep(map, w->part, is_meant, w));
	if (++w->part == memory_parts(map))
		next_round(w);
}

void walk_on(struct relay_walk *w, struct cache_map *map, int64_t until_mono_ns,
	     const char *position)
{
	while (w->n > 0) {
		walk_part(w, map, position);
		if (clock_mono_ns() >= until_mono_ns)
			break;
	}
	if (w->n == 0)
		keep(&w->done, position);
}
