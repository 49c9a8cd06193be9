/* Warming: what is read, how fast, in which order, and when by itself. */
#include "suite.h"

#include <stdio.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/top.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/redis_tier.h"
#include "jobs/runner.h"
#include "jobs/warm.h"
#include "lib/await.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "model/env.h"
#include "model/instance.h"
#include "model/job.h"
#include "net/epoch.h"
#include "net/pg.h"
#include "net/redis.h"

#define HERE  "here:/run"
#define READS 6 /* of a collection */
#define NS    INT64_C(1000000000)

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static const struct cache_options cache_options = {
	.memory_on = true,
	.ttl_ms = { 0, 60000, 60000, 60000 },
	.negative_ttl_ms = 60000,
	.pack_above = 1024,
	.redis_prefix = "such-market",
};
static struct runner_options options = { .interval_ms = 1000, .keep_ms = 60000 };
static char path[64];
static struct cache_map *map;
static struct pg *other;
static struct arena *arena;
static struct env env;
static struct runner *runner;
static int64_t first_ns, last_ns; /* that the job waited for */
static int waits;
static struct metric_cells cells;
static int end_lease_after; /* waits; 0: never */

static bool wait_until(void *ctx, int64_t until_mono_ns)
{
	(void)ctx;
	if (waits++ == 0)
		first_ns = until_mono_ns;
	last_ns = until_mono_ns > last_ns ? until_mono_ns : last_ns;
	if (end_lease_after && waits == end_lease_after)
		map_end_lease(map);
	return false;
}

/* No list here has another page. */
static struct str no_cursor(struct arena *in, struct str secret, struct str scope,
			    const struct str *fields, size_t n)
{
	(void)in;
	(void)secret;
	(void)scope;
	(void)fields;
	(void)n;
	return STR_NONE;
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
	live_pg_sql(
		"INSERT INTO such_market.collections (contract_address)"
		" SELECT decode(lpad(n::text, 40, '0'), 'hex') FROM generate_series(1, 5) n;"
		"INSERT INTO such_market.nfts (contract_address, token_id)"
		" SELECT decode(lpad('3', 40, '0'), 'hex'), n FROM generate_series(1, 9) n;"
		"INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		" owner_address, balance) SELECT contract_address, token_id,"
		" decode(lpad(token_id::text, 40, '0'), 'hex'), 1 FROM such_market.nfts");
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
	options.warm = (struct warm_options){ .top = 2, .rate = 100 };
	waits = end_lease_after = 0;
	first_ns = last_ns = 0;
	other = pg_new(&pg_options, live_pg_url());
	arena = arena_new(4096);
	snprintf(path, sizeof(path), "/tmp/test_warm.%d", (int)getpid());
	ck_assert_msg(cache_map_create(path, 16 << 20, &map, &why) == RC_OK, "%s", why);
	env.arena = arena_new(4096);
	env.pg = pg_new(&pg_options, live_pg_url());
	env.cache = cache_new(&cache_options, map, env.pg);
	env.seal = no_cursor;
	instance_attach(&env);
	ck_assert_int_eq(pg_connect(env.pg), RC_OK);
	ck_assert_int_eq(epoch_read(other, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	map_extend_lease(map, INT64_MAX);
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
	cache_map_close(map);
	unlink(path);
}

static int64_t queue(const char *arguments)
{
	const struct job_order order = { .kind = JOB_warm, .arguments = arguments };
	int64_t id = 0;

	ck_assert_int_eq(job_enqueue(other, &order, &id, NULL), RC_OK);
	return id;
}

static struct job warmed(const char *arguments)
{
	int64_t id = queue(arguments);
	struct job job;

	runner_turn(runner, clock_mono_ns());
	ck_assert_int_eq(job_read(other, arena, id, &job), RC_OK);
	return job;
}

static bool told(const struct job *job, const char *text)
{
	return job->result.ptr && memmem(job->result.ptr, job->result.len, text, strlen(text));
}

START_TEST(no_faster_than_its_rate)
{
	struct job job = warmed("{}");

	ck_assert_int_eq(job.state, JOB_DONE);
	ck_assert(told(&job, "\"collections\":2,"));
	ck_assert(told(&job, "\"filled\":13,\"thereAlready\":0"));
	/* The list, and six reads of two collections, each after its hundredth of a second. */
	ck_assert_int_eq(waits, 1 + 2 * READS);
	ck_assert_int_eq(last_ns - first_ns, 2 * READS * NS / 100);
	job = warmed("{\"rate\":10}");
	ck_assert(told(&job, "\"filled\":0,\"thereAlready\":13"));
}
END_TEST

/* What another machine has made comes without a read of the database, and in few questions. */
START_TEST(redis_is_asked_for_many_at_once)
{
	struct redis_options wire = { .connect_ms = 2000,
				      .budget_ms = 2000,
				      .url = live_redis_url() };
	struct redis *redis = redis_new(&wire);
	struct redis_tier *tier = redis_tier_new(&cache_options, map, redis);
	const struct histogram_cells *trips = &cells.histogram[HISTOGRAM_cache_redis_seconds];

	metric_attach(&cells);
	cache_set_redis(env.cache, tier);
	struct job job = warmed("{\"top\":5,\"rate\":10000}");
	ck_assert(told(&job, "\"filled\":31,\"thereAlready\":0,\"prefetched\":0,"));
	/* The list alone, six phases; then the fills, twice if they had to wait. */
	ck_assert_uint_ge(histogram_count(trips), 8);
	ck_assert_uint_lt(histogram_count(trips), 31 / 2);
	memory_clear(map);
	cells = (struct metric_cells){ 0 };
	job = warmed("{\"top\":5,\"rate\":9999}");
	ck_assert(told(&job, "\"filled\":0,\"thereAlready\":31,\"prefetched\":30,"));
	ck_assert_uint_eq(histogram_count(trips), 7);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_redis_hits], 31);
	metric_attach(NULL);
	redis_tier_free(tier);
	redis_free(redis);
}
END_TEST

