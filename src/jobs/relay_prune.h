/*
 * Retention of what relays read: events of the outbox, and requests with an Idempotency-Key.
 * Whichever relay comes first forgets them.  Events go only with transactions that had ended in
 * a position of this relay of PRUNE_NS ago or before, longer than a lease: whoever finds none
 * of a transaction need not raise them (cache_prune).
 */
#ifndef JOBS_RELAY_PRUNE_H
#define JOBS_RELAY_PRUNE_H

#include <stdint.h>
#include "base/buf.h"

struct pg;
struct relay_options;

struct relay_prune {
	struct buf ended; /* that position, terminated; empty: none */
	int64_t at_ns;    /* monotonic: the next turn */
};

void prune_init(struct relay_prune *p);
void prune_release(struct relay_prune *p);
/* Positions of before mean nothing. */
void prune_drop(struct relay_prune *p);
/* Where it is time: a bounded number of rows.  position: of the last poll, terminated.  What
 * fails is tried again at the next turn. */
void prune_on(struct relay_prune *p, struct pg *pg, const struct relay_options *options,
	      struct str position, int64_t mono_ns);

#endif
