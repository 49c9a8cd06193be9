/* Actions on the counters when the ticker is late, and a report of a Redis that is slow. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include "../base/tmp.h"
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/stages.h"
#include "cache/cache.h"
#include "lib/fake_redis.h"
#include "lib/live_pg.h"
#include "model/analytics.h"
#include "model/key.h"
#include "net/pg.h"

#define PATH  "/api/admin/cache/metrics"
#define NS_MS INT64_C(1000000)

static struct env *env;
static char key[KEY_TEXT];
static struct analytics_options options = { .url = "",
					    .interval_ms = 60000,
					    .budget_ms = 1000 };
static struct analytics analytics;
static struct fake_redis fake;

static void begin(void (*serve)(int fd, const void *ctx))
{
	static const struct tally_names names;
	struct redis_options redis = { .connect_ms = 5000 };
	const char *error = "";

	fake_redis_start(&fake, serve, NULL);
	redis.url = fake.url;
	analytics_settle(&options, &redis, "such-market");
	tmp_make();
	env = new_env();
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &env->board, &error), RC_OK);
	live_pg_sql("DELETE FROM such_market.api_keys; DELETE FROM such_market.audit_log");
	ck_assert_int_eq(key_create(env, "analytics", ROLE_OPERATOR, key), RC_OK);
	analytics = (struct analytics){ redis_new(&options.redis), &options, &names };
	env->analytics = &analytics;
}

static void end(void)
{
	redis_free(analytics.redis);
	board_close(env->board);
	free_env(env);
	tmp_remove();
	fake_redis_stop(&fake);
}

static void say_one(int fd, const void *ctx)
{
	(void)ctx;
	while (fake_redis_hear(fd) > 0)
		fake_redis_say(fd, ":1\r\n", 4);
}

/* Nobody sends what was counted: the worker that waits for it is free again soon. */
START_TEST(test_wait)
{
	int64_t start_ns = clock_mono_ns();

	begin(say_one);
	stages_begin();
	struct reply r = ask(env, &(struct ask){ .method = "POST",
						 .path = PATH,
						 .api_key = key,
						 .content_type = "application/json",
						 .body = "{\"action\":\"reset\"}" });
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "flushed"), "false");
	ck_assert_int_lt(clock_mono_ns() - start_ns, 8000 * NS_MS);
	ck_assert_int_ge(stages_ns(STAGE_cache),
			 2500 * NS_MS); /* Redis took it, not the gate */
	end();
}
END_TEST

/* Ten empty hashes a round trip, each within its budget. */
static void say_late(int fd, const void *ctx)
{
	static const char empty[] =
		"*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n*0\r\n";

	(void)ctx;
	while (fake_redis_hear(fd) > 0) {
		poll(NULL, 0, 400);
		fake_redis_say(fd, empty, sizeof(empty) - 1);
	}
}

START_TEST(test_slow)
{
	begin(say_late);
	int64_t start_ns = clock_mono_ns();
	struct reply r =
		ask(env, &(struct ask){ .path = PATH, .query = "range=24h", .api_key = key });
	ck_assert_int_eq(r.status, 200);
	ck_assert_int_lt(clock_mono_ns() - start_ns, 5000 * NS_MS);
	ck_str(BODY(env, r, "complete"), "false");
	ck_str(BODY(env, r, "source"), "\"local\"");
	end();
}
END_TEST

/* What was sent and not answered may have been done. */
static void say_nothing_to_scripts(int fd, const void *ctx)
{
	char bytes[65536];
	ssize_t n;

	(void)ctx;
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		if (memmem(bytes, (size_t)n, "PING", 4))
			fake_redis_say(fd, "+PONG\r\n", 7);
}

static struct reply act(const char *action)
{
	struct str body = arena_printf(env->arena, "{\"action\":\"%s\"}", action);

	return ask(env, &(struct ask){ .method = "POST",
				       .path = PATH,
				       .api_key = key,
				       .content_type = "application/json",
				       .body = arena_strz(env->arena, body) });
}

static void log_is(const char *want)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(env->pg, "SELECT string_agg(concat_ws(' ', status, outcome), ', '"
				 " ORDER BY id) FROM such_market.audit_log"
				 " WHERE method = 'POST'");

	ck_str(pg_str(&row, 0, 0), want);
}

START_TEST(test_reset_unknown)
{
	options.interval_ms = 100;
	begin(say_nothing_to_scripts);
	struct reply r = act("reset");
	ck_problem(env, &r, 503, "outcome_unknown");
	log_is("begun, 503 unknown");
	end();
}
END_TEST

/* What was refused, or could not be sent, was not done. */
static void say_loading(int fd, const void *ctx)
{
	static const char loading[] = "-LOADING Redis is loading the dataset in memory\r\n";

	(void)ctx;
	while (fake_redis_hear(fd) > 0)
		fake_redis_say(fd, loading, sizeof(loading) - 1);
}

START_TEST(test_reset_refused)
{
	options.interval_ms = 100;
	begin(say_loading);
	struct reply r = act("reset");
	ck_problem(env, &r, 503, "analytics_away");
	kill(fake.pid, SIGKILL);
	r = act("reset");
	ck_problem(env, &r, 503, "analytics_away");
	ck_assert(memmem(r.body.ptr, r.body.len, "nothing was done", 16));
	end();
}
END_TEST

/* Nobody is waited for who is not there. */
START_TEST(test_away_at_once)
{
	options.interval_ms = 60000;
	begin(say_one);
	kill(fake.pid, SIGKILL);
	int64_t start_ns = clock_mono_ns();
	struct reply r = act("reset");
	ck_problem(env, &r, 503, "analytics_away");
	r = act("save");
	ck_problem(env, &r, 503, "analytics_away");
	ck_assert_int_lt(clock_mono_ns() - start_ns, 2500 * NS_MS);
	log_is("503 failed, 503 failed");
	end();
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_wait, test_slow, test_reset_unknown,
	   test_reset_refused, test_away_at_once)