START_TEST(the_busiest_first)
{
	struct address *found;
	const char *by;
	size_t n = 0;
	char text[ADDRESS_TEXT];

	ck_assert_int_eq(warm_candidates(&env, 3, &found, &n, &by), RC_OK);
	ck_assert_uint_eq(n, 3);
	address_write(&found[0], text);
	ck_assert_str_eq(text, "0x0000000000000000000000000000000000000003");
}
END_TEST

/* What was read comes before what moved; nothing comes twice. */
START_TEST(the_most_read_before)
{
	static const char second[] = "0x0000000000000000000000000000000000000002";
	struct address *found, read;
	char text[ADDRESS_TEXT], file[64];
	const char *by, *why = "";
	size_t n = 0;

	snprintf(file, sizeof(file), "/tmp/test_warm_board.%d", (int)getpid());
	ck_assert_int_eq(board_open(file, NULL, &env.board, &why), RC_OK);
	ck_assert_int_eq(address_read(str_of(second), &read), RC_OK);
	board_slot(env.board, 3)->role = 0;
	board_slot(env.board, 3)->started_us = 1;
	top_add(&board_slot(env.board, 3)->top, &read);
	ck_assert_int_eq(warm_candidates(&env, 5, &found, &n, &by), RC_OK);
	ck_assert_uint_eq(n, 5);
	address_write(&found[0], text);
	ck_assert_str_eq(text, second);
	address_write(&found[1], text);
	ck_assert_str_eq(text, "0x0000000000000000000000000000000000000003");
	for (size_t i = 1; i < n; i++)
		ck_assert(!address_eq(&found[i], &read));
	ck_assert_int_eq(warm_candidates(&env, 1, &found, &n, &by), RC_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert(address_eq(&found[0], &read));
	board_close(env.board);
	env.board = NULL;
	unlink(file);
}
END_TEST

START_TEST(named_ones)
{
	struct job job = warmed("{\"collections\":"
				"[\"0x0000000000000000000000000000000000000001\","
				"\"0x00000000000000000000000000000000000000ff\"]}");

	ck_assert_int_eq(job.state, JOB_DONE);
	ck_assert(told(&job, "\"chosenBy\":\"request\""));
	ck_assert(told(&job, "\"nothingThere\":6,\"failed\":0}"));
}
END_TEST

/* Somebody has locked the tokens: their pages fail, the rest is read. */
START_TEST(what_fails_is_passed_over)
{
	struct pg *pg = pg_new(&pg_options, live_pg_super_url());
	struct job job;

	for (const char *const *sql =
		     (const char *const[]){ "BEGIN", "LOCK TABLE such_market.nfts", NULL };
	     *sql; sql++) {
		SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, *sql);
		ck_assert_int_eq(done.rc, RC_OK);
	}
	job = warmed("{\"collections\":[\"0x0000000000000000000000000000000000000003\"]}");
	pg_free(pg);
	ck_assert_int_eq(job.state, JOB_DONE);
	ck_assert(told(&job, "\"filled\":6,"));
	ck_assert(told(&job, "\"failed\":1}"));
}
END_TEST

