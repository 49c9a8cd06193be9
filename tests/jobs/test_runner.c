/* The runner: what becomes of a job by what its function returns, and while it runs. */
#include "suite.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/jsonin.h"
#include "cache/cache.h"
#include "jobs/runner.h"
#include "lib/live_pg.h"
#include "model/env.h"
#include "model/job.h"
#include "net/pg.h"

#define HERE "here:/run"

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static const struct cache_options cache_options;
static const struct runner_options options = { .interval_ms = 1000, .keep_ms = 60000 };
static struct pg *other; /* what the test itself asks with */
static struct arena *arena;
static struct env env;

/* What the process around the runner does. */
static struct {
	bool leave;
	int64_t shown; /* job in the title; 0: none */
	int waits;
} around;

/* What the job does. */
static struct {
	enum rc rc;
	const char *error;
	int steps;
	void (*during)(struct job_run *run);
	int begun;
} plan;

static bool wait_a_moment(void *ctx, int64_t until_mono_ns)
{
	(void)ctx;
	(void)until_mono_ns;
	around.waits++;
	return around.leave;
}

static void show(void *ctx, const struct job *job)
{
	(void)ctx;
	around.shown = job ? job->id : 0;
}

static enum rc act(struct job_run *run)
{
	enum rc rc = RC_OK;

	plan.begun++;
	ck_assert_int_eq(around.shown, run->job->id);
	if (plan.during)
		plan.during(run);
	for (int i = 0; i < plan.steps && rc == RC_OK; i++)
		rc = job_step(run, i + 1, plan.steps, "acting");
	if (rc != RC_OK)
		return rc;
	run->error = plan.error;
	buf_adds(&run->result, STR("{\"n\":1}"));
	return plan.rc;
}

static enum rc (*const functions[JOB_KINDS])(struct job_run *) = { [0 ... JOB_KINDS -
								    1] = act };
static const struct runner_hooks hooks = { .wait = wait_a_moment,
					   .show = show,
					   .functions = functions };
static struct runner *runner;

static void up(void)
{
	live_pg_sql("DELETE FROM such_market.jobs");
	plan.rc = RC_OK;
	plan.error = NULL;
	plan.steps = plan.begun = 0;
	plan.during = NULL;
	around.leave = false;
	other = pg_new(&pg_options, live_pg_url());
	arena = arena_new(4096);
	env.arena = arena_new(4096);
	env.pg = pg_new(&pg_options, live_pg_url());
	env.cache = cache_new(&cache_options, NULL, env.pg);
	runner = runner_new(&env, HERE, &options, &hooks);
}

static void down(void)
{
	runner_free(runner);
	cache_free(env.cache);
	pg_free(env.pg);
	arena_free(env.arena);
	arena_free(arena);
	pg_free(other);
}

static int64_t queue(const char *arguments)
{
	const struct job_order order = { .kind = JOB_warm, .arguments = arguments };
	int64_t id = 0;

	ck_assert_int_eq(job_enqueue(other, &order, &id, NULL), RC_OK);
	return id;
}

static struct job now(int64_t id)
{
	struct job job;

	ck_assert_int_eq(job_read(other, arena, id, &job), RC_OK);
	return job;
}

/* One turn, with a job queued before; what became of it. */
static struct job after(const char *arguments)
{
	int64_t id = queue(arguments), start_ns = clock_mono_ns();

	/* There may be another one: at once. */
	ck_assert_int_le(runner_turn(runner, start_ns), clock_mono_ns());
	ck_assert_int_eq(around.shown, 0);
	return now(id);
}

static bool is(struct str s, const char *z)
{
	return str_eqz(s, z);
}

START_TEST(nothing_to_do)
{
	int64_t start_ns = clock_mono_ns();

	ck_assert_int_eq(runner_turn(runner, start_ns), start_ns + INT64_C(1000000000));
	ck_assert_int_eq(plan.begun, 0);
}
END_TEST

START_TEST(done)
{
	plan.steps = 3;
	struct job job = after("{}");

	ck_assert_int_eq(job.state, JOB_DONE);
	ck_assert(is(job.result, "{\"n\":1}"));
	ck_assert_ptr_null(job.error.ptr);
}
END_TEST

START_TEST(failed_with_its_reason)
{
	plan.rc = RC_INVALID;
	plan.error = "no such file";
	struct job job = after("{}");

	ck_assert_int_eq(job.state, JOB_FAILED);
	ck_assert(is(job.error, "no such file"));
	ck_assert_ptr_null(job.result.ptr);
	plan.error = NULL;
	plan.rc = RC_INTERNAL;
	ck_assert(is(after("{}").error, rc_text(RC_INTERNAL)));
}
END_TEST

