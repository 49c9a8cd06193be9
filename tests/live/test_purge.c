/* Two machines over one database and one Redis: what is written or cleared on one is seen on
 * the other, at once when Redis tells it; the event queue; a restart with a warm Redis. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "lib/await.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"
#include "net/pg.h"
#include "suite.h"

#define A         "0x00000000000000000000000000000000000000d1"
#define C         "/api/collection/" A
#define OTHER     "/api/collection/0x00000000000000000000000000000000000000d2"
#define HOLDER(n) "0x000000000000000000000000000000000000000" #n
#define ROUNDS    15
#define MACHINES  2

static struct machine machine[MACHINES];
static struct http *http[MACHINES];
static char key[128];

static const char fill[] =
	"INSERT INTO such_market.collections (contract_address, name, token_type)"
	" VALUES ('\\x00000000000000000000000000000000000000d1', 'Dots', 'ERC721'),"
	" ('\\x00000000000000000000000000000000000000d2', 'Others', 'ERC721');"
	"INSERT INTO such_market.nfts (contract_address, token_id, name)"
	" SELECT '\\x00000000000000000000000000000000000000d1', n, 'Dot ' || n"
	" FROM generate_series(0, 9) AS n;"
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT '\\x00000000000000000000000000000000000000d1', n,"
	" '\\x0000000000000000000000000000000000000001', 1 FROM generate_series(0, 9) AS n";

static void make_key(void)
{
	static const char *const words[] = { "key",    "create", "--role", "operator",
					     "--name", "op",     NULL };
	struct buf said;

	ck_assert_int_eq(machine_run(&machine[0], words), 0);
	buf_init(&said, NULL, BUF_NO_MAX);
	machine_read_file(machine[0].output, &said);
	const char *at = strstr(said.ptr, "sm_");
	ck_assert_ptr_nonnull(at);
	snprintf(key, sizeof(key), "X-API-Key: %.46s", at);
	buf_release(&said);
}

/* Polls alone would take half a second on average. */
static void start(void)
{
	live_pg_start();
	live_redis_start();
	live_pg_sql(fill);
	for (int i = 0; i < MACHINES; i++)
		machine_start(&machine[i], "workers = 1\nslow_workers = 1\nwarm_start = off\n"
					   "relay_interval = 1s\n");
	make_key();
}

static void done(void)
{
	for (int i = 0; i < MACHINES; i++)
		machine_done(&machine[i]);
	live_redis_done();
	live_pg_done();
}

static void up(void)
{
	for (int i = 0; i < MACHINES; i++)
		http[i] = machine_http(&machine[i]);
}

static void down(void)
{
	for (int i = 0; i < MACHINES; i++)
		http_free(http[i]);
}

static bool from(int m, const char *path, const char *detail)
{
	const char *status;

	ck_assert_int_eq(http_get(http[m], path), 200);
	status = http_header(http[m], "Cache-Status");
	return status && strstr(status, detail);
}

static void keep_everywhere(const char *path)
{
	for (int m = 0; m < MACHINES; m++)
		AWAIT(from(m, path, "detail=memory"));
}

static int post(int m, const char *path, const char *body)
{
	return http_ask(
		http[m],
		&(struct http_ask){ .method = "POST",
				    .path = path,
				    .body = str_of(body),
				    .headers = { key, "Content-Type: application/json" } });
}

static int get_as(int m, const char *path)
{
	return http_ask(http[m], &(struct http_ask){ .path = path, .headers = { key } });
}

static int64_t number(const char *sql)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 10000 };
	struct pg *pg = pg_new(&options, live_pg_super_url());
	struct pg_result row = pg_exec(pg, sql);

	ck_assert_msg(row.rc == RC_OK && row.count == 1, "%s: %s", sql, pg_error(pg));
	int64_t n = pg_i64(&row, 0, 0);
	pg_result_done(&row);
	pg_free(pg);
	return n;
}

static bool job_is_done(int64_t id)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM such_market.jobs WHERE id = %ld AND state = 'done'",
		 (long)id);
	return number(sql) == 1;
}

