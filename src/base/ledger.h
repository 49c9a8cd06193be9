/*
 * What of the board's sums is in Redis already, and what is on its way: the part of the board
 * that makes every count arrive exactly once.  One process at a time writes it, the ticker; it
 * may be killed at any instruction and the next one goes on.
 *
 * Sums only grow, so nothing is taken away from a slot.  A mark says how far the sums had come
 * in a minute; a batch is the difference between `base` (what Redis has) and its `target`, and
 * belongs to one minute.  Each cell of a half-written mark is a sum that was true at some
 * moment, and what it lacks comes with the next mark.  A batch is frozen when it is opened and
 * keeps its number until it is acknowledged: whoever applies only numbers above the last one
 * counts it once, however often it is sent.
 *
 *	ledger_mark(l, &sums, minute);
 *	while (ledger_open(l))                    (ledger_open is true again for an open one)
 *		if (send(l->number, l->minute, l->target - l->base))
 *			ledger_close(l);
 *
 * LEDGER_MARKS minutes (or changes of the clock) are told apart; beyond that the oldest two
 * become one: the counts of the older one are added to the younger one's minute.
 */
#ifndef BASE_LEDGER_H
#define BASE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/tally.h"

#define LEDGER_MARKS 128

enum ledger_step {
	LEDGER_IDLE,
	LEDGER_OPEN,  /* a batch is on its way, or was before a crash */
	LEDGER_CLOSED /* it is acknowledged; base is being moved */
};

struct ledger_mark {
	int64_t minute; /* since 1970 */
	struct tally until;
};

struct ledger {
	uint64_t number; /* of the last batch */
	uint64_t step;
	int64_t minute; /* of the last batch */
	struct tally base, target;
	uint64_t first, next; /* marks first … next - 1, each at its number % LEDGER_MARKS */
	struct ledger_mark mark[LEDGER_MARKS];
	/* CLOCK_MONOTONIC: everything counted before it is in Redis.  0: never. */
	int64_t clean_ns;
	uint64_t dropped; /* boundaries between minutes that were given up */
};

/* sums: of all slots, taken now; minute: by the wall clock, whatever it says. */
void ledger_mark(struct ledger *l, const struct tally *sums, int64_t minute);
/* A batch to send: false when Redis has everything that was marked. */
bool ledger_open(struct ledger *l);
/* It was acknowledged. */
void ledger_close(struct ledger *l);
/* What is not known to be in Redis. */
void ledger_pending(const struct ledger *l, const struct tally *sums, struct tally *ret);
/* a - b, cell by cell; 0 where b is more: what a damaged ledger says is no count. */
void tally_difference(const struct tally *a, const struct tally *b, struct tally *ret);

#endif
