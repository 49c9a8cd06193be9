/* For words of the command line that queue a job and look on until its end. */
#ifndef APP_JOB_WATCH_H
#define APP_JOB_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct config;
struct job;
struct job_order;
struct pg;

struct job_watch {
	const char *word; /* of the command line */
	const char *verb; /* beside the bar until the job says more */
	bool no_wait;     /* prints the number of the job, and leaves */
	bool json;        /* prints its result as it is; no bar */
	/* Shows the result of one that is done; the exit status. */
	int (*show)(struct arena *arena, const struct job *job);
};

/* The server of this machine runs. */
bool job_server_runs(const struct config *config);
/* Queues it, and looks on; the exit status.  All has been said. */
int job_watch(const struct config *config, const struct job_order *order,
	      const struct job_watch *watch);

#endif
