/* Which test a client is told of, when another one runs, is stopped or was interrupted. */
#include "suite.h"
#include <stdlib.h>
#include "api/ask.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/key.h"

#define PATH "/api/admin/cache/test/performance"

static struct env *env;
static char key[KEY_TEXT];

static void begin(const char *name)
{
	env = new_env();
	ck_assert_int_eq(key_create(env, name, ROLE_OPERATOR, key), RC_OK);
	live_pg_sql("DELETE FROM such_market.jobs");
}

static struct reply post(const char *body)
{
	return ask(env, &(struct ask){ .method = "POST",
				       .path = PATH,
				       .api_key = key,
				       .content_type = "application/json",
				       .body = body });
}

static long run(void)
{
	struct reply r = post("{\"action\":\"run\"}");

	ck_assert_int_eq(r.status, 202);
	return strtol(arena_strz(env->arena, BODY(env, r, "jobId")), NULL, 10);
}

static void states_are(const char *want)
{
	struct reply r = ask(env, &(struct ask){ .path = PATH, .api_key = key });

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "status"), want);
}

#define TAKEN                                                                                  \
	"UPDATE such_market.jobs SET state = 'running', attempts = 1, holder = 'here',"        \
	" holder_pid = 1, lease_until = now() + interval '1 hour', started_at = now()"

START_TEST(test_one_at_a_time)
{
	begin("one");
	long id = run();
	ck_assert_int_eq(run(), id);
	live_pg_sql(TAKEN);
	ck_assert_int_eq(run(), id);
	states_are("\"running\"");
	free_env(env);
}
END_TEST

/* One that was asked to stop measures nothing any more. */
START_TEST(test_after_a_reset)
{
	begin("reset");
	long id = run();
	live_pg_sql(TAKEN);
	ck_assert_int_eq(post("{\"action\":\"reset\"}").status, 200);
	long next = run();
	ck_assert_int_ne(next, id);
	states_are("\"queued\"");
	ck_assert_int_eq(run(), next);
	free_env(env);
}
END_TEST

/* Nor does a second attempt, which only clears away what the first one left. */
START_TEST(test_after_a_kill)
{
	begin("kill");
	long id = run();
	live_pg_sql("UPDATE such_market.jobs SET state = 'queued', attempts = 1");
	long next = run();
	ck_assert_int_ne(next, id);
	ck_assert_int_eq(run(), next);
	live_pg_sql("UPDATE such_market.jobs SET state = 'running', attempts = 2, holder = 'x',"
		    " holder_pid = 1, lease_until = now() + interval '1 hour'"
		    " WHERE attempts = 1");
	ck_assert_int_eq(run(), next);
	/* A reset stops them all. */
	ck_assert_int_eq(post("{\"action\":\"reset\"}").status, 200);
	live_pg_sql("DELETE FROM such_market.jobs WHERE cancelling");
	states_are("\"never_run\"");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_one_at_a_time, test_after_a_reset,
	   test_after_a_kill)
