/*
 * What a run needs to see that a guard is missing: which windows are widened, how long copies
 * are kept, how much is written, and what befalls whom.  One table, plan.def.
 */
#ifndef COHERENCE_PLAN_H
#define COHERENCE_PLAN_H

#include <stdbool.h>
#include "coherence/account.h"

struct plan {
	const char *mutation;             /* NULL: the protocol as it is */
	const char *failpoints[MACHINES]; /* as SUCH_MARKET_FP */
	const char *kept;                 /* cache_ttl_hot and _warm of both; NULL: as ever */
	enum plan_writes {
		WRITES_BUSY,
		WRITES_SHORT, /* no long transactions, which hold all labels back */
		WRITES_QUIET  /* nor many: the write counter stands still at times */
	} writes;
	int lag_ms;        /* of the standby; 0: as ever */
	const char *fault; /* that shows it: every other one; NULL: anything does */
	bool alone;        /* nothing else happens */
};

/* NULL: nobody has ever planned for such a mutation. */
const struct plan *plan_of(const char *mutation);

#endif
