/* Actions on the counters when the ticker is late, and a report of a Redis that is slow. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/tmp.h"
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/stages.h"
#include "cache/cache.h"
#include "lib/child.h"
#include "lib/fake_redis.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
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

static void make_env(const char *url)
{
	static const struct tally_names names;
	struct redis_options redis = { .connect_ms = 5000, .url = url };
	const char *error = "";

	analytics_settle(&options, &redis, "such-market");
	tmp_make();
	env = new_env();
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &env->board, &error), RC_OK);
	analytics = (struct analytics){ redis_new(&options.redis), &options, &names };
	env->analytics = &analytics;
}

static void make_key(void)
{
	live_pg_sql("DELETE FROM such_market.api_keys");
	ck_assert_int_eq(key_create(env, "analytics", ROLE_OPERATOR, key), RC_OK);
}

static void begin(void (*serve)(int fd, const void *ctx))
{
	fake_redis_start(&fake, serve, NULL);
	make_env(fake.url);
	make_key();
}

static void drop_env(void)
{
	redis_free(analytics.redis);
	board_close(env->board);
	free_env(env);
	tmp_remove();
}

static void end(void)
{
	drop_env();
	fake_redis_stop(&fake);
}

static struct reply act(const char *body)
{
	return ask(env, &(struct ask){ .method = "POST",
				       .path = PATH,
				       .api_key = key,
				       .content_type = "application/json",
				       .body = body });
}

static struct reply reset(void)
{
	return act("{\"action\":\"reset\"}");
}

static void log_is(const char *want)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(
		env->pg, "SELECT string_agg(concat_ws(' ', actor, status, outcome), ', '"
			 " ORDER BY id) FROM such_market.audit_log WHERE method = 'POST'");

	ck_str(pg_str(&row, 0, 0), want);
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
	struct reply r = reset();
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

/* --- a Redis that fails ------------------------------------------------------------------- */

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

START_TEST(test_reset_unknown)
{
	options.interval_ms = 100;
	begin(say_nothing_to_scripts);
	live_pg_sql("DELETE FROM such_market.audit_log");
	struct reply r = reset();
	ck_problem(env, &r, 503, "outcome_unknown");
	log_is("analytics begun, analytics 503 unknown");
	r = ask(env, &(struct ask){ .path = "/api/admin/audit",
				    .query = "outcome=unknown",
				    .api_key = key });
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "audit.0.status"), "503");
	ck_str(BODY(env, r, "audit.0.outcome"), "\"unknown\"");
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
	struct reply r = reset();
	ck_problem(env, &r, 503, "analytics_away");
	kill(fake.pid, SIGKILL);
	r = reset();
	ck_problem(env, &r, 503, "analytics_away");
	ck_assert(memmem(r.body.ptr, r.body.len, "nothing was done", 16));
	end();
}
END_TEST

/* Nobody is waited for who is not there. */
START_TEST(test_away_at_once)
{
	begin(say_one);
	live_pg_sql("DELETE FROM such_market.audit_log");
	kill(fake.pid, SIGKILL);
	int64_t start_ns = clock_mono_ns();
	struct reply r = reset();
	ck_problem(env, &r, 503, "analytics_away");
	r = act("{\"action\":\"save\"}");
	ck_problem(env, &r, 503, "analytics_away");
	ck_assert_int_lt(clock_mono_ns() - start_ns, 2500 * NS_MS);
	log_is("analytics 503 failed, analytics 503 failed");
	end();
}
END_TEST

/* --- what Redis forgot and nobody was told ------------------------------------------------ */

static struct str counters(void)
{
	return analytics_key(&analytics, env->arena, ANALYTICS_KEY_MINUTE,
			     clock_wall_us() / 60000000);
}

static void count_one(void)
{
	struct str line =
		arena_printf(env->arena, "HSET " STR_FMT " field 1", STR_ARG(counters()));

	ck_assert_str_eq(live_redis_say(live_redis_path(), line.ptr), ":1\r\n");
}

static bool are_counted(void)
{
	struct str line = arena_printf(env->arena, "EXISTS " STR_FMT, STR_ARG(counters()));

	return strcmp(live_redis_say(live_redis_path(), line.ptr), ":1\r\n") == 0;
}

/* A worker of the test's own; `points` are where it dies. */
static int reset_apart(const char *points)
{
	int status;
	pid_t pid = child_fork();

	if (pid == 0) {
		struct board *board = env->board;

		setenv("SUCH_MARKET_FP", points, 1);
		env = new_env();
		env->board = board;
		env->analytics = &analytics;
		make_key();
		_exit(reset().status != 200);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(test_row_of_a_reset)
{
	options.interval_ms = 100; /* nobody writes: it is not waited for long */
	live_redis_start();
	make_env(live_redis_url());
	live_pg_sql("DELETE FROM such_market.audit_log");
	count_one();
	ck_assert_int_eq(reset_apart(""), 0);
	ck_assert(!are_counted());
	log_is("analytics begun, analytics 200 done");
#ifdef ENABLE_FAILPOINTS
	live_pg_sql("DELETE FROM such_market.audit_log");
	count_one();
	int status = reset_apart("after_reset:kill");
	ck_assert(WIFSIGNALED(status));
	ck_assert(!are_counted());
	/* Who asked for what is done, and that nobody saw its end. */
	log_is("analytics begun");
#endif
	drop_env();
	live_redis_done();
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_wait, test_slow, test_reset_unknown,
	   test_reset_refused, test_away_at_once, test_row_of_a_reset)
