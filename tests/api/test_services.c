/* Other machines, by the clock of Redis: their own clocks have no say in who is silent. */
#include "suite.h"
#include <stdio.h>
#include <unistd.h>
#include "../base/tmp.h"
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "model/analytics.h"
#include "model/key.h"

#define MACHINES "such-market:analytics:{counts}:machines"
#define ALERTS                                                                                 \
	"[{\"id\":\"no_lease\",\"type\":\"no_lease\",\"severity\":\"critical\","               \
	"\"resolved\":false,\"machine\":\"other\"}]"

static struct env *env;
static char key[KEY_TEXT];
static struct analytics_options options = { .url = "", .interval_ms = 1000, .budget_ms = 5000 };
static struct analytics analytics;

static void start(void)
{
	world_start();
	live_redis_start();
}

static void stop(void)
{
	live_redis_done();
	world_done();
}

static void begin(void)
{
	static const struct tally_names names;
	const struct redis_options redis = { .url = live_redis_url(), .connect_ms = 5000 };
	const char *error = "";

	analytics_settle(&options, &redis, "such-market");
	tmp_make();
	env = new_env();
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &env->board, &error), RC_OK);
	live_pg_sql("DELETE FROM such_market.api_keys");
	ck_assert_int_eq(key_create(env, "services", ROLE_VIEWER, key), RC_OK);
	env->machine = "here";
	analytics = (struct analytics){ redis_new(&options.redis), &options, &names };
	env->analytics = &analytics;
}

static void end(void)
{
	redis_free(analytics.redis);
	board_close(env->board);
	free_env(env);
	tmp_remove();
}

/* Another machine, whose clock is that much ahead, has written just now. */
static void announce(int64_t ahead_s)
{
	struct arena *arena = arena_new(4096);
	char at[CLOCK_RFC3339_MAX];

	clock_rfc3339(clock_wall_us() + ahead_s * 1000000, at);
	struct str text = arena_printf(arena,
				       "{\"machine\":\"other\",\"at\":\"%s\",\"processes\":[],"
				       "\"dependencies\":{},\"alerts\":" ALERTS "}",
				       at);
	ck_assert_int_eq(analytics_announce(&analytics, arena, "other", text), RC_OK);
	arena_free(arena);
}

/* It was some time ago. */
static void grow_older(int64_t ms)
{
	struct arena *arena = arena_new(4096);
	int64_t at_ms = clock_wall_us() / 1000 - ms;
	const struct str words[] = { STR("ZADD"), STR(MACHINES),
				     arena_printf(arena, "%lld", (long long)at_ms),
				     STR("other") };
	const struct redis_command command = { .word = words, .words = 4 };
	struct redis_reply reply;

	ck_assert_int_eq(redis_run(analytics.redis, arena, &command, 1, &reply), RC_OK);
	ck_assert_int_eq(reply.kind, REDIS_INTEGER);
	arena_free(arena);
}

static void is_shown(const char *status, const char *health)
{
	struct reply r =
		ask(env, &(struct ask){ .path = "/api/services/status", .api_key = key });

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "complete"), "true");
	ck_str(BODY(env, r, "machines.0.machine"), "\"here\"");
	ck_str(BODY(env, r, "machines.1.machine"), "\"other\"");
	ck_str(BODY(env, r, "machines.1.status"), status);
	r = ask(env, &(struct ask){ .path = "/api/admin/cache/metrics", .api_key = key });
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "health.status"), health);
}

START_TEST(test_clocks_of_others)
{
	static const int64_t ahead_s[] = { 0, -12, -86400 * 3, 3600, 86400 * 3 };

	begin();
	for (size_t i = 0; i < sizeof(ahead_s) / sizeof(*ahead_s); i++) {
		announce(ahead_s[i]);
		is_shown("\"ok\"", "\"critical\"");
		grow_older(9000);
		is_shown("\"ok\"", "\"critical\"");
		grow_older(11000);
		is_shown("\"silent\"", "\"healthy\"");
	}
	end();
}
END_TEST

START_TEST(test_forgotten)
{
	begin();
	announce(0);
	grow_older((ANALYTICS_FORGET_S + 1) * INT64_C(1000));
	struct reply r =
		ask(env, &(struct ask){ .path = "/api/services/status", .api_key = key });
	ck_str(BODY(env, r, "complete"), "true");
	ck_str(BODY(env, r, "machines.0.machine"), "\"here\"");
	ck_assert_ptr_null(memmem(r.body.ptr, r.body.len, "other", 5));
	end();
}
END_TEST

SUITE_WITH(start, stop, 60, test_clocks_of_others, test_forgotten)
