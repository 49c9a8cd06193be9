/* Health: live without anything, ready with the database and its schema, detail without
 * secrets. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/scope.h"
#include "../base/tmp.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "lib/live_pg.h"
#include "net/migrate.h"
#include "net/pg.h"
#include "net/redis.h"

static struct env *env;

static void ck_between(struct str number, int64_t least, int64_t most)
{
	char text[32] = "";

	ck_assert_uint_lt(number.len, sizeof(text));
	memcpy(text, number.ptr, number.len);
	ck_assert_int_ge(strtoll(text, NULL, 10), least);
	ck_assert_int_le(strtoll(text, NULL, 10), most);
}

static struct migrate_options schema(const char *dir)
{
	return (struct migrate_options){ .dir = dir, .chain_id = LIVE_PG_CHAIN };
}

START_TEST(test_live_needs_nothing)
{
	env = new_env();
	struct reply r = get(env, "/health/live", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "status"), "\"ok\"");
	ck_str(header(&r, "Cache-Control"), "no-store");
	ck_assert(!pg_connected(env->pg));
	free_env(env);
}
END_TEST

START_TEST(test_ready)
{
	const struct migrate_options fits = schema(live_pg_migrations());
	struct migrate_options other = fits;

	env = new_env();
	struct reply r = get(env, "/health/ready", NULL);
	ck_assert_int_eq(r.status, 200);
	env->migrate = &fits;
	r = get(env, "/health/ready", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "status"), "\"ready\"");
	other.chain_id = 5;
	env->migrate = &other;
	r = get(env, "/health/ready", NULL);
	ck_problem(env, &r, 503, "schema_mismatch");
	ck_assert(header(&r, "Retry-After").len > 0);
	live_pg_stop();
	r = get(env, "/health/ready", NULL);
	ck_problem(env, &r, 503, "database_away");
	r = get(env, "/health/live", NULL);
	ck_assert_int_eq(r.status, 200);
	r = get(env, "/health", NULL);
	ck_assert_int_eq(r.status, 503);
	ck_str(BODY(env, r, "status"), "\"down\"");
	ck_str(BODY(env, r, "checks.postgres.latencyMs"), "null");
	live_pg_resume();
	free_env(env);
}
END_TEST

/* Copies stand in for the database for stale_if_error after the lease, and no longer. */
START_TEST(test_ready_from_copies)
{
	const struct {
		bool memory;
		int64_t stale_ms, lease_ms;
		cache_epoch epoch;
		int status;
	} cases[] = {
		{ true, 60000, 1000, 7, 200 },   { true, 60000, -30000, 7, 200 },
		{ true, 60000, -90000, 7, 503 }, { true, 0, 1000, 7, 503 },
		{ false, 60000, 1000, 7, 503 },  { true, 60000, 1000, 0, 503 },
	};
	const struct cache_options on = { .memory_on = true, .memory_bytes = 1 << 22 };
	struct cache *direct;
	const char *why = "";

	env = new_env();
	direct = env->cache;
	tmp_make();
	live_pg_stop();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_options options = on;
		struct cache_map *map;

		options.memory_on = cases[i].memory;
		options.stale_ms = cases[i].stale_ms;
		ck_assert_int_eq(cache_map_create(tmp_path("cache"), 1 << 22, &map, &why),
				 RC_OK);
		map_set_epoch(map, cases[i].epoch);
		map_extend_lease(map, clock_boot_ns() + cases[i].lease_ms * 1000000);
		env->cache = cache_new(&options, map, env->pg);
		struct reply r = get(env, "/health/ready", NULL);
		ck_assert_msg(r.status == cases[i].status, "case %zu: %d", i, r.status);
		if (r.status == 200)
			ck_str(BODY(env, r, "from"), "\"copies\"");
		cache_free(env->cache);
		cache_map_close(map);
	}
	live_pg_resume();
	tmp_remove();
	env->cache = direct;
	free_env(env);
}
END_TEST

