/* The ticker's turns, with a board, Redis and PostgreSQL, and times of the test's own. */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/board.h"
#include "base/scope.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "jobs/ticker.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "net/pg.h"

#define START_US INT64_C(1795273440000000)
#define S        INT64_C(1000000)

static const char *const route_names[] = { "GET /a" };
static const char *const read_names_here[] = { "nft" };
static const struct tally_names names = { route_names, 1, read_names_here, 1 };
static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 5000 };
static struct redis_options redis_here;
static struct analytics_options options = { .url = "", .budget_ms = 5000 };

static char dir[32];
static struct ticker_parts parts;
static struct ticker *ticker;
static struct board_slot *slot;
static int64_t now_us, mono_ns; /* the clock on the wall may be set, the other not */

static void start(void)
{
	live_pg_start();
	live_redis_start();
}

static void stop(void)
{
	live_redis_done();
	live_pg_done();
}

/* A place in a new directory, which goes with unmake_path(). */
static void make_path(const char *name, char ret[64])
{
	snprintf(dir, sizeof(dir), "/tmp/test_ticker.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(ret, 64, "%s/%s", dir, name);
}

static void unmake_path(const char *path)
{
	unlink(path);
	rmdir(dir);
}

static void open_ticker(void)
{
	char path[64];
	const char *why = "";

	make_path("board", path);
	redis_here = (struct redis_options){ .url = live_redis_url(),
					     .connect_ms = 5000,
					     .budget_ms = 5000 };
	analytics_settle(&options, &redis_here, "such-market");
	parts = (struct ticker_parts){ .machine = "test" };
	ck_assert_int_eq(board_open(path, NULL, &parts.board, &why), RC_OK);
	unmake_path(path);
	parts.analytics = (struct analytics){ redis_new(&options.redis), &options, &names };
	parts.redis = redis_new(&redis_here);
	parts.pg = pg_new(&pg_options, live_pg_url());
	parts.cache = cache_new(NULL, NULL, parts.pg);
	slot = board_slot(parts.board, 3);
	slot->role = 0;
	slot->started_us = 1;
	tally_attach(&slot->tally, &slot->top);
	ticker = ticker_new(&parts);
	now_us = START_US;
	mono_ns = 0;
}

static void close_ticker(void)
{
	tally_attach(NULL, NULL);
	ticker_free(ticker);
	cache_free((struct cache *)(uintptr_t)parts.cache);
	redis_free(parts.redis);
	redis_free(parts.analytics.redis);
	pg_free(parts.pg);
	board_close(parts.board);
}

static void turn(int64_t later_us)
{
	now_us += later_us;
	mono_ns += later_us * 1000;
	ticker_turn(ticker, now_us, mono_ns);
}

static void ask(int times, int status, int64_t ms)
{
	for (int i = 0; i < times; i++)
		tally_request(0, status, ms * 1000000);
}

static uint64_t in_redis(struct analytics_counts *counts)
{
	struct arena *arena = arena_new(65536);
	enum rc rc = analytics_read(&parts.analytics, &analytics_ranges[1], now_us, counts);

	arena_free(arena);
	ck_assert_int_eq(rc, RC_OK);
	return counts->sum.requests;
}

static void order_redis(const struct str *words, size_t n)
{
	const struct redis_command command = { .word = words, .words = n };
	struct redis_options here = { .url = live_redis_url(),
				      .connect_ms = 5000,
				      .budget_ms = 5000 };
	struct redis *redis = redis_new(&here);
	struct arena *arena = arena_new(1024);
	struct redis_reply reply;

	ck_assert_int_eq(redis_run(redis, arena, &command, 1, &reply), RC_OK);
	ck_assert_int_ne(reply.kind, REDIS_ERROR);
	arena_free(arena);
	redis_free(redis);
}

static const struct alert_state *alert(enum alert which)
{
	return &board_vitals(parts.board)->alert[which];
}

START_TEST(test_counts_arrive)
{
	static struct analytics_counts counts;
	const struct address x = { { 1 } };

	open_ticker();
	turn(S);
	ask(7, 200, 1);
	for (int i = 0; i < 5; i++)
		tally_collection(&x);
	turn(S);
	ask(2, 503, 1);
	turn(60 * S);
	ck_assert_uint_eq(in_redis(&counts), 9);
	ck_assert_uint_eq(counts.sum.errors, 2);
	ck_assert_uint_eq(counts.point[59].requests, 2);
	ck_assert_uint_eq(counts.point[58].requests, 7);
	ck_assert_uint_eq(counts.tops, 1);
	ck_assert_uint_eq(counts.top[0].count, 5);
	ck_assert_int_gt(board_ledger(parts.board)->clean_ns, 0);
	/* The next ticker of this board goes on. */
	ticker_free(ticker);
	ask(1, 200, 1);
	ticker = ticker_new(&parts);
	turn(S);
	ck_assert_uint_eq(in_redis(&counts), 10);
	close_ticker();
}
END_TEST

/* Killed while it changed an entry, which the next process of the slot begins anew. */
START_TEST(test_top_begun_anew)
{
	static struct analytics_counts counts;
	const struct address x = { { 2 } };

	open_ticker();
	turn(S);
	for (int i = 0; i < 5; i++)
		tally_collection(&x);
	turn(S);
	slot->top.entry[0].generation |= 1;
	tally_collection(&x);
	ask(1, 200, 1);
	turn(S);
	ck_assert_uint_eq(in_redis(&counts), 1);
	ck_assert_uint_eq(counts.tops, 1);
	ck_assert_uint_eq(counts.top[0].count, 6);
	close_ticker();
}
END_TEST

START_TEST(test_dependencies)
{
	struct vitals *v;

	open_ticker();
	v = board_vitals(parts.board);
	turn(S);
	ck_assert(v->postgres.up && v->redis.up && v->analytics.up);
	ck_assert_int_eq(v->at_us, now_us);
	ck_assert_int_eq(v->events.failed, 0);
	live_redis_stop();
	turn(S);
	ck_assert(!v->redis.up && !v->analytics.up && v->postgres.up);
	ck_assert_int_eq(v->redis.since_us, now_us);
	turn(S);
	turn(S);
	ck_assert(alert(ALERT_redis_away)->active && alert(ALERT_analytics_away)->active);
	ck_assert(!alert(ALERT_postgres_away)->active);
	live_redis_resume();
	while (!v->redis.up || !v->analytics.up) /* the breaker's time is the real one */
		turn(1);
	turn(3 * S);
	ck_assert(!alert(ALERT_redis_away)->active && !alert(ALERT_analytics_away)->active);
	ck_assert_int_eq(alert(ALERT_redis_away)->resolved_us, now_us);
	close_ticker();
}
END_TEST

START_TEST(test_postgres_away)
{
	struct vitals *v;

	open_ticker();
	v = board_vitals(parts.board);
	turn(S);
	live_pg_stop();
	turn(S);
	ck_assert(!v->postgres.up && v->redis.up);
	ck_assert_int_eq(v->events.pending, -1);
	ck_assert(!alert(ALERT_postgres_away)->active);
	turn(2 * S);
	ck_assert(alert(ALERT_postgres_away)->active);
	ck_assert_int_eq(alert(ALERT_postgres_away)->since_us, now_us);
	live_pg_resume();
	while (!v->postgres.up) /* its next attempt is at a real time */
		turn(1);
	ck_assert(alert(ALERT_postgres_away)->active);
	turn(3 * S);
	ck_assert(!alert(ALERT_postgres_away)->active);
	ck_assert_int_eq(alert(ALERT_postgres_away)->resolved_us, now_us);
	close_ticker();
}
END_TEST

START_TEST(test_alerts)
{
	open_ticker();
	turn(S);
	ask(100, 500, 2000);
	for (int i = 0; i < 200; i++)
		tally_read(0, TALLY_miss);
	for (int i = 0; i < 70; i++)
		turn(S);
	ck_assert(alert(ALERT_error_rate)->active);
	ck_assert(alert(ALERT_slow_p95)->active);
	ck_assert(alert(ALERT_low_hit_rate)->active);
	ck_assert(!alert(ALERT_postgres_away)->active);
	ask(10000, 200, 1);
	for (int i = 0; i < 1000; i++)
		tally_read(0, TALLY_memory_hit);
	for (int i = 0; i < 70; i++)
		turn(S);
	ck_assert(!alert(ALERT_error_rate)->active);
	ck_assert(!alert(ALERT_slow_p95)->active);
	ck_assert(!alert(ALERT_low_hit_rate)->active);
	ck_assert_int_gt(alert(ALERT_low_hit_rate)->resolved_us,
			 alert(ALERT_low_hit_rate)->since_us);
	close_ticker();
}
END_TEST

/* An interval longer than a step of the window; and a gap as long as the window forgets it. */
START_TEST(test_slow_turns)
{
	open_ticker();
	turn(S);
	ask(100, 500, 2000);
	for (int i = 0; i < 200; i++)
		tally_read(0, TALLY_miss);
	for (int i = 0; i < 8; i++)
		turn(25 * S);
	ck_assert(alert(ALERT_error_rate)->active);
	ck_assert(alert(ALERT_slow_p95)->active);
	ck_assert(alert(ALERT_low_hit_rate)->active);
	turn(300 * S);
	for (int i = 0; i < 4; i++)
		turn(25 * S);
	ck_assert(!alert(ALERT_error_rate)->active);
	ck_assert(!alert(ALERT_slow_p95)->active);
	ck_assert(!alert(ALERT_low_hit_rate)->active);
	close_ticker();
}
END_TEST

/* What was switched off while it was away is missed by nobody. */
START_TEST(test_switched_off)
{
	static const enum alert gone[] = { ALERT_redis_away, ALERT_analytics_away,
					   ALERT_no_lease, ALERT_eviction_policy };
	struct vitals *v;

	open_ticker();
	v = board_vitals(parts.board);
	for (size_t i = 0; i < COUNT_OF(gone); i++)
		v->alert[gone[i]] = (struct alert_state){ .active = 1, .value = 1 };
	struct ticker_parts off = parts;
	off.redis = NULL;
	off.analytics.redis = NULL;
	ticker_free(ticker);
	ticker = ticker_new(&off);
	turn(S);
	turn(5 * S);
	for (size_t i = 0; i < COUNT_OF(gone); i++)
		ck_assert_msg(!alert(gone[i])->active, "%s stays", alert_rows[gone[i]].name);
	close_ticker();
}
END_TEST

/* Few requests are no evidence. */
START_TEST(test_quiet)
{
	open_ticker();
	turn(S);
	ask(5, 500, 60000);
	for (int i = 0; i < 70; i++)
		turn(S);
	ck_assert(!alert(ALERT_error_rate)->active && !alert(ALERT_slow_p95)->active);
	close_ticker();
}
END_TEST

/* A transaction that stays open holds back the horizon; parked events are counted. */
START_TEST(test_horizon_and_events)
{
	struct pg *other = pg_new(&pg_options, live_pg_super_url());
	struct vital_events *e;

	open_ticker();
	e = &board_vitals(parts.board)->events;
	struct pg_result open = pg_exec(other, "BEGIN; SELECT pg_current_xact_id()");
	pg_result_done(&open);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags, failed_at)"
		    " VALUES ('cache_cleared', '{}', now())");
	turn(S);
	turn(20 * S);
	ck_assert_int_ge(e->horizon, 1);
	ck_assert_int_eq(e->horizon_ms, 20000);
	ck_assert_int_eq(e->failed, 1);
	ck_assert(alert(ALERT_parked_events)->active);
	turn(585 * S);
	turn(10 * S);
	ck_assert_int_eq(e->horizon_ms, 615000);
	ck_assert(alert(ALERT_long_transaction)->active);
	ck_assert_double_eq(alert(ALERT_long_transaction)->value, 615000);
	struct pg_result end = pg_exec(other, "ROLLBACK");
	pg_result_done(&end);
	live_pg_sql("DELETE FROM such_market.cache_events WHERE failed_at IS NOT NULL");
	turn(S);
	ck_assert_int_eq(e->horizon_ms, 0);
	ck_assert(!alert(ALERT_parked_events)->active);
	turn(9 * S);
	ck_assert(alert(ALERT_long_transaction)->active);
	turn(S);
	ck_assert(!alert(ALERT_long_transaction)->active);
	pg_free(other);
	close_ticker();
}
END_TEST

