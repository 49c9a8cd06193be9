/* The parts of the ticker. */
#ifndef JOBS_TICKER_RUN_H
#define JOBS_TICKER_RUN_H

#include "base/board.h"
#include "jobs/ticker.h"

#define WINDOW_STEPS   30 /* of ten seconds: what alerts look back upon */
#define WINDOW_STEP_NS INT64_C(10000000000)

/* Most-read collections since the last batch, and what the slots said then. */
struct ticker_top {
	struct top_row pending[TOP_KEYS];
	size_t pendings;
	struct top_row sent[TOP_KEYS]; /* in the batch that is open */
	size_t sents;
	uint64_t batch; /* its number; 0: none */
	struct {
		struct top_row row[TOP_KEYS];
		size_t rows;
	} seen[BOARD_SLOTS];
	bool begun;
};

/* Sums of the last five minutes. */
struct ticker_window {
	struct tally at[WINDOW_STEPS];
	int64_t step; /* the last one written */
	int count;    /* steps that were written; 0: none */
};

struct ticker {
	struct ticker_parts parts;
	struct arena *arena; /* of a turn */
	struct tally sums;   /* at the start of the turn */
	struct ticker_top top;
	struct ticker_window window;
	bool evicts; /* Redis may evict counters */
	int64_t policy_at_ns, announce_at_ns;
	bool failing;
	uint64_t xmin; /* of the last look, and since when */
	int64_t xmin_ns;
};

/* ticker_flush.c */
void ticker_top_see(struct ticker *t);
/* ticker_look.c: the dependencies, into the board's vitals. */
void ticker_look(struct ticker *t, int64_t now_us, int64_t mono_ns);
/* ticker_alert.c */
void ticker_alert(struct ticker *t, int64_t now_us, int64_t mono_ns);

#endif
