/* What warming may be asked for: the order of a job `warm` (jobs/warm.h runs it). */
#ifndef MODEL_WARM_ORDER_H
#define MODEL_WARM_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include "base/hex.h"
#include "model/job.h"

struct arena;

#define WARM_TOP_MAX  1000 /* collections */
#define WARM_RATE_MAX 10000

struct warm_order {
	struct address *contract; /* at most WARM_TOP_MAX; room for so many */
	size_t count;             /* 0: what is read most */
	int64_t top, rate;        /* 0: as the settings say */
};

/* Kind, subject and arguments, in the arena: the same order waits once.  The machine is the
 * caller's to say. */
void warm_order_job(const struct warm_order *order, struct arena *arena, struct job_order *ret);

#endif