/* --- seen elsewhere ------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Relays poll once a second here: what is seen sooner was told by Redis. */
START_TEST(test_redis_tells_the_other_machine)
{
	int64_t took_ns[ROUNDS];
	char body[512];

	up();
	keep_everywhere(C "/nfts/0/owner");
	for (int i = 0; i < ROUNDS; i++) {
		const char *to = i % 2 ? HOLDER(1) : HOLDER(2);

		snprintf(body, sizeof(body),
			 "[{\"from\":\"%s\",\"to\":\"%s\",\"tokenId\":\"0\","
			 "\"transactionHash\":\"0x%064x\",\"logIndex\":%d}]",
			 i % 2 ? HOLDER(2) : HOLDER(1), to, 0xd07, i);
		ck_assert_int_eq(post(0, C "/transfers", body), 200);
		int64_t start_ns = clock_mono_ns();
		AWAIT(http_get(http[1], C "/nfts/0/owner") == 200 &&
		      !strcmp(http_text(http[1], "owner"), to));
		took_ns[i] = clock_mono_ns() - start_ns;
		keep_everywhere(C "/nfts/0/owner");
	}
	qsort(took_ns, ROUNDS, sizeof(took_ns[0]), compare);
	ck_assert_msg(took_ns[ROUNDS / 2] < 200000000, "seen after %.1f ms",
		      (double)took_ns[ROUNDS / 2] / 1e6);
	down();
}
END_TEST

/* The relay's next poll may be a second away: the word has told the mapping. */
START_TEST(test_an_import_is_seen_at_once)
{
	static const char meta[] = "{\"contract\":\"" A "\",\"name\":\"Dots\",\"symbol\":\"D\","
				   "\"standard\":\"ERC721\"}\n";
	char path[2][600], line[128], want[32];

	up();
	for (int i = 0; i < 2; i++)
		snprintf(path[i], sizeof(path[i]), "%s/import.%d", machine[0].market.dir, i);
	machine_write_file(path[0], meta);
	for (int i = 0; i < 3; i++) {
		const char *const words[] = { "import", "--collection", path[0],
					      "--nfts", path[1],        NULL };

		keep_everywhere(C "/nfts/8");
		snprintf(want, sizeof(want), "Import %d", i);
		snprintf(line, sizeof(line), "{\"tokenId\":\"8\",\"name\":\"%s\"}\n", want);
		machine_write_file(path[1], line);
		ck_assert_int_eq(machine_run(&machine[0], words), 0);
		ck_assert_int_eq(http_get(http[0], C "/nfts/8"), 200);
		ck_assert_str_eq(http_text(http[0], "name"), want);
	}
	down();
}
END_TEST

/* --- clearing ------------------------------------------------------------------------------
 */

START_TEST(test_everything_is_cleared_everywhere)
{
	up();
	keep_everywhere(C "/nfts/1");
	ck_assert_int_eq(post(0, "/api/admin/cache/clear", "{\"pattern\":\"such-market:*\"}"),
			 200);
	ck_assert_str_eq(http_text(http[0], "method"), "epoch");
	ck_assert_str_eq(http_text(http[0], "redis"), "told");
	ck_assert(from(0, C "/nfts/1", "detail=database"));
	AWAIT(!from(1, C "/nfts/1", "detail=memory"));
	keep_everywhere(C "/nfts/1");
	down();
}
END_TEST

START_TEST(test_one_key_is_invalid_everywhere)
{
	up();
	keep_everywhere(C "/nfts/3");
	keep_everywhere(C "/nfts/4");
	ck_assert_int_eq(
		post(1, "/api/cache/invalidate", "{\"keys\":[\"such-market:nfts:{" A "}:3\"]}"),
		200);
	ck_assert_int_eq(http_num(http[1], "cleared"), 1);
	ck_assert(from(1, C "/nfts/3", "detail=database"));
	AWAIT(!from(0, C "/nfts/3", "detail=memory"));
	for (int m = 0; m < MACHINES; m++)
		ck_assert(from(m, C "/nfts/4", "detail=memory"));
	down();
}
END_TEST

/* Nobody looks through all keys for it, neither at once nor in a job. */
START_TEST(test_one_collection)
{
	const char *redis = live_redis_path();
	int64_t jobs;

	up();
	keep_everywhere(C "/stats");
	keep_everywhere(OTHER);
	ck_assert_str_eq(live_redis_say(redis,
					"EVAL \"for i = 1, 20000 do redis.call('SET', "
					"'such-market:nfts:{' .. i .. '}:1', 'x', 'EX', 60) "
					"end return 1\" 0"),
			 ":1\r\n");
	ck_assert_str_eq(live_redis_say(redis, "CONFIG RESETSTAT"), "+OK\r\n");
	jobs = number("SELECT count(*) FROM such_market.jobs");
	ck_assert_int_eq(post(0, "/api/admin/cache/clear",
			      "{\"pattern\":\"such-market:collections:{" A "}:*\"}"),
			 200);
	ck_assert_str_eq(http_text(http[0], "method"), "tags");
	ck_assert(from(0, C "/stats", "detail=database"));
	AWAIT(!from(1, C "/stats", "detail=memory"));
	for (int m = 0; m < MACHINES; m++)
		ck_assert(from(m, OTHER, "detail=memory"));
	const char *commands = live_redis_say(redis, "INFO commandstats");
	ck_assert_ptr_nonnull(strstr(commands, "cmdstat_eval"));
	ck_assert_ptr_null(strstr(commands, "cmdstat_scan"));
	ck_assert_ptr_null(strstr(commands, "cmdstat_keys"));
	ck_assert_int_eq(number("SELECT count(*) FROM such_market.jobs"), jobs);
	down();
}
END_TEST

