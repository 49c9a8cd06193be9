/*
 * The ticker: one process a machine that every second writes what the processes counted to
 * Redis, looks how the dependencies do, raises and resolves alerts, and announces the machine
 * to the others.
 *
 *	struct ticker *ticker = ticker_new(&parts);
 *	while (…) {
 *		ticker_turn(ticker, clock_wall_us(), clock_mono_ns());
 *		… wait for the interval …
 *	}
 *	ticker_flush(ticker, …);
 *
 * Only one may run at a time for a board: the caller sees to that.  What must survive it is in
 * the board's ledger and vitals; it may be killed anywhere.
 */
#ifndef JOBS_TICKER_H
#define JOBS_TICKER_H

#include <stdint.h>
#include "base/rc.h"
#include "model/analytics.h"

struct board;
struct cache;
struct pg;
struct ticker;

/* All borrowed. */
struct ticker_parts {
	const char *machine;
	struct board *board;
	struct analytics analytics; /* redis NULL: counters stay on the machine */
	struct redis *redis;        /* the cache's; NULL: off */
	struct pg *pg;
	const struct cache *cache; /* whose lease is looked at */
	const char *const *role_names;
	size_t role_count;
};

struct ticker *ticker_new(const struct ticker_parts *parts);
void ticker_free(struct ticker *ticker);
void ticker_turn(struct ticker *ticker, int64_t now_us, int64_t mono_ns);
/* Only the counters.  RC_OK: Redis has everything that was counted before mono_ns. */
enum rc ticker_flush(struct ticker *ticker, int64_t now_us, int64_t mono_ns);

#endif
