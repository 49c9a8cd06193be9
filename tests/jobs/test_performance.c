/* A performance test as a job of a runner, without the crowds: its users find no connections.
 */
#include "suite.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/redis_tier.h"
#include "jobs/performance.h"
#include "jobs/runner.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "model/env.h"
#include "model/job.h"
#include "net/epoch.h"
#include "net/pg.h"
#include "net/redis.h"

#define NS_PER_MS INT64_C(1000000)

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static const struct cache_options cache_options = {
	.memory_on = true,
	.ttl_ms = { 0, 60000, 60000, 60000 },
	.negative_ttl_ms = 60000,
	.pack_above = 1024,
	.redis_prefix = "such-market",
};
static const struct runner_options options = { .interval_ms = 1000,
					       .keep_ms = 60000,
					       .step_ms = 20 };
static struct redis_options wire = { .connect_ms = 2000, .budget_ms = 2000 };
static char path[64];
static struct cache_map *map;
static struct redis_tier *tier;
static struct pg *other;
static struct arena *arena;
static struct env env;
static struct runner *runner;

static bool wait_until(void *ctx, int64_t until_mono_ns)
{
	int64_t left_ms = (until_mono_ns - clock_mono_ns()) / NS_PER_MS;

	(void)ctx;
	if (left_ms > 0)
		poll(NULL, 0, (int)left_ms);
	return false;
}

static void show(void *ctx, const struct job *job)
{
	(void)ctx;
	(void)job;
}

static const struct runner_hooks hooks = { .wait = wait_until, .show = show };

static void world(void)
{
	live_redis_start();
	live_pg_start();
}

static void world_done(void)
{
	live_pg_done();
	live_redis_done();
}

static void up(void)
{
	const char *why = "";
	uint64_t epoch;

	live_pg_sql("DELETE FROM such_market.jobs");
	other = pg_new(&pg_options, live_pg_url());
	arena = arena_new(4096);
	snprintf(path, sizeof(path), "/tmp/test_performance.%d", (int)getpid());
	ck_assert_msg(cache_map_create(path, 16 << 20, &map, &why) == RC_OK, "%s", why);
	env.arena = arena_new(4096);
	env.pg = pg_new(&pg_options, live_pg_url());
	env.cache = cache_new(&cache_options, map, env.pg);
	wire.url = live_redis_url();
	env.redis = redis_new(&wire);
	tier = redis_tier_new(&cache_options, map, env.redis);
	cache_set_redis(env.cache, tier);
	ck_assert_int_eq(epoch_read(other, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	map_extend_lease(map, INT64_MAX);
	runner = runner_new(&env, "here", &options, &hooks);
}

static void down(void)
{
	runner_free(runner);
	cache_free(env.cache);
	redis_tier_free(tier);
	redis_free(env.redis);
	pg_free(env.pg);
	arena_free(env.arena);
	arena_free(arena);
	pg_free(other);
	cache_map_close(map);
	unlink(path);
}

static struct job after_one(void)
{
	const struct job_order order = { .kind = JOB_performance };
	struct job job;
	int64_t id = 0;

	ck_assert_int_eq(job_enqueue(other, &order, &id, NULL), RC_OK);
	runner_turn(runner, clock_mono_ns());
	ck_assert_int_eq(job_read(other, arena, id, &job), RC_OK);
	return job;
}

static bool told(const struct job *job, const char *text)
{
	return job->result.ptr && memmem(job->result.ptr, job->result.len, text, strlen(text));
}

/* Left alone for longer each time: three times is for half a second at least. */
static void trip(void)
{
	int64_t ns;

	live_redis_stop();
	for (int tries = 0; tries < 3; tries += !redis_skipped(env.redis)) {
		ck_assert_int_ne(redis_ping(env.redis, &ns), RC_OK);
		poll(NULL, 0, 5);
	}
	live_redis_resume();
	ck_assert_int_ne(redis_ping(env.redis, &ns), RC_OK);
	ck_assert(redis_skipped(env.redis));
}

/* It was away a moment ago, and is measured all the same. */
START_TEST(redis_is_awaited)
{
	trip();
	struct job job = after_one();
	ck_assert_int_eq(job.state, JOB_DONE);
	ck_assert(told(&job, "\"isConnected\":true"));
	ck_assert(told(&job, "\"bySource\":{\"memory\":0,\"redis\":25,\"database\":0"));
	ck_assert(told(&job, "\"basicTests\":{\"operations\":100,\"failed\":0,"));
}
END_TEST

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, world, world_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, redis_is_awaited);
}

SUITE_OF(add_all)
