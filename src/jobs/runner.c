#include "jobs/runner.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/stored.h"
#include "model/env.h"
#include "net/pg.h"

#define NS_PER_MS        INT64_C(1000000)
#define NS_PER_S         (1000 * NS_PER_MS)
#define RECOVER_NS       (5 * NS_PER_S)
#define PRUNE_NS         (60 * NS_PER_S)
#define HOLD_NS          NS_PER_S
#define RETRY_MS         INT64_C(5000) /* doubled by each attempt */
#define RETRY_DOUBLE_MAX 6
#define HANG_S           60 /* beyond its bound a job that takes no step ends its process */
#define ARGUMENTS_DEPTH  16
#define RESULT_MAX       (256 * 1024)
#define ARENA_BLOCK      (64 * 1024)

struct runner {
	struct env *env;
	const char *machine;
	const struct runner_options *options;
	const struct runner_hooks *hooks;
	struct arena *arena; /* of the job that runs */
	bool failing;
	int64_t recover_at_ns, prune_at_ns; /* monotonic */
	int64_t warmed_ns;                  /* or begun; monotonic */
};

const struct conf_key runner_keys[] = {
	{ "runner_interval", CONF_MSEC, offsetof(struct runner_options, interval_ms), "1s",
	  .min = 10, .max = 60000, .reload = true,
	  .help = "how often a machine's runner looks for a job" },
	{ "job_retention", CONF_MSEC, offsetof(struct runner_options, keep_ms), "7d",
	  .min = 60000, .max = INT64_C(31536000000), .reload = true,
	  .help = "how long jobs are listed after their end" },
	{ "performance_step", CONF_MSEC, offsetof(struct runner_options, step_ms), "1s",
	  .min = 20, .max = 10000, .reload = true,
	  .help = "how long a performance test reads with each number of users" },
	{ 0 }
};

static enum rc (*const functions[JOB_KINDS])(struct job_run *run) = {
#define JOB(name, at_once, attempts, seconds, function, help) function,
#include "model/jobs.def"
};

struct runner *runner_new(struct env *env, const char *machine,
			  const struct runner_options *options,
			  const struct runner_hooks *hooks)
{
	struct runner *r = mem_alloc(sizeof(*r));

	*r = (struct runner){ .env = env,
			      .machine = machine,
			      .options = options,
			      .hooks = hooks,
			      .warmed_ns = clock_mono_ns(),
			      .arena = arena_new(ARENA_BLOCK) };
	return r;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	arena_free(r->arena);
	free(r);
}

/* --- steps ------------------------------------------------------------------------------- */

static enum rc stop(struct job_run *run, enum job_stop why)
{
	run->stop = why;
	return RC_CONFLICT;
}

static const char *progress(struct job_run *run, int64_t done, int64_t total, const char *what)
{
	struct buf text;
	struct json j;

	buf_init(&text, run->env->arena, 4096);
	json_init(&j, &text);
	json_object(&j, NULL);
	json_int(&j, "done", done);
	json_int(&j, "total", total);
	json_strz(&j, "what", what);
	json_end(&j);
	buf_addc(&text, '\0');
	return text.ptr;
}

/* A database that is away for a while is none of the job's business as long as the lease
 * holds; whoever takes it after that is found out by the next renewal. */
static enum rc hold(struct job_run *run, int64_t done, int64_t total, const char *what)
{
	bool cancelling = false;
	enum rc rc = job_hold(run->env->pg, run->job, run->machine,
			      progress(run, done, total, what), &cancelling);

	if (rc == RC_CONFLICT)
		return stop(run, JOB_STOP_LOST);
	return cancelling ? stop(run, JOB_STOP_ASKED) : RC_OK;
}

enum rc job_step_until(struct job_run *run, int64_t done, int64_t total, const char *what,
		       int64_t until_mono_ns)
{
	const struct runner_hooks *hooks = run->runner->hooks;

	arena_reset(run->env->arena);
	run->env->now_us = clock_wall_us();
	if (hooks->wait(hooks->ctx, until_mono_ns))
		return stop(run, JOB_STOP_LEAVING);
	int64_t now_ns = clock_mono_ns();
	if (now_ns >= run->until_ns)
		return stop(run, JOB_STOP_LATE);
	if (now_ns < run->hold_at_ns)
		return RC_OK;
	run->hold_at_ns = now_ns + HOLD_NS;
	return hold(run, done, total, what);
}