/* Nobody has vouched for the copies, somebody does, and does no more. */
START_TEST(test_lease)
{
	const struct cache_options on = { .memory_on = true, .memory_bytes = 1 << 22 };
	struct cache_map *map;
	const char *why = "";
	char path[64];

	open_ticker();
	make_path("cache", path);
	ck_assert_int_eq(cache_map_create(path, 1 << 22, &map, &why), RC_OK);
	unmake_path(path);
	struct cache *cache = cache_new(&on, map, parts.pg);
	struct ticker_parts with = parts;
	with.cache = cache;
	ticker_free(ticker);
	ticker = ticker_new(&with);
	turn(S);
	turn(2 * S);
	ck_assert_msg(!alert(ALERT_no_lease)->active, "after two seconds");
	turn(S);
	ck_assert(alert(ALERT_no_lease)->active);
	map_set_epoch(map, 7);
	map_extend_lease(map, clock_boot_ns() + 3600 * S * 1000);
	turn(S);
	turn(3 * S);
	ck_assert(!alert(ALERT_no_lease)->active);
	map_end_lease(map);
	turn(S);
	turn(3 * S);
	ck_assert(alert(ALERT_no_lease)->active);
	cache_free(cache);
	cache_map_close(map);
	close_ticker();
}
END_TEST

