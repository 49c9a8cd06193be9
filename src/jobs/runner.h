/*
 * The runner: one process a machine that takes jobs from the database (model/job.h) and runs
 * them, one after the other.
 *
 *	struct runner *runner = runner_new(env, machine, &options, &hooks);
 *	while (…)
 *		wait_until(runner_turn(runner, clock_mono_ns()));
 *
 * A kind of jobs is a row of model/jobs.def and a function:
 *
 *	enum rc job_noun(struct job_run *run)
 *	{
 *		for (…) {
 *			… a step: at most seconds, its memory in run->env->arena …
 *			enum rc rc = job_step(run, done, total, "reading");
 *			if (rc != RC_OK)
 *				return rc;
 *		}
 *		json_…(&run->result, …);
 *		return RC_OK;
 *	}
 *
 * What it returns: RC_OK, done; RC_UNAVAILABLE, RC_TIMEOUT, RC_CONFLICT, tried again later
 *while attempts are left; anything else, failed, with run->error when that is set.  It may be
 *killed at any place, and its kind's attempts say whether it is begun again then.  It logs when
 *a job begins, ends, fails or was lost, and when the list of jobs cannot be read.
 */
#ifndef JOBS_RUNNER_H
#define JOBS_RUNNER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/conf.h"
#include "base/rc.h"
#include "jobs/warm.h"
#include "model/job.h"

struct arena;
struct env;
struct json_object;
struct job_run;
struct runner;

struct runner_options {
	int64_t interval_ms;
	int64_t keep_ms; /* jobs that ended are forgotten later */
	int64_t step_ms; /* of a performance test */
	struct warm_options warm;
};
extern const struct conf_key runner_keys[];

/* What the process around it can do. */
struct runner_hooks {
	/* Until then, or until the process is to leave: returns whether it is. */
	bool (*wait)(void *ctx, int64_t until_mono_ns);
	/* A job begins, or (NULL) has ended: for the title. */
	void (*show)(void *ctx, const struct job *job);
	/* In a child process of a job: handles of its own, without an arena, never closed.
	 * NULL: there are none to be had. */
	struct env *(*connect)(void *ctx);
	void *ctx;
	/* Of each kind; NULL: the ones of model/jobs.def. */
	enum rc (*const *functions)(struct job_run *run);
};

/* All are borrowed.  env->arena is emptied often. */
struct runner *runner_new(struct env *env, const char *machine,
			  const struct runner_options *options,
			  const struct runner_hooks *hooks);
void runner_free(struct runner *runner);
/* Runs one job when there is one, and keeps house.  Returns when to be called again. */
int64_t runner_turn(struct runner *runner, int64_t mono_ns);

/* --- for the functions of kinds ---------------------------------------------------------- */

enum job_stop {
	JOB_GO,
	JOB_STOP_LEAVING, /* the process: it is put back */
	JOB_STOP_ASKED,   /* it is cancelled */
	JOB_STOP_LOST,    /* another runner has it */
	JOB_STOP_LATE     /* it took longer than its kind may */
};

struct job_run {
	struct env *env;     /* its arena is emptied by each step */
	struct arena *arena; /* until the job ends */
	const struct runner_options *options;
	const struct job *job;
	const char *machine;                 /* where it runs */
	const struct json_object *arguments; /* an object */
	struct buf result;                   /* JSON it leaves; empty: none */
	const char *error;                   /* why it failed, for operators; may be NULL */
	enum job_stop stop;                  /* set by job_step */
	struct runner *runner;
	int64_t until_ns, hold_at_ns; /* monotonic */
};

/* Ends a step: what it read is kept by the caches, the lease renewed, the progress told (once a
 * second at most); done and total may both be 0.  Not RC_OK: return it at once. */
enum rc job_step(struct job_run *run, int64_t done, int64_t total, const char *what);
/* The same, and waits; for steps that are to be bounded in rate. */
enum rc job_step_until(struct job_run *run, int64_t done, int64_t total, const char *what,
		       int64_t until_mono_ns);

/* In a child process that the job has forked: see runner_hooks. */
struct env *job_connect(const struct job_run *run);

#define JOB(name, at_once, attempts, seconds, function, help)                                  \
	enum rc function(struct job_run *run);
#include "model/jobs.def"

#endif
