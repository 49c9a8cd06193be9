/* Jobs on a real server: who gets which, and what becomes of them. */
#include "suite.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "lib/child.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/job.h"
#include "net/pg.h"

#define HERE  "here:/run"
#define THERE "there:/run"

static struct env *env;

static void up(void)
{
	live_pg_sql("DELETE FROM such_market.jobs");
	env = new_env();
}

static void down(void)
{
	free_env(env);
}

static int64_t queue(const char *subject, const char *machine)
{
	const struct job_order order = { .kind = JOB_warm,
					 .subject = subject,
					 .machine = machine };
	int64_t id = 0;

	ck_assert_int_eq(job_enqueue(env->pg, &order, &id, NULL), RC_OK);
	return id;
}

static struct job read_job(int64_t id)
{
	struct job job;

	ck_assert_int_eq(job_read(env->pg, env->arena, id, &job), RC_OK);
	return job;
}

static struct job claim(const char *machine)
{
	struct job job = { 0 };

	ck_assert_int_eq(job_claim(env->pg, env->arena, machine, &job), RC_OK);
	return job;
}

static bool nothing_for(const char *machine)
{
	struct job job;

	return job_claim(env->pg, env->arena, machine, &job) == RC_NOT_FOUND;
}

static enum rc finish(const struct job *job, enum job_state state)
{
	return job_finish(env->pg, job, HERE, state, "{\"n\":1}", NULL);
}

START_TEST(one_life)
{
	const struct job_order order = { .kind = JOB_warm, .arguments = "{\"top\": 3}" };
	int64_t id;
	bool cancelling = true;

	ck_assert_int_eq(job_enqueue(env->pg, &order, &id, NULL), RC_OK);
	struct job job = read_job(id);
	ck_assert_int_eq(job.state, JOB_QUEUED);
	ck_assert_int_eq(job.attempts, 0);
	ck_str(job.arguments, "{\"top\": 3}");
	ck_assert(job.created_us > 0 && job.started_us == 0);
	job = claim(HERE);
	ck_assert_int_eq(job.id, id);
	ck_assert_int_eq(job.state, JOB_RUNNING);
	ck_assert_int_eq(job.attempts, 1);
	ck_assert_int_eq(job.most_attempts, job_kinds[JOB_warm].attempts);
	ck_assert_int_eq(job_hold(env->pg, &job, HERE, "{\"done\":1}", &cancelling), RC_OK);
	ck_assert(!cancelling);
	ck_str(read_job(id).progress, "{\"done\":1}");
	ck_assert_int_eq(job_hold(env->pg, &job, HERE, NULL, &cancelling), RC_OK);
	ck_str(read_job(id).progress, "{\"done\":1}");
	ck_assert_int_eq(finish(&job, JOB_DONE), RC_OK);
	job = read_job(id);
	ck_assert_int_eq(job.state, JOB_DONE);
	ck_str(job.result, "{\"n\":1}");
	ck_assert(job.started_us > 0 && job.finished_us >= job.started_us);
	/* What has ended stays as it is. */
	ck_assert_int_eq(finish(&job, JOB_FAILED), RC_CONFLICT);
	ck_assert_int_eq(job_hold(env->pg, &job, HERE, NULL, &cancelling), RC_CONFLICT);
	ck_assert_int_eq(job_cancel(env->pg, id), RC_NOT_FOUND);
}
END_TEST

START_TEST(the_same_waits_once)
{
	const struct job_order order = { .kind = JOB_warm, .subject = "x" };
	int64_t first, second;
	bool fresh = false;

	ck_assert_int_eq(job_enqueue(env->pg, &order, &first, &fresh), RC_OK);
	ck_assert(fresh);
	ck_assert_int_eq(job_enqueue(env->pg, &order, &second, &fresh), RC_OK);
	ck_assert(!fresh);
	ck_assert_int_eq(first, second);
	ck_assert_int_ne(queue("y", NULL), first);
	ck_assert_int_ne(queue("x", HERE), first);
	struct job job = claim(HERE);
	ck_assert_int_eq(job.id, first);
	ck_assert_int_ne(queue("x", NULL), first);
}
END_TEST