static bool event_is(int64_t id, const char *status)
{
	char path[64];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "events.%d.id", i);
		if (get_as(0, "/api/admin/events?limit=100") != 200 || !http_at(http[0], path))
			return false;
		if (http_num(http[0], path) != id)
			continue;
		snprintf(path, sizeof(path), "events.%d.status", i);
		return !strcmp(http_text(http[0], path), status);
	}
	return false;
}

/* In every memory and, while Redis is away, when it is back. */
START_TEST(test_a_glob_is_looked_for)
{
	char url[80];

	up();
	keep_everywhere(C "/traits");
	keep_everywhere(C "/nfts/5");
	live_redis_stop();
	ck_assert_int_eq(
		post(0, "/api/admin/cache/clear", "{\"pattern\":\"such-market:*:traits\"}"),
		202);
	ck_assert_str_eq(http_text(http[0], "method"), "scan");
	ck_assert_str_eq(http_text(http[0], "redis"), "unreachable");
	ck_assert_ptr_nonnull(strstr(http_text(http[0], "detail"), "not reached"));
	int64_t job = http_num(http[0], "jobId"), event = http_num(http[0], "eventId");
	snprintf(url, sizeof(url), "%s", http_text(http[0], "statusUrl"));
	for (int m = 0; m < MACHINES; m++)
		AWAIT(from(m, C "/traits", "detail=database"));
	ck_assert(from(0, C "/nfts/5", "detail=memory"));
	AWAIT(event_is(event, "done"));
	/* Nor does anything else wait for Redis. */
	ck_assert_int_eq(post(0, "/api/cache/invalidate", "{\"tags\":[\"list\"]}"), 200);
	ck_assert_str_eq(http_text(http[0], "redis"), "unreachable");
	ck_assert(!job_is_done(job));
	live_redis_resume();
	AWAIT(job_is_done(job));
	ck_assert_int_eq(get_as(1, url), 200);
	ck_assert_str_eq(http_text(http[1], "status"), "done");
	ck_assert_ptr_nonnull(http_at(http[1], "result.removed"));
	down();
}
END_TEST

/* --- events --------------------------------------------------------------------------------
 */

START_TEST(test_an_event_that_nobody_can_apply)
{
	char path[64];

	up();
	keep_everywhere(C "/nfts/6");
	int64_t id = number("INSERT INTO such_market.cache_events (kind, tags)"
			    " VALUES ('cache_cleared', '{x:1}') RETURNING id");
	AWAIT(event_is(id, "failed"));
	for (int m = 0; m < MACHINES; m++)
		AWAIT(!from(m, C "/nfts/6", "detail=memory"));
	ck_assert_int_eq(get_as(1, "/api/admin/events?status=failed"), 200);
	ck_assert_int_eq(http_num(http[1], "events.0.id"), id);
	ck_assert_ptr_nonnull(strstr(http_text(http[1], "events.0.error"), "malformed"));
	/* It is no better now. */
	snprintf(path, sizeof(path), "/api/admin/events/%ld/retry", (long)id);
	ck_assert_int_eq(post(1, path, ""), 200);
	int64_t again = http_num(http[1], "retriedBy");
	ck_assert_int_gt(again, id);
	AWAIT(event_is(again, "failed"));
	keep_everywhere(C "/nfts/6");
	down();
}
END_TEST

/* --- starting ------------------------------------------------------------------------------
 */

static bool is_leased(int m)
{
	bool leased = false;

	return get_as(m, "/api/cache/metrics") == 200 &&
	       jsonin_bool(http_at(http[m], "leased"), &leased) && leased;
}

START_TEST(test_redis_is_warm_after_a_restart)
{
	up();
	keep_everywhere(C "/nfts/7");
	machine_end(&machine[1], SIGTERM);
	machine_begin(&machine[1]);
	machine_wait_ready(&machine[1]);
	/* Asked for the first time when copies may be used. */
	AWAIT(is_leased(1));
	ck_assert(from(1, C "/nfts/7", "detail=redis"));
	down();
}
END_TEST

SUITE_WITH(start, done, 120, test_redis_tells_the_other_machine, test_an_import_is_seen_at_once,
	   test_everything_is_cleared_everywhere, test_one_key_is_invalid_everywhere,
	   test_one_collection, test_a_glob_is_looked_for, test_an_event_that_nobody_can_apply,
	   test_redis_is_warm_after_a_restart)