enum rc job_step(struct job_run *run, int64_t done, int64_t total, const char *what)
{
	return job_step_until(run, done, total, what, 0);
}

struct env *job_connect(const struct job_run *run)
{
	const struct runner_hooks *hooks = run->runner->hooks;

	return hooks->connect ? hooks->connect(hooks->ctx) : NULL;
}

/* --- one job ----------------------------------------------------------------------------- */

static enum rc begin(struct job_run *run)
{
	struct json_object *arguments;
	const char *why;

	if (jsonin_parse(run->arena, run->job->arguments, ARGUMENTS_DEPTH, &arguments, &why) !=
	    RC_OK) {
		run->error = why;
		return RC_INVALID;
	}
	if (jsonin_type(arguments) != JSONIN_OBJECT) {
		run->error = "the arguments are no object";
		return RC_INVALID;
	}
	run->arguments = arguments;
	const struct runner_hooks *hooks = run->runner->hooks;
	return (hooks->functions ? hooks->functions : functions)[run->job->kind](run);
}

static bool is_passing(enum rc rc)
{
	return rc == RC_UNAVAILABLE || rc == RC_TIMEOUT || rc == RC_CONFLICT;
}

static int64_t retry_ms(const struct job *job)
{
	int64_t n = job->attempts - 1;

	return RETRY_MS << (n < RETRY_DOUBLE_MAX ? n : RETRY_DOUBLE_MAX);
}

static const char *result_of(struct job_run *run)
{
	if (run->result.len == 0)
		return NULL;
	buf_addc(&run->result, '\0');
	return buf_failed(&run->result) ? NULL : run->result.ptr;
}

/* Tells the database how it ended. */
static enum rc settle(struct job_run *run, enum rc rc)
{
	struct pg *pg = run->env->pg;
	const struct job *job = run->job;
	const char *error = run->error ? run->error : rc_text(rc);

	switch (run->stop) {
	case JOB_STOP_LOST:
		return RC_CONFLICT;
	case JOB_STOP_LEAVING:
		return job_put_back(pg, job, run->machine, 0, NULL, false);
	case JOB_STOP_ASKED:
		return job_finish(pg, job, run->machine, JOB_CANCELLED, NULL, NULL);
	case JOB_STOP_LATE:
		return job_finish(pg, job, run->machine, JOB_FAILED, NULL, "it took too long");
	case JOB_GO:
		break;
	}
	if (rc == RC_OK)
		return job_finish(pg, job, run->machine, JOB_DONE, result_of(run), NULL);
	if (is_passing(rc) && job->attempts < job->most_attempts)
		return job_put_back(pg, job, run->machine, retry_ms(job), error, true);
	return job_finish(pg, job, run->machine, JOB_FAILED, NULL, error);
}

/* The database may be away just now: for as long as the lease may hold it is asked again, so
 * that what was done is not done twice. */
static enum rc settle_surely(struct job_run *run, enum rc rc)
{
	const struct runner_hooks *hooks = run->runner->hooks;
	int64_t now_ns = clock_mono_ns(), end_ns = now_ns + JOB_LEASE_MS * NS_PER_MS;
	enum rc told = settle(run, rc);

	while ((told == RC_UNAVAILABLE || told == RC_TIMEOUT) && now_ns < end_ns &&
	       !hooks->wait(hooks->ctx, now_ns + NS_PER_S)) {
		told = settle(run, rc);
		now_ns = clock_mono_ns();
	}
	if (told == RC_CONFLICT && run->stop != JOB_STOP_LOST) {
		run->stop = JOB_STOP_ASKED; /* in the last moment; or it is another's */
		told = settle(run, rc);
	}
	if (told == RC_CONFLICT)
		run->stop = JOB_STOP_LOST;
	return told;
}

static const char *ending(const struct job_run *run, enum rc rc)
{
	static const char *const words[] = {
		[JOB_STOP_LEAVING] = "put back: the process leaves",
		[JOB_STOP_ASKED] = "cancelled",
		[JOB_STOP_LOST] = "lost to another runner",
		[JOB_STOP_LATE] = "failed: it took too long",
	};

	if (run->stop != JOB_GO)
		return words[run->stop];
	return rc == RC_OK ? "done" : run->error ? run->error : rc_text(rc);
}