static void set_redis(const char *name, const char *value)
{
	order_redis(
		(const struct str[]){ STR("CONFIG"), STR("SET"), str_of(name), str_of(value) },
		4);
}

/* The policy is asked for once a minute. */
START_TEST(test_eviction_policy)
{
	open_ticker();
	set_redis("maxmemory", "100mb");
	set_redis("maxmemory-policy", "allkeys-lfu");
	turn(S);
	ck_assert(alert(ALERT_eviction_policy)->active);
	set_redis("maxmemory-policy", "volatile-ttl");
	turn(61 * S);
	ck_assert(!alert(ALERT_eviction_policy)->active);
	ck_assert_int_eq(alert(ALERT_eviction_policy)->resolved_us, now_us);
	set_redis("maxmemory-policy", "volatile-lru");
	turn(61 * S);
	ck_assert(alert(ALERT_eviction_policy)->active);
	set_redis("maxmemory", "0"); /* nothing is evicted then */
	turn(61 * S);
	ck_assert(!alert(ALERT_eviction_policy)->active);
	set_redis("maxmemory-policy", "noeviction");
	close_ticker();
}
END_TEST

/* A relay that is heard of no more is the one that events wait for. */
START_TEST(test_no_relay_left)
{
	struct vital_events *e;

	open_ticker();
	e = &board_vitals(parts.board)->events;
	live_pg_sql(
		"INSERT INTO such_market.cache_relays (machine, mapping, epoch, position, "
		"seen_at)"
		" SELECT 'gone', 'm', 'e', pg_current_snapshot(), now() - interval '1 min'");
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags, at)"
		    " VALUES ('cache_cleared', '{}', now() - interval '30 s')");
	turn(S);
	turn(5 * S);
	ck_assert_int_eq(e->pending, 1);
	ck_assert_int_eq(e->processing, 0);
	ck_assert_int_ge(e->oldest_ms, 30000);
	ck_assert(alert(ALERT_old_events)->active);
	live_pg_sql("UPDATE such_market.cache_relays"
		    " SET position = pg_current_snapshot(), seen_at = now()");
	turn(S);
	turn(5 * S);
	ck_assert_int_eq(e->pending, 0);
	ck_assert(!alert(ALERT_old_events)->active);
	live_pg_sql("DELETE FROM such_market.cache_events");
	live_pg_sql("DELETE FROM such_market.cache_relays");
	close_ticker();
}
END_TEST

