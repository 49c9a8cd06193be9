/* The counters in a real Redis: batches that count once, reading, reset, machines, eviction. */
#include "suite.h"
#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/fake_redis.h"
#include "lib/live_redis.h"
#include "model/analytics.h"

#define NOW_US INT64_C(1795273440000000) /* 2026-11-21T15:04:00Z */
#define MINUTE (NOW_US / US_PER_MINUTE)

static const char *const route_names[] = { "GET /a", "GET /b" };
static const char *const read_names_here[] = { "nft" };
static const struct tally_names names = { route_names, 2, read_names_here, 1 };
static struct analytics_options options = { .url = "", .budget_ms = 5000 };
static struct analytics a;
static struct arena *arena;
static struct analytics_counts counts;

static void open_redis(void)
{
	const struct redis_options cache = { .url = live_redis_url(), .connect_ms = 5000 };

	analytics_settle(&options, &cache, "such-market");
	a = (struct analytics){ redis_new(&options.redis), &options, &names };
	arena = arena_new(65536);
}

static void close_redis(void)
{
	arena_free(arena);
	redis_free(a.redis);
}

static struct redis_reply order(const char *one, const char *two, const char *three,
				const char *four)
{
	const struct str words[] = { str_of(one), str_of(two), str_of(three), str_of(four) };
	struct redis_command command = { .word = words, .words = 2 };
	struct redis_reply reply;

	command.words += three != NULL;
	command.words += four != NULL;
	ck_assert_int_eq(redis_run(a.redis, arena, &command, 1, &reply), RC_OK);
	return reply;
}

static enum rc apply(uint64_t board, uint64_t number, int64_t minute, uint64_t n,
		     int64_t *ret_odd)
{
	struct tally delta = { .requests = n };
	const struct top_row top = { .key = { { 7 } }, .count = n };
	const struct analytics_batch batch = { "host:/run", board, number, minute,
					       &delta,      &top,  1 };

	delta.route[1][TALLY_3XX] = n;
	delta.read[0][TALLY_redis_hit] = n;
	delta.latency.bucket[2] = n;
	return analytics_apply(&a, arena, &batch, ret_odd);
}

static uint64_t total(const char *range)
{
	for (size_t i = 0; i < ANALYTICS_RANGES; i++)
		if (strcmp(analytics_ranges[i].name, range) == 0)
			ck_assert_int_eq(
				analytics_read(&a, &analytics_ranges[i], NOW_US, &counts),
				RC_OK);
	return counts.sum.requests;
}