START_TEST(test_detail)
{
	env = new_env();
	env->started_us = env->now_us - 5000000;
	struct reply r = get(env, "/health", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "status"), "\"ok\"");
	ck_str(BODY(env, r, "chainId"), "1");
	ck_between(BODY(env, r, "uptime"), 5000, 8000);
	ck_str(BODY(env, r, "checks.postgres.status"), "\"ok\"");
	ck_assert(strtod(BODY(env, r, "checks.postgres.latencyMs").ptr, NULL) > 0);
	ck_str(BODY(env, r, "checks.postgres.ageMs"), "0");
	ck_str(BODY(env, r, "checks.redis"),
	       "{\"status\":\"off\",\"since\":null,\"latencyMs\":null,\"ageMs\":null}");
	ck_str(BODY(env, r, "checks.replicas"), "[]");
	ck_str(BODY(env, r, "processes"), "null");
	ck_str(BODY(env, r, "alerts"), "[]");
	ck_str(BODY(env, r, "version"), "\"" PACKAGE_VERSION "\"");
	free_env(env);
}
END_TEST

/* What the ticker left on the board: since when, and how old the last answer is. */
START_TEST(test_since_and_age)
{
	char dir[] = "/tmp/test_health.XXXXXX", path[64];
	const char *why = "";
	struct board *board;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/board", dir);
	ck_assert_int_eq(board_open(path, NULL, &board, &why), RC_OK);
	unlink(path);
	rmdir(dir);
	env = new_env();
	env->board = board;
	struct vitals *v = board_vitals(board);
	v->redis = (struct vital){ 1, 0, env->now_us - 7000000, env->now_us - 9000000, 5 };
	v->analytics = (struct vital){ 1, 1, env->now_us, env->now_us - 2000, 1500000 };
	struct reply r = get(env, "/health", NULL);
	ck_between(BODY(env, r, "checks.redis.ageMs"), 9000, 12000);
	ck_assert_ptr_nonnull(BODY(env, r, "checks.redis.since").ptr);
	ck_str(BODY(env, r, "checks.analyticsRedis.status"), "\"ok\"");
	ck_str(BODY(env, r, "checks.analyticsRedis.latencyMs"), "1.5");
	ck_between(BODY(env, r, "checks.analyticsRedis.ageMs"), 2, 3000);
	/* Of the answer, which may come long after the request; and none of what is to come. */
	env->now_us -= 5000000;
	r = get(env, "/health", NULL);
	ck_between(BODY(env, r, "checks.redis.ageMs"), 9000, 12000);
	ck_between(BODY(env, r, "checks.analyticsRedis.ageMs"), 2, 3000);
	v->redis.seen_us = v->analytics.seen_us = clock_wall_us() + 60000000;
	r = get(env, "/health", NULL);
	ck_str(BODY(env, r, "checks.redis.ageMs"), "0");
	ck_str(BODY(env, r, "checks.analyticsRedis.ageMs"), "0");
	ck_str(BODY(env, r, "alerts"), "[]");
	v->alert[ALERT_no_lease] =
		(struct alert_state){ .active = 1, .since_us = 1000, .value = 1 };
	v->alert[ALERT_slow_p95] = (struct alert_state){ .since_us = 1, .resolved_us = 2 };
	r = get(env, "/health", NULL);
	ck_str(BODY(env, r, "alerts"), "[{\"name\":\"no_lease\",\"severity\":\"critical\","
				       "\"since\":\"1970-01-01T00:00:00.001Z\",\"value\":1}]");
	free_env(env);
	board_close(board);
}
END_TEST

START_TEST(test_redis_away)
{
	const struct redis_options options = { .url = "unix:///nonexistent/redis.sock",
					       .connect_ms = 200,
					       .budget_ms = 100 };

	env = new_env();
	env->redis = redis_new(&options);
	struct reply r = get(env, "/health", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "status"), "\"degraded\"");
	ck_str(BODY(env, r, "checks.redis.status"), "\"down\"");
	ck_assert(!memmem(r.body.ptr, r.body.len, "nonexistent", 11));
	redis_free(env->redis);
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_live_needs_nothing, test_ready,
	   test_ready_from_copies, test_detail, test_since_and_age, test_redis_away)