/* A server that is slow with the outbox is there all the same. */
START_TEST(test_events_unknown)
{
	struct pg *other = pg_new(&pg_options, live_pg_super_url());
	struct vitals *v;

	open_ticker();
	v = board_vitals(parts.board);
	turn(S);
	ck_assert_int_eq(v->events.pending, 0);
	struct pg_result lock = pg_exec(other, "BEGIN; LOCK TABLE such_market.cache_events");
	pg_result_done(&lock);
	turn(S);
	ck_assert_uint_eq(v->postgres.up, 1);
	ck_assert_int_eq(v->postgres.seen_us, now_us);
	ck_assert_int_eq(v->events.pending, -1);
	ck_assert_int_eq(v->events.horizon_ms, -1);
	struct pg_result end = pg_exec(other, "ROLLBACK");
	pg_result_done(&end);
	turn(S);
	ck_assert_uint_eq(v->postgres.up, 1);
	ck_assert_int_eq(v->events.pending, 0);
	pg_free(other);
	close_ticker();
}
END_TEST

START_TEST(test_clock_jumps)
{
	static struct analytics_counts counts;

	open_ticker();
	turn(S);
	ask(3, 200, 1);
	now_us -= 1800 * S;
	turn(S);
	ask(4, 200, 1);
	turn(S);
	ask(5, 200, 1);
	now_us += 1798 * S;
	turn(S);
	ck_assert_uint_eq(in_redis(&counts), 12);
	now_us -= 86400 * 3 * S;
	turn(S); /* nothing to send, and no harm */
	close_ticker();
}
END_TEST