START_TEST(bad_arguments)
{
	static const char *const bad[] = { "{\"collections\":[\"0x12\"]}",
					   "{\"collections\":[7]}", "{\"top\":0}",
					   "{\"rate\":\"fast\"}", "{\"top\":1001}" };

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct job job = warmed(bad[i]);

		ck_assert_int_eq(job.state, JOB_FAILED);
		ck_assert_uint_gt(job.error.len, 0);
	}
	ck_assert_int_eq(waits, 0);
}
END_TEST

/* Nothing that is read then would be of use: it is tried again. */
START_TEST(it_stops_without_a_lease)
{
	end_lease_after = 3;
	struct job job = warmed("{}");

	ck_assert_int_eq(waits, 3);
	ck_assert_int_eq(job.state, JOB_QUEUED);
	ck_assert_int_eq(job.attempts, 1);
	ck_assert_uint_gt(job.error.len, 0);
}
END_TEST

static int jobs(void)
{
	struct job *list;
	int count = 0;

	ck_assert_int_eq(job_list(other, arena, JOB_warm, 0, 100, &list, &count), RC_OK);
	return count;
}

static void see(int64_t mono_ns, int64_t *at_ns)
{
	ck_assert_int_eq(warm_see(&options.warm, &env, map, HERE, mono_ns, at_ns), RC_OK);
	live_pg_sql("UPDATE such_market.jobs SET state = 'cancelled',"
		    " finished_at = clock_timestamp() WHERE state = 'queued'");
}

START_TEST(once_for_each_era)
{
	int64_t at_ns = 0;
	uint64_t epoch = map_epoch(map);

	see(NS, &at_ns);
	ck_assert_int_eq(jobs(), 0); /* switched off */
	options.warm.start = true;
	see(NS, &at_ns);
	ck_assert_int_eq(jobs(), 1);
	see(2 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 1);
	map_void(map);
	see(3 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 1); /* not before it is named again */
	map_set_epoch(map, epoch);
	see(4 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 2);
	map_void(map);
	map_set_epoch(map, epoch);
	map_end_lease(map);
	see(5 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 2); /* nor without a lease */
	ck_assert_int_eq(warm_see(&options.warm, &env, NULL, HERE, NS, &at_ns), RC_OK);
}
END_TEST

/* Of those that wait one is enough; one that runs may have passed by what became invalid. */
START_TEST(once_for_what_was_made_invalid)
{
	int64_t at_ns = 0;

	options.warm.start = true;
	see(NS, &at_ns);
	see(NS, &at_ns);
	ck_assert_int_eq(jobs(), 1);
	map_set_cold(map);
	map_set_cold(map);
	see(2 * NS, &at_ns);
	see(2 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 2);
	for (int i = 0; i < 3; i++) {
		map_set_cold(map);
		ck_assert_int_eq(warm_see(&options.warm, &env, map, HERE, NS, &at_ns), RC_OK);
	}
	ck_assert_int_eq(jobs(), 3);
	options.warm.start = false;
	map_set_cold(map);
	see(3 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 3);
}
END_TEST

/* What could not be queued is queued later. */
START_TEST(a_warming_that_cannot_be_queued_is_not_forgotten)
{
	int64_t at_ns = 0;

	options.warm.start = true;
	see(NS, &at_ns);
	map_set_cold(map);
	live_pg_stop();
	ck_assert_int_ne(warm_see(&options.warm, &env, map, HERE, NS, &at_ns), RC_OK);
	live_pg_resume();
	AWAIT(warm_see(&options.warm, &env, map, HERE, NS, &at_ns) == RC_OK);
	ck_assert_int_eq(jobs(), 2);
}
END_TEST

START_TEST(now_and_then)
{
	int64_t at_ns = 10 * NS;

	options.warm.interval_ms = 60000;
	see(69 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 0);
	see(70 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 1);
	see(129 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 1);
	see(130 * NS, &at_ns);
	ck_assert_int_eq(jobs(), 2);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { no_faster_than_its_rate,
				 redis_is_asked_for_many_at_once,
				 the_busiest_first,
				 the_most_read_before,
				 named_ones,
				 what_fails_is_passed_over,
				 bad_arguments,
				 it_stops_without_a_lease,
				 once_for_each_era,
				 once_for_what_was_made_invalid,
				 a_warming_that_cannot_be_queued_is_not_forgotten,
				 now_and_then };

	tcase_add_unchecked_fixture(tc, world, world_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
