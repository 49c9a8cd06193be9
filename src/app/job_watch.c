#include "app/job_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "app/command.h"
#include "app/rundir.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/jsonin.h"
#include "jobs/import.h"
#include "model/job.h"
#include "net/pg.h"

#define LOOK_MS     100
#define PATIENCE_NS INT64_C(60000000000) /* for a runner to take it */

bool job_server_runs(const struct config *config)
{
	const struct rundir rundir = { .path = config->app.run_dir };
	pid_t pid = rundir_holder(&rundir);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static void draw(struct import_bar *bar, struct arena *arena, const struct job *job,
		 const char *verb)
{
	struct import_progress progress = { .what = "waiting for the runner" };
	struct json_object *tree;
	const char *why;
	int64_t done = 0, total = 0;

	if (job->state == JOB_RUNNING)
		progress.what = verb;
	if (job->progress.ptr && jsonin_parse(arena, job->progress, 8, &tree, &why) == RC_OK) {
		jsonin_i64(jsonin_get(tree, "done"), &done);
		jsonin_i64(jsonin_get(tree, "total"), &total);
		progress.what = arena_strz(arena, jsonin_str(jsonin_get(tree, "what")));
	}
	if (done >= 0 && total >= 0) {
		progress.done = (uint64_t)done;
		progress.total = (uint64_t)total;
	}
	import_bar_draw(bar, &progress);
}

static int conclude(struct arena *arena, const struct job *job, const struct job_watch *watch)
{
	if (job->state != JOB_DONE)
		return command_fail(watch->word, EXIT_FAILURE, "job %lld %s: " STR_FMT,
				    (long long)job->id, job_state_name(job->state),
				    STR_ARG(job->error));
	if (watch->json && job->result.ptr)
		printf(STR_FMT "\n", STR_ARG(job->result));
	return watch->json ? EXIT_SUCCESS : watch->show(arena, job);
}

static bool has_ended(const struct job *job)
{
	return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

/* A database that is away for a moment is asked again. */
static int look_on(struct pg *pg, struct arena *arena, int64_t id,
		   const struct job_watch *watch)
{
	struct import_bar bar = { .out = stderr };
	bool draws = !watch->json && isatty(STDERR_FILENO);
	int64_t patience_ns = clock_mono_ns() + PATIENCE_NS;

	for (;;) {
		struct job job;
		enum rc rc;

		arena_reset(arena);
		rc = job_read(pg, arena, id, &job);
		if (rc == RC_OK && draws)
			draw(&bar, arena, &job, watch->verb);
		if (rc == RC_OK && has_ended(&job)) {
			import_bar_done(&bar);
			return conclude(arena, &job, watch);
		}
		if (rc == RC_OK && job.state == JOB_RUNNING)
			patience_ns = clock_mono_ns() + PATIENCE_NS;
		if (rc == RC_NOT_FOUND || clock_mono_ns() > patience_ns)
			break;
		poll(NULL, 0, LOOK_MS);
	}
	import_bar_done(&bar);
	return command_fail(watch->word, EXIT_FAILURE,
			    "no runner took job %lld; it waits for one", (long long)id);
}

int job_watch(const struct config *config, const struct job_order *order,
	      const struct job_watch *watch)
{
	struct pg *pg = pg_new(&config->pg, config->pg.url);
	struct arena *arena = arena_new(4096);
	int64_t id;
	int status;

	if (job_enqueue(pg, order, &id, NULL) != RC_OK)
		status = command_fail(watch->word, EXIT_FAILURE, "%s", pg_error(pg));
	else if (watch->no_wait)
		status = printf("%lld\n", (long long)id) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		status = look_on(pg, arena, id, watch);
	arena_free(arena);
	pg_free(pg);
	return status;
}
