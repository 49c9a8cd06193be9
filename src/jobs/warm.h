/*
 * Warming: what is read most is read once more, before anybody asks for it: after a start,
 * after everything was cleared, now and then, or when somebody says so.  It reads through the
 * caches like any request, so it fills memory and Redis, and by the same rules; and no faster
 * than warm_rate.
 *
 * Arguments of a job `warm`: {"collections": ["0x…"], "top": n, "rate": n}, all optional.
 */
#ifndef JOBS_WARM_H
#define JOBS_WARM_H

#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/hex.h"
#include "base/rc.h"
#include "model/warm_order.h"

struct cache_map;
struct env;

struct warm_options {
	bool start;          /* after a start, and after what administrators make invalid */
	int64_t interval_ms; /* 0: not by itself */
	int64_t top;         /* collections */
	int64_t rate;        /* reads a second */
};
extern const struct conf_key warm_keys[];

/* The collections worth most, best first: at most `most` of them, in the arena.  Those that
 * this machine's board has counted as read most; then, and where nothing is counted yet, those
 * that move and are held most.  *ret_by says what they were ordered by. */
enum rc warm_candidates(struct env *env, size_t most, struct address **ret, size_t *ret_count,
			const char **ret_by);

/* Queues a job for this machine's mapping when it is time.  *at_ns: when the last one was
 * queued (monotonic), or this process began.  map may be NULL. */
enum rc warm_see(const struct warm_options *options, struct env *env, struct cache_map *map,
		 const char *machine, int64_t mono_ns, int64_t *at_ns);

#endif
