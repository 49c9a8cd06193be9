/*
 * The database tier, what Redis is spared for, and the limit of fills, through the whole
 * service: a copy in the table serves when memory and Redis have lost theirs and not after a
 * change; what changes more often than it is read stays out of Redis; over the limit is a 503
 * at once.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/tag.h"
#include "lib/await.h"
#include "lib/child.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/stack.h"
#include "net/pg.h"
#include "suite.h"

#define C721  "/api/collection/" FIXTURE_721
#define STATS C721 "/stats"
#define SQL_A "decode(substr('" FIXTURE_721 "', 3), 'hex')"

static struct http *http;

static void start(void)
{
	stack_start_with("cache_database = on\nrunner_interval = 50ms\nworkers = 2\n"
			 "cache_fills = 1\ncache_fill_wait = 20ms\n");
	fixture_import();
}

static void up(void)
{
	http = stack_http();
}

static void down(void)
{
	http_free(http);
}

static bool from(const char *path, const char *detail)
{
	ck_assert_int_eq(http_get(http, path), 200);
	const char *status = http_header(http, "Cache-Status");

	return status && strstr(status, detail);
}

static struct cache_map *mapping(void)
{
	struct cache_map *map = NULL;
	const char *why;

	ck_assert_int_eq(cache_map_attach(stack_mapping(), &map, &why), RC_OK);
	return map;
}

static void lose_memory(void)
{
	struct cache_map *map = mapping();

	memory_clear(map);
	cache_map_close(map);
}

static void lose_memory_and_redis(void)
{
	lose_memory();
	live_redis_stop();
	live_redis_resume();
}

static int64_t metric(const char *name)
{
	char line[128];
	int64_t value = -1;

	http_ask(http, &(struct http_ask){ .path = "/metrics",
					   .headers = { "X-Real-IP: 127.0.0.1" } });
	ck_assert_int_eq(http->status, 200);
	buf_addc(&http->body, '\0');
	int n = snprintf(line, sizeof(line), "\n%s ", name);
	const char *at = strstr(http->body.ptr, line);
	if (at)
		sscanf(at + n, "%" SCNd64, &value);
	return value;
}

START_TEST(a_copy_in_the_table_serves)
{
	static const char *const kept[] = { STATS, C721 "/traits",
					    C721 "/owners/distribution" };

	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	lose_memory_and_redis();
	for (size_t i = 0; i < COUNT_OF(kept); i++) {
		ck_assert_msg(from(kept[i], "detail=stored"), "%s: %s", kept[i],
			      http_header(http, "Cache-Status"));
		ck_assert(from(kept[i], "detail=memory"));
	}
	/* Cheap ones are made. */
	ck_assert(from(C721, "detail=database"));
	/* Redis has it from there, too. */
	lose_memory();
	AWAIT(from(STATS, "detail=redis") || from(STATS, "detail=memory"));
}
END_TEST

START_TEST(not_after_a_change)
{
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	lose_memory_and_redis();
	ck_assert(from(STATS, "detail=stored"));
	int64_t before = http_num(http, "ownerCount");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES (" SQL_A ", 249,"
		    " '\\x00000000000000000000000000000000000000e9', 1)");
	AWAIT(http_get(http, STATS) == 200 && http_num(http, "ownerCount") == before + 1);
	lose_memory_and_redis();
	ck_assert(!from(STATS, "detail=stored"));
	ck_assert_int_eq(http_num(http, "ownerCount"), before + 1);
	/* The runner keeps the new one. */
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	lose_memory_and_redis();
	ck_assert(from(STATS, "detail=stored"));
	ck_assert_int_eq(http_num(http, "ownerCount"), before + 1);
}
END_TEST

START_TEST(everything_is_well_after_a_crash)
{
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	live_pg_crash();
	live_pg_resume();
	AWAIT(http_get(http, STATS) == 200 &&
	      !strstr(http_header(http, "Cache-Status"), "detail=stale"));
	ck_assert(!strstr(http_header(http, "Cache-Status"), "detail=stored"));
	AWAIT(STACK_RUN("warm", "--rate=10000") == 0);
	AWAIT(from(STATS, "detail=memory"));
	ck_assert_int_ge(metric("such_market_cache_stored_hits_total"), 0);
}
END_TEST

/* Each copy is invalidated before anybody asks for it again. */
static void churn(struct cache_map *map, int n)
{
	uint32_t slot = map_slot_of(map, tag_hash(STR("c:" FIXTURE_721)));

	for (int i = 0; i < n; i++) {
		uint64_t gen = map_gen(map, slot);

		live_pg_sql("UPDATE such_market.collections SET name = name || '.'"
			    " WHERE contract_address = " SQL_A);
		AWAIT(map_gen(map, slot) != gen);
		ck_assert_int_eq(http_get(http, C721), 200);
	}
}

#define OF(name) "such_market_cache_redis_" name "{read=\"collection\"}"

START_TEST(what_churns_stays_out_of_redis)
{
	struct cache_map *map = mapping();

	AWAIT(http_get(http, "/health/ready") == 200);
	ck_assert_int_eq(metric(OF("churning")), 0);
	int64_t skipped = metric(OF("unworthy_total"));
	AWAIT((churn(map, 4), metric(OF("churning"))) == 1);
	churn(map, 4);
	ck_assert_int_gt(metric(OF("unworthy_total")), skipped);
	/* Only read from now on, again and again after it was lost: it is worth it again. */
	AWAIT((memory_clear(map), http_get(http, C721), http_get(http, C721),
	       metric(OF("churning"))) == 0);
	cache_map_close(map);
}
END_TEST

/* Of either lane: two processes that cannot be the same. */
_Noreturn static void ask_on(bool slow)
{
	char path[160];

	http = stack_http();
	for (int i = 0;; i++) {
		if (slow)
			snprintf(path, sizeof(path), C721 "/nfts/owned?userAddress=0x%040x", i);
		else
			snprintf(path, sizeof(path), C721 "/nfts/%d", 100 + i % 140);
		http_try(http, &(struct http_ask){ .path = path });
	}
}

static void run(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(pg));
}

/* The table of tokens is locked: who has the only turn waits for the lock, others for the turn.
 */
START_TEST(over_the_limit_is_told_at_once)
{
	static const struct pg_options pg_options = { .connect_ms = 5000,
						      .deadline_ms = 20000 };
	struct pg *pg = pg_new(&pg_options, live_pg_super_url());
	int64_t crowded = metric("such_market_cache_crowded_total");
	bool told = false;
	pid_t pids[2];

	run(pg, "BEGIN; LOCK TABLE such_market.nfts, such_market.nft_ownership");
	for (size_t i = 0; i < COUNT_OF(pids); i++) {
		pids[i] = child_fork();
		if (pids[i] == 0)
			ask_on(i == 1);
	}
	AWAIT(metric("such_market_cache_crowded_total") > crowded);
	AWAIT(told || (told = http_get(http, C721 "/nfts/33") == 503 &&
			      http_header(http, "Retry-After")));
	for (size_t i = 0; i < COUNT_OF(pids); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	run(pg, "ROLLBACK");
	AWAIT(http_get(http, C721 "/nfts/77") == 200);
	pg_free(pg);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { a_copy_in_the_table_serves, not_after_a_change,
				 everything_is_well_after_a_crash,
				 what_churns_stays_out_of_redis,
				 over_the_limit_is_told_at_once };

	tcase_add_unchecked_fixture(tc, start, stack_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
