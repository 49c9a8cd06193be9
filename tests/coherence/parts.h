/* The processes of the checker.  Each runs until account->stop. */
#ifndef COHERENCE_PARTS_H
#define COHERENCE_PARTS_H

#include <stdint.h>
#include "coherence/account.h"
#include "coherence/plan.h"
#include "lib/machine.h"

#define CONTRACT "0x00000000000000000000000000000000000000c0"
#define MANY_OF  "0x00000000000000000000000000000000000000c1"  /* what is written in bulk */
#define COUNT_IN "0x00000000000000000000000000000000000000d%d" /* 0 … 3: what is counted */

struct stage {
	struct account *account;
	struct machine machine[MACHINES];
	char key[64]; /* may write */
	int64_t seconds;
	const struct plan *plan;
	bool whole; /* no guard is missing */
};

/* Makes the world at version 0 of everything. */
void stage_fill(void);

void run_reader(struct stage *s, uint32_t seed);
/* Writes the objects first … last by SQL, as somebody else would, about every pause_ms. */
void run_writer(struct stage *s, uint32_t seed, int first, int last, uint32_t pause_ms);
/* Writes MUTE: its event names something else, and everything is cleared instead, in one of
 * three ways. */
enum clearing {
	CLEAR_SQL,    /* by somebody else */
	CLEAR_POISON, /* by an event that cannot be applied */
	CLEAR_HTTP    /* by a machine, which acknowledges it */
};
void write_mute(struct stage *s, uint32_t *seed, enum clearing how);
/* Every other owner object, through the service. */
void run_poster(struct stage *s, uint32_t seed, int which);
void run_nemesis(struct stage *s, uint32_t seed);
/* Looks how late everything is on this computer. */
void run_pulse(struct stage *s);

#endif