static void tell_end(const struct job_run *run, enum rc rc, enum rc told, int64_t ns)
{
	const struct job *job = run->job;
	bool good = rc == RC_OK || run->stop == JOB_STOP_LEAVING || run->stop == JOB_STOP_ASKED;

	metric_add(good ? COUNTER_jobs_done : COUNTER_jobs_failed, 1);
	log_event(good && told == RC_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "job ended",
		  LOG_FIELDS_(LOG_INT("job", job->id),
			      LOG_STR("kind", str_of(job_kinds[job->kind].name)),
			      LOG_STR("how", str_of(ending(run, rc))),
			      LOG_STR("written", told == RC_OK ? STR("yes") : STR("no")),
			      LOG_INT("milliseconds", ns / NS_PER_MS)));
}

static void run_job(struct runner *r, const struct job *job)
{
	const struct job_kind_row *kind = &job_kinds[job->kind];
	int64_t start_ns = clock_mono_ns();
	struct job_run run = { .env = r->env,
			       .arena = r->arena,
			       .options = r->options,
			       .job = job,
			       .machine = r->machine,
			       .runner = r,
			       .until_ns = start_ns + kind->bound_ms * NS_PER_MS,
			       .hold_at_ns = start_ns + HOLD_NS };

	buf_init(&run.result, r->arena, RESULT_MAX);
	log_info("job begins", LOG_INT("job", job->id), LOG_STR("kind", str_of(kind->name)),
		 LOG_STR("subject", job->subject), LOG_INT("attempt", job->attempts));
	r->hooks->show(r->hooks->ctx, job);
	alarm((unsigned)(kind->bound_ms / 1000) + HANG_S);
	enum rc rc = begin(&run);
	arena_reset(r->env->arena);
	enum rc told = settle_surely(&run, rc);
	alarm(0);
	r->hooks->show(r->hooks->ctx, NULL);
	tell_end(&run, rc, told, clock_mono_ns() - start_ns);
}

/* --- between jobs ------------------------------------------------------------------------ */

static void tell_lost(void *ctx, const struct job *job)
{
	(void)ctx;
	metric_add(COUNTER_jobs_lost, 1);
	log_warn("a job's runner was lost", LOG_INT("job", job->id),
		 LOG_STR("kind", str_of(job_kinds[job->kind].name)),
		 LOG_STR("now", str_of(job_state_name(job->state))));
}

static enum rc keep_house(struct runner *r, int64_t mono_ns)
{
	enum rc rc = RC_OK;

	if (mono_ns >= r->recover_at_ns) {
		rc = job_recover(r->env->pg, r->arena, r->machine, tell_lost, r);
		if (rc == RC_OK)
			r->recover_at_ns = mono_ns + RECOVER_NS;
	}
	if (rc == RC_OK && mono_ns >= r->prune_at_ns) {
		rc = job_prune(r->env->pg, r->options->keep_ms);
		if (rc == RC_OK)
			stored_prune(cache_stored(r->env->cache));
		r->prune_at_ns = mono_ns + PRUNE_NS;
	}
	if (rc == RC_OK)
		rc = warm_see(&r->options->warm, r->env, cache_mapping(r->env->cache),
			      r->machine, mono_ns, &r->warmed_ns);
	return rc;
}

static void judge(struct runner *r, enum rc rc)
{
	bool failing = rc != RC_OK && rc != RC_NOT_FOUND;

	if (failing && !r->failing)
		log_warn("the list of jobs cannot be read",
			 LOG_STR("why", str_of(pg_error(r->env->pg))));
	if (!failing && r->failing)
		log_info("the list of jobs is read again");
	r->failing = failing;
}

int64_t runner_turn(struct runner *r, int64_t mono_ns)
{
	struct job job;

	arena_reset(r->arena);
	arena_reset(r->env->arena);
	enum rc rc = keep_house(r, mono_ns);
	if (rc == RC_OK)
		rc = job_claim(r->env->pg, r->arena, r->machine, &job);
	judge(r, rc);
	if (rc != RC_OK)
		return mono_ns + r->options->interval_ms * NS_PER_MS;
	run_job(r, &job);
	return clock_mono_ns(); /* there may be another one */
}
