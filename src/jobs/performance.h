/*
 * The performance test: what the tiers cost, how many users they bear, where they break and how
 * fast they recover; measured on the live tiers, under a prefix of its own, and removed
 * afterwards.  docs/operations.md has its steps, bounds and rules.
 *
 * A job `performance` takes no arguments and leaves the object of performance_write.
 */
#ifndef JOBS_PERFORMANCE_H
#define JOBS_PERFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "jobs/load.h"

struct json;

enum {
	BASIC_DATABASE,
	BASIC_MEMORY,
	BASIC_REDIS,
	BASIC_FORGET,
	BASIC_KINDS
};
#define BASIC_EACH   25 /* 100 operations */
#define LOAD_STEPS   5
#define STRESS_STEPS 4

struct performance {
	bool redis_configured, redis_up, memory, leased, cleaned;
	int64_t connect_ns, ping_ns, database_ns;
	struct load_figures basic[BASIC_KINDS];
	struct load_figures load[LOAD_STEPS];
	struct load_figures stress[STRESS_STEPS];
	int stresses;        /* steps made */
	int breaking;        /* users; 0: it held */
	int64_t recovery_ns; /* -1: not within ten seconds */
};

/* --- judging, by figures alone */

/* The 95th percentile is above 50 ms, or more than 1 % failed, also of users that did nothing.
 */
bool performance_broke(const struct load_figures *f);
/* The users of the first stress step that broke; 0: none did. */
int performance_breaking(const struct performance *p);

/*
 * Whether reads are again what they were before the stress: 20 of them (95th percentile) no
 * slower than twice as slow, or than 1 ms.
 *
 *	recovery_begin(&r, now_ns, p95_before_ns);
 *	while (!recovery_see(&r, p95_ns, now_ns))
 *		…
 *	r.took_ns
 */
#define RECOVERY_MAX_NS INT64_C(10000000000)

struct recovery {
	int64_t start_ns, good_ns;
	int64_t took_ns; /* -1: not within RECOVERY_MAX_NS */
};
void recovery_begin(struct recovery *r, int64_t now_ns, int64_t p95_before_ns);
/* True: it is over, either way. */
bool recovery_see(struct recovery *r, int64_t p95_ns, int64_t now_ns);

/* Members of the object that j is in. */
void performance_write(const struct performance *p, struct json *j);

#endif