START_TEST(machines_and_exclusion)
{
	int64_t mine = queue("", HERE), theirs = queue("", THERE);
	int64_t any = queue("1", NULL), other = queue("2", NULL);

	ck_assert(job_kinds[JOB_warm].exclusive);
	struct job first = claim(HERE);
	ck_assert_int_eq(first.id, mine);
	/* Each machine's own ones, and those of nobody, exclude each other apart. */
	ck_assert_int_eq(claim(HERE).id, any);
	ck_assert(nothing_for(HERE));
	ck_assert_int_eq(claim(THERE).id, theirs);
	ck_assert(nothing_for(THERE));
	live_pg_sql("UPDATE such_market.jobs SET exclusive = false");
	ck_assert_int_eq(claim(THERE).id, other);
}
END_TEST

static void count_found(void *ctx, const struct job *job)
{
	int *states = ctx;

	states[job->state]++;
}

static void lose(void)
{
	live_pg_sql(
		"UPDATE such_market.jobs SET lease_until = clock_timestamp() - interval '1s'"
		" WHERE state = 'running'");
}

START_TEST(a_lost_one_is_tried_again_and_then_failed)
{
	int64_t id = queue("", NULL);
	bool cancelling;

	for (int attempt = 1; attempt <= job_kinds[JOB_warm].attempts; attempt++) {
		int found[JOB_STATES] = { 0 };
		bool last = attempt == job_kinds[JOB_warm].attempts;
		struct job job = claim(HERE);

		ck_assert_int_eq(job.id, id);
		ck_assert_int_eq(job.attempts, attempt);
		ck_assert_int_eq(job_recover(env->pg, env->arena, THERE, count_found, found),
				 RC_OK);
		ck_assert_int_eq(read_job(id).state, JOB_RUNNING);
		lose();
		/* Late, but nobody has taken it: it is renewed. */
		ck_assert_int_eq(job_hold(env->pg, &job, HERE, NULL, &cancelling), RC_OK);
		lose();
		ck_assert_int_eq(job_recover(env->pg, env->arena, THERE, count_found, found),
				 RC_OK);
		ck_assert_int_eq(found[last ? JOB_FAILED : JOB_QUEUED], 1);
		ck_assert_int_eq(job_hold(env->pg, &job, HERE, NULL, &cancelling), RC_CONFLICT);
		ck_assert_int_eq(finish(&job, JOB_DONE), RC_CONFLICT);
	}
	ck_assert_int_eq(read_job(id).state, JOB_FAILED);
	ck_str(read_job(id).error, "its runner was lost");
	ck_assert(nothing_for(HERE));
}
END_TEST

/* A process before this one of the same machine has left its job: nobody waits for the lease.
 */
START_TEST(a_dead_process_is_noticed_at_once)
{
	int64_t id = queue("", NULL);
	char sql[160];
	pid_t dead = child_fork();

	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	claim(HERE);
	ck_assert_int_eq(job_recover(env->pg, env->arena, HERE, NULL, NULL), RC_OK);
	ck_assert_int_eq(read_job(id).state, JOB_RUNNING);
	snprintf(sql, sizeof(sql), "UPDATE such_market.jobs SET holder_pid = %d", (int)dead);
	live_pg_sql(sql);
	ck_assert_int_eq(job_recover(env->pg, env->arena, THERE, NULL, NULL), RC_OK);
	ck_assert_int_eq(read_job(id).state, JOB_RUNNING);
	ck_assert_int_eq(job_recover(env->pg, env->arena, HERE, NULL, NULL), RC_OK);
	ck_assert_int_eq(read_job(id).state, JOB_QUEUED);
}
END_TEST

