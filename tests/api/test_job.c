/* What became of work that was queued. */
#include "suite.h"
#include "api/ask.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/key.h"

static struct env *env;
static char operator[KEY_TEXT], viewer[KEY_TEXT];

static void begin(void)
{
	env = new_env();
	live_pg_sql("DELETE FROM such_market.api_keys; DELETE FROM such_market.jobs");
	ck_assert_int_eq(key_create(env, "op", ROLE_OPERATOR, operator), RC_OK);
	ck_assert_int_eq(key_create(env, "view", ROLE_VIEWER, viewer), RC_OK);
}

static struct reply look(struct str path)
{
	return ask(env,
		   &(struct ask){ .path = arena_strz(env->arena, path), .api_key = viewer });
}

START_TEST(test_life)
{
	begin();
	struct reply r = ask(env, &(struct ask){ .method = "POST",
						 .path = "/api/admin/cache/warm",
						 .api_key = operator,
						 .content_type = "application/json",
						 .body = "{\"top\":3}" });
	ck_assert_int_eq(r.status, 202);
	struct str url = header(&r, "Location");
	ck_str(BODY(env, r, "statusUrl"),
	       arena_strz(env->arena,
			  arena_printf(env->arena, "\"%.*s\"", (int)url.len, url.ptr)));
	struct str id = BODY(env, r, "jobId");
	r = look(url);
	ck_assert_int_eq(r.status, 200);
	ck_assert(str_eq(BODY(env, r, "id"), id));
	ck_str(BODY(env, r, "kind"), "\"warm\"");
	ck_str(BODY(env, r, "status"), "\"queued\"");
	ck_str(BODY(env, r, "attempt"), "0");
	ck_str(BODY(env, r, "startedAt"), "null");
	ck_str(BODY(env, r, "result"), "null");
	live_pg_sql("UPDATE such_market.jobs SET state = 'running', attempts = 1, holder = 'x',"
		    " holder_pid = 1, lease_until = now(), started_at = to_timestamp(100),"
		    " progress = '{\"done\":1,\"total\":2,\"what\":\"reading\"}'");
	r = look(url);
	ck_str(BODY(env, r, "status"), "\"running\"");
	ck_str(BODY(env, r, "cancelling"), "false");
	ck_str(BODY(env, r, "progress.total"), "2");
	ck_str(BODY(env, r, "startedAt"), "\"1970-01-01T00:01:40.000Z\"");
	live_pg_sql("UPDATE such_market.jobs SET state = 'done', lease_until = NULL,"
		    " finished_at = to_timestamp(200), result = '{\"filled\":7}'");
	r = look(url);
	ck_str(BODY(env, r, "status"), "\"done\"");
	ck_str(BODY(env, r, "result.filled"), "7");
	ck_str(BODY(env, r, "finishedAt"), "\"1970-01-01T00:03:20.000Z\"");
	ck_str(BODY(env, r, "error"), "null");
	live_pg_sql("UPDATE such_market.jobs SET state = 'failed', result = NULL,"
		    " error = 'no way'");
	r = look(url);
	ck_str(BODY(env, r, "status"), "\"failed\"");
	ck_str(BODY(env, r, "error"), "\"no way\"");
	free_env(env);
}
END_TEST

START_TEST(test_unknown)
{
	begin();
	struct reply r = look(STR("/api/admin/jobs/4711"));
	ck_problem(env, &r, 404, "job_not_found");
	r = look(STR("/api/admin/jobs/-1"));
	ck_problem(env, &r, 400, "invalid_parameter");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_life, test_unknown)
