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

/* Members of the object that j is in. */
void performance_write(const struct performance *p, struct json *j);

#endif