/* What was seen before the clock was set is not forgotten, and time that did not pass holds no
 * alert. */
START_TEST(test_clock_jumps_under_alerts)
{
	open_ticker();
	turn(S);
	ask(100, 500, 1);
	turn(S);
	now_us += 3600 * S;
	turn(S);
	ck_assert(!alert(ALERT_error_rate)->active);
	for (int i = 0; i < 8; i++)
		turn(S);
	now_us -= 7200 * S;
	for (int i = 0; i < 2; i++)
		turn(S);
	ck_assert(alert(ALERT_error_rate)->active);
	ck_assert_int_le(alert(ALERT_error_rate)->since_us, now_us);
	close_ticker();
}
END_TEST

static void fresh(void)
{
	order_redis((const struct str[]){ STR("FLUSHALL") }, 1);
}

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, start, stop);
	tcase_add_checked_fixture(tc, fresh, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_counts_arrive);
	tcase_add_test(tc, test_top_begun_anew);
	tcase_add_test(tc, test_dependencies);
	tcase_add_test(tc, test_postgres_away);
	tcase_add_test(tc, test_alerts);
	tcase_add_test(tc, test_slow_turns);
	tcase_add_test(tc, test_switched_off);
	tcase_add_test(tc, test_quiet);
	tcase_add_test(tc, test_horizon_and_events);
	tcase_add_test(tc, test_lease);
	tcase_add_test(tc, test_eviction_policy);
	tcase_add_test(tc, test_no_relay_left);
	tcase_add_test(tc, test_events_unknown);
	tcase_add_test(tc, test_clock_jumps);
	tcase_add_test(tc, test_clock_jumps_under_alerts);
}

SUITE_OF(add_all)