START_TEST(what_passes_is_tried_again)
{
	plan.rc = RC_UNAVAILABLE;
	int64_t id = after("{}").id;

	for (int attempt = 1; attempt < job_kinds[JOB_warm].attempts; attempt++) {
		struct job job = now(id);
		ck_assert_int_eq(job.state, JOB_QUEUED);
		ck_assert_int_eq(job.attempts, attempt);
		runner_turn(runner, clock_mono_ns()); /* not yet */
		ck_assert_int_eq(plan.begun, attempt);
		live_pg_sql("UPDATE such_market.jobs SET not_before = clock_timestamp()");
		runner_turn(runner, clock_mono_ns());
		ck_assert_int_eq(plan.begun, attempt + 1);
	}
	ck_assert_int_eq(now(id).state, JOB_FAILED);
}
END_TEST

START_TEST(arguments_must_be_an_object)
{
	ck_assert_int_eq(after("[1]").state, JOB_FAILED);
	ck_assert_int_eq(plan.begun, 0);
}
END_TEST

static void leave(struct job_run *run)
{
	(void)run;
	around.leave = true;
}

START_TEST(a_leaving_process_puts_it_back)
{
	plan.steps = 1;
	plan.during = leave;
	struct job job = after("{}");

	ck_assert_int_eq(job.state, JOB_QUEUED);
	ck_assert_ptr_null(job.error.ptr);
	ck_assert_int_eq(job.most_attempts, job_kinds[JOB_warm].attempts + 1);
}
END_TEST

/* The lease is renewed, and the job looked at, at the next step. */
static void due(struct job_run *run)
{
	run->hold_at_ns = 0;
}

static void cancel(struct job_run *run)
{
	ck_assert_int_eq(job_cancel(other, run->job->id), RC_OK);
	due(run);
}

START_TEST(cancelled)
{
	plan.steps = 5;
	plan.during = cancel;
	ck_assert_int_eq(after("{}").state, JOB_CANCELLED);
}
END_TEST

/* Asked to stop when it leaves, or is to be tried again: it is cancelled, not put back. */
static void cancel_and_leave(struct job_run *run)
{
	ck_assert_int_eq(job_cancel(other, run->job->id), RC_OK);
	around.leave = true;
}

START_TEST(cancelled_while_it_leaves)
{
	plan.steps = 1;
	plan.during = cancel_and_leave;
	ck_assert_int_eq(after("{}").state, JOB_CANCELLED);
}
END_TEST

/* Another machine's runner found it with its lease ended, and has taken it. */
static void lose(struct job_run *run)
{
	struct job job;

	live_pg_sql("UPDATE such_market.jobs SET lease_until = clock_timestamp()");
	ck_assert_int_eq(job_recover(other, arena, "there", NULL, NULL), RC_OK);
	ck_assert_int_eq(job_claim(other, arena, "there", &job), RC_OK);
	due(run);
}

START_TEST(lost_to_another_runner)
{
	plan.steps = 5;
	plan.during = lose;
	struct job job = after("{}");

	ck_assert_int_eq(job.state, JOB_RUNNING);
	ck_assert_int_eq(job.attempts, 2);
	/* The same when it finds out only at its end. */
	live_pg_sql("DELETE FROM such_market.jobs");
	plan.steps = 0;
	ck_assert_int_eq(after("{}").state, JOB_RUNNING);
}
END_TEST

static void spend(struct job_run *run)
{
	run->until_ns = 0;
}

START_TEST(it_took_too_long)
{
	plan.steps = 1;
	plan.during = spend;
	struct job job = after("{}");

	ck_assert_int_eq(job.state, JOB_FAILED);
	ck_assert(is(job.error, "it took too long"));
}
END_TEST

static int64_t told_done(int64_t id)
{
	struct json_object *tree;
	const char *why;
	int64_t n = 0;

	ck_assert_int_eq(jsonin_parse(arena, now(id).progress, 5, &tree, &why), RC_OK);
	ck_assert(jsonin_i64(jsonin_get(tree, "done"), &n));
	ck_assert(is(jsonin_str(jsonin_get(tree, "what")), "acting"));
	return n;
}

START_TEST(progress_is_told)
{
	plan.steps = 2;
	plan.during = due;
	ck_assert_int_eq(told_done(after("{}").id), 1);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { nothing_to_do,
				 done,
				 failed_with_its_reason,
				 what_passes_is_tried_again,
				 arguments_must_be_an_object,
				 a_leaving_process_puts_it_back,
				 cancelled,
				 cancelled_while_it_leaves,
				 lost_to_another_runner,
				 it_took_too_long,
				 progress_is_told };

	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