START_TEST(test_once)
{
	int64_t odd = 7;

	open_redis();
	order("FLUSHALL", "SYNC", NULL, NULL);
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_int_eq(odd, 0);
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_int_eq(apply(1, 3, MINUTE - 2, 2, &odd), RC_OK);
	ck_assert_int_eq(apply(1, 2, MINUTE, 100, &odd), RC_OK);
	ck_assert_int_eq(apply(2, 1, MINUTE, 10, &odd), RC_OK);
	ck_assert_uint_eq(total("5m"), 17);
	ck_assert_uint_eq(counts.points, 5);
	ck_assert_uint_eq(counts.point[4].requests, 15);
	ck_assert_uint_eq(counts.point[2].requests, 2);
	ck_assert_int_eq(counts.point[4].start_us, NOW_US);
	ck_assert_uint_eq(counts.sum.route[1][TALLY_3XX], 17);
	ck_assert_uint_eq(counts.sum.latency.bucket[2], 17);
	ck_assert_uint_eq(analytics_hits(&counts.sum), 17);
	ck_assert_uint_eq(counts.tops, 1);
	ck_assert_uint_eq(counts.top[0].count, 17);
	ck_assert_uint_eq(total("30d"), 17);
	size_t used = arena_used(arena);
	ck_assert_uint_eq(total("24h"), 17);
	ck_assert_uint_eq(arena_used(arena), used);
	ck_assert_uint_eq(counts.points, 25);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

START_TEST(test_names_and_expiry)
{
	static const char *const keys[] = {
		"such-market:analytics:{counts}:2026-11-21T15:04",
		"such-market:analytics:{counts}:2026-11-21",
		"such-market:analytics:{counts}:top:2026-11-21",
		"such-market:analytics:{counts}:batch:host:/run:0000000000000001",
	};
	static const int64_t ttl[] = { ANALYTICS_MINUTE_S, ANALYTICS_DAY_S, ANALYTICS_DAY_S,
				       ANALYTICS_NUMBER_S };
	int64_t odd;

	open_redis();
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_int_eq(order("DBSIZE", "", NULL, NULL).kind, REDIS_ERROR);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct redis_reply left = order("TTL", keys[i], NULL, NULL);

		ck_assert_msg(left.integer > ttl[i] - 60 && left.integer <= ttl[i], "%s: %d",
			      keys[i], (int)left.integer);
	}
	struct redis_reply n = order("HGET", keys[1], "route:GET /b:3xx", NULL);
	ck_assert(str_eqz(n.text, "5"));
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

START_TEST(test_reset)
{
	bool unknown = true;
	int64_t odd;

	open_redis();
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_int_eq(apply(1, 2, MINUTE - 1400, 5, &odd), RC_OK);
	ck_assert_int_eq(apply(1, 3, MINUTE - 1440 * 30, 5, &odd), RC_OK);
	ck_assert_int_eq(analytics_reset(&a, arena, NOW_US, &unknown), RC_OK);
	ck_assert(!unknown);
	ck_assert_uint_eq(total("24h"), 0);
	ck_assert_uint_eq(total("30d"), 0);
	ck_assert_uint_eq(counts.tops, 0);
	ck_assert_int_eq(apply(1, 3, MINUTE, 5, &odd), RC_OK);
	ck_assert_msg(total("1h") == 0, "what was in flight was counted before");
	ck_assert_int_eq(apply(1, 4, MINUTE, 6, &odd), RC_OK);
	ck_assert_uint_eq(total("1h"), 6);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

/* What others put there: it is told, and nothing is tried for ever. */
START_TEST(test_foreign)
{
	int64_t odd = 0;

	open_redis();
	order("SET", "such-market:analytics:{counts}:2026-11-21T15:04", "text", NULL);
	order("HSET", "such-market:analytics:{counts}:2026-11-21", "requests", "many");
	order("SET", "such-market:analytics:{counts}:top:2026-11-21", "text", NULL);
	order("HSET", "such-market:analytics:{counts}:batch:host:/run:0000000000000001", "a",
	      "b");
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_int_eq(odd, 5);
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_OK);
	ck_assert_uint_eq(total("7d"), 0);
	ck_assert_uint_eq(counts.sum.route[1][TALLY_3XX], 5);
	order("DEL", "such-market:analytics:{counts}:2026-11-21T15:04", NULL, NULL);
	order("HSET", "such-market:analytics:{counts}:2026-11-21T15:04", "requests", "-4");
	order("HSET", "such-market:analytics:{counts}:2026-11-21T15:04", "no such", "4");
	ck_assert_uint_eq(total("5m"), 0);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

START_TEST(test_full_batch)
{
	struct tally delta;
	const struct analytics_batch batch = { "m", 9, 1, MINUTE, &delta, NULL, 0 };
	int64_t odd;

	open_redis();
	for (size_t i = 0; i < TALLY_CELLS; i++)
		((uint64_t *)&delta)[i] = i + 1;
	ck_assert_int_eq(analytics_apply(&a, arena, &batch, &odd), RC_OK);
	ck_assert_uint_eq(total("5m"), 1);
	ck_assert_uint_eq(counts.sum.read[0][TALLY_error], delta.read[0][TALLY_error]);
	ck_assert_uint_eq(counts.sum.latency.sum_ns, delta.latency.sum_ns);
	ck_assert_uint_eq(counts.sum.route_ns[TALLY_OTHER], delta.route_ns[TALLY_OTHER]);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

#define MACHINES "such-market:analytics:{counts}:machines"

/* As if "two" had been written so long ago, by the clock of Redis, which is that of here. */
static void grow_older(int64_t ms)
{
	char at[32];

	snprintf(at, sizeof(at), "%lld", (long long)(clock_wall_us() / 1000 - ms));
	ck_assert_int_eq(order("ZADD", MACHINES, at, "two").kind, REDIS_INTEGER);
}

static size_t others_of_one(struct analytics_machine **ret)
{
	size_t n = 77;

	ck_assert_int_eq(analytics_machines(&a, arena, "one", ret, &n), RC_OK);
	return n;
}

START_TEST(test_machines)
{
	struct analytics_machine *others;

	open_redis();
	ck_assert_uint_eq(others_of_one(&others), 0);
	ck_assert_int_eq(analytics_announce(&a, arena, "one", STR("{1}")), RC_OK);
	ck_assert_int_eq(analytics_announce(&a, arena, "two", STR("{2}")), RC_OK);
	ck_assert_uint_eq(others_of_one(&others), 1);
	ck_assert(str_eqz(others[0].text, "{2}"));
	ck_assert_int_ge(others[0].age_ms, 0);
	ck_assert_int_lt(others[0].age_ms, 5000);
	grow_older(11000);
	ck_assert_uint_eq(others_of_one(&others), 1);
	ck_assert_int_ge(others[0].age_ms, 11000);
	ck_assert_int_lt(others[0].age_ms, 20000);
	grow_older((ANALYTICS_FORGET_S + 1) * INT64_C(1000));
	ck_assert_msg(others_of_one(&others) == 0, "it is forgotten after a day");
	ck_assert_int_eq(analytics_announce(&a, arena, "one", STR("{1}")), RC_OK);
	ck_assert_int_eq(order("ZCARD", MACHINES, NULL, NULL).integer, 1);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

/* The clock of Redis itself was set back: nobody is new for as long as that. */
START_TEST(test_machines_ahead)
{
	struct analytics_machine *others;

	open_redis();
	ck_assert_int_eq(analytics_announce(&a, arena, "two", STR("{2}")), RC_OK);
	grow_older(-3600000);
	ck_assert_uint_eq(others_of_one(&others), 1);
	ck_assert_int_eq(others[0].age_ms, 0);
	ck_assert_int_eq(analytics_announce(&a, arena, "one", STR("{1}")), RC_OK);
	ck_assert_uint_eq(others_of_one(&others), 0);
	ck_assert_int_eq(analytics_announce(&a, arena, "two", STR("{2}")), RC_OK);
	ck_assert_uint_eq(others_of_one(&others), 1);
	order("FLUSHALL", "SYNC", NULL, NULL);
	close_redis();
}
END_TEST

static const char *policy_with(const char *maxmemory, const char *policy)
{
	const char *bad = "?";

	order("CONFIG", "SET", "maxmemory", maxmemory);
	order("CONFIG", "SET", "maxmemory-policy", policy);
	ck_assert_int_eq(analytics_policy(&a, arena, &bad), RC_OK);
	return bad;
}

START_TEST(test_policy)
{
	open_redis();
	ck_assert_ptr_null(policy_with("100mb", "noeviction"));
	ck_assert_ptr_null(policy_with("100mb", "volatile-ttl"));
	ck_assert_str_eq(policy_with("100mb", "allkeys-lfu"), "allkeys-lfu");
	ck_assert_ptr_null(policy_with("0", "allkeys-lfu"));
	order("CONFIG", "SET", "maxmemory-policy", "noeviction");
	close_redis();
}
END_TEST

START_TEST(test_away)
{
	int64_t odd = 3;

	open_redis();
	live_redis_stop();
	ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_UNAVAILABLE);
	ck_assert_int_eq(analytics_read(&a, &analytics_ranges[0], NOW_US, &counts),
			 RC_UNAVAILABLE);
	ck_assert_int_eq(odd, 3);
	live_redis_resume();
	close_redis();
}
END_TEST

static void say_text(int fd, const void *ctx)
{
	while (fake_redis_hear(fd) > 0)
		fake_redis_say(fd, ctx, strlen(ctx));
}

/* Only the script's number says that a batch was counted. */
START_TEST(test_no_number)
{
	static const char *const said[] = { "+OK\r\n", "$1\r\n0\r\n", "$-1\r\n", "*0\r\n",
					    "-ERR no\r\n" };

	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct fake_redis fake;
		bool unknown = true;
		int64_t odd = 3;

		fake_redis_start(&fake, say_text, said[i]);
		const struct redis_options cache = { .url = fake.url, .connect_ms = 5000 };
		analytics_settle(&options, &cache, "such-market");
		a = (struct analytics){ redis_new(&options.redis), &options, &names };
		arena = arena_new(65536);
		ck_assert_int_eq(apply(1, 1, MINUTE, 5, &odd), RC_INTERNAL);
		ck_assert_int_eq(odd, 3);
		ck_assert_int_eq(analytics_reset(&a, arena, NOW_US, &unknown), RC_INTERNAL);
		ck_assert(unknown == (said[i][0] != '-')); /* a script is refused as a whole */
		close_redis();
		fake_redis_stop(&fake);
	}
}
END_TEST

SUITE_WITH(live_redis_start, live_redis_done, 60, test_once, test_names_and_expiry, test_reset,
	   test_foreign, test_full_batch, test_machines, test_machines_ahead, test_policy,
	   test_away, test_no_number)