START_TEST(asked_to_stop)
{
	int64_t waits = queue("1", NULL);
	bool cancelling = false;

	ck_assert_int_eq(job_cancel(env->pg, waits), RC_OK);
	ck_assert_int_eq(read_job(waits).state, JOB_CANCELLED);
	ck_assert(nothing_for(HERE));
	int64_t runs = queue("2", NULL);
	struct job job = claim(HERE);
	ck_assert_int_eq(job_cancel(env->pg, runs), RC_OK);
	ck_assert(read_job(runs).cancelling);
	ck_assert_int_eq(job_hold(env->pg, &job, HERE, NULL, &cancelling), RC_OK);
	ck_assert(cancelling);
	ck_assert_int_eq(job_put_back(env->pg, &job, HERE, 0, NULL, true), RC_CONFLICT);
	lose();
	ck_assert_int_eq(job_recover(env->pg, env->arena, HERE, NULL, NULL), RC_OK);
	ck_assert_int_eq(read_job(runs).state, JOB_CANCELLED);
	ck_assert_int_eq(job_cancel(env->pg, 1 << 30), RC_NOT_FOUND);
}
END_TEST

START_TEST(put_back)
{
	int64_t id = queue("", NULL);
	struct job job = claim(HERE);

	ck_assert_int_eq(job_put_back(env->pg, &job, HERE, 3600000, "away", true), RC_OK);
	ck_assert_int_eq(read_job(id).state, JOB_QUEUED);
	ck_str(read_job(id).error, "away");
	ck_assert(nothing_for(HERE));
	live_pg_sql("UPDATE such_market.jobs SET not_before = clock_timestamp()");
	job = claim(HERE);
	ck_assert_int_eq(job.most_attempts, job_kinds[JOB_warm].attempts);
	/* One that was not its fault does not count. */
	ck_assert_int_eq(job_put_back(env->pg, &job, HERE, 0, NULL, false), RC_OK);
	job = claim(THERE);
	ck_assert_int_eq(job.attempts, 3);
	ck_assert_int_eq(job.most_attempts, job_kinds[JOB_warm].attempts + 1);
}
END_TEST

START_TEST(lists_and_forgetting)
{
	struct job *jobs, job;
	int count;

	for (int i = 0; i < 3; i++) {
		queue("", NULL);
		job = claim(HERE);
		ck_assert_int_eq(finish(&job, JOB_DONE), RC_OK);
	}
	int64_t last = queue("", NULL);
	ck_assert_int_eq(job_list(env->pg, env->arena, JOB_warm, 0, 2, &jobs, &count), RC_OK);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(jobs[0].id, last);
	ck_assert_int_eq(job_list(env->pg, env->arena, JOB_warm, jobs[1].id, 10, &jobs, &count),
			 RC_OK);
	ck_assert_int_eq(count, 2);
	live_pg_sql("UPDATE such_market.jobs SET finished_at = finished_at - interval '1 hour'"
		    " WHERE state = 'done'");
	ck_assert_int_eq(job_prune(env->pg, 7200000), RC_OK);
	ck_assert_int_eq(job_read(env->pg, env->arena, jobs[0].id, &job), RC_OK);
	ck_assert_int_eq(job_prune(env->pg, 60000), RC_OK);
	ck_assert_int_eq(job_read(env->pg, env->arena, jobs[0].id, &job), RC_NOT_FOUND);
	ck_assert_int_eq(read_job(last).state, JOB_QUEUED);
}
END_TEST

/* A newer program's kinds are left alone. */
START_TEST(unknown_kinds)
{
	struct job job;

	live_pg_sql("INSERT INTO such_market.jobs (id, kind, exclusive, most_attempts)"
		    " OVERRIDING SYSTEM VALUE VALUES (0, 'nothing_known', false, 1)");
	ck_assert(nothing_for(HERE));
	ck_assert_int_eq(job_read(env->pg, env->arena, 0, &job), RC_NOT_FOUND);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { one_life,
				 the_same_waits_once,
				 machines_and_exclusion,
				 a_lost_one_is_tried_again_and_then_failed,
				 a_dead_process_is_noticed_at_once,
				 asked_to_stop,
				 put_back,
				 lists_and_forgetting,
				 unknown_kinds };

	tcase_add_unchecked_fixture(tc, world_start, world_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
