/*
 * Counters, exactly: two machines behind their nginx, workers, tickers and masters killed, a
 * Redis that stops, hangs and answers too late.  In the end the hashes say what was answered.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/await.h"
#include "lib/child.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"
#include "net/pg.h"
#include "net/redis.h"
#include "suite.h"

#define MACHINES 2
#define WAIT_NS  INT64_C(30000000000)
#define TINY     20 /* ms */

static struct machine machine[MACHINES];
static char key_line[256];

/* What is asked, in turn, and under which field its answer counts. */
static const struct kind {
	const char *method, *path, *header, *field;
	int status;
} kinds[] = {
	{ "GET", "/health/live", NULL, "route:GET /health/live:2xx", 200 },
	{ "HEAD", "/api/collections", NULL, "route:GET /api/collections:2xx", 200 },
	{ "GET", "/api/collections", "If-None-Match: *", "route:GET /api/collections:3xx",
	  304 },
	{ "GET", "/api/nothing", NULL, "route:other:4xx", 404 },
	{ "DELETE", "/api/collections", NULL, "route:other:4xx", 405 },
	{ "GET", "/api/collection/0xno", NULL, "route:GET /api/collection/{address}:4xx", 400 },
	{ "GET", "/api/collection/0x00000000000000000000000000000000000000aa", NULL,
	  "route:GET /api/collection/{address}:4xx", 404 },
	{ "GET", "/api/admin/cache/metrics?range=5m", key_line,
	  "route:GET /api/admin/cache/metrics:2xx", 200 },
	{ "GET", "/api/admin/cache/metrics", NULL, "route:GET /api/admin/cache/metrics:4xx",
	  401 },
};
static uint64_t *answered; /* shared with the tests' processes */

static void make_key(void)
{
	const char *args[] = { "key", "create", "--role=operator", "--name=counts", NULL };
	struct buf out;
	const char *key;

	buf_init(&out, NULL, BUF_NO_MAX);
	if (machine_run(&machine[0], args) != 0)
		keeper_panic("no key");
	machine_read_file(machine[0].output, &out);
	key = strstr(out.ptr, "sm_");
	if (!key)
		keeper_panic("no key was printed");
	snprintf(key_line, sizeof(key_line), "X-API-Key: %.46s", key);
	buf_release(&out);
}

static void start(void)
{
	answered = mmap(NULL, sizeof(*answered) * COUNT_OF(kinds), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (answered == MAP_FAILED)
		keeper_panic("mmap: %s", strerror(errno));
	live_pg_start();
	live_redis_start_kept();
	for (int i = 0; i < MACHINES; i++) {
		machine_start(&machine[i], "workers = 2\nslow_workers = 2\n"
					   "analytics_interval = 50ms\n"
					   "analytics_budget = 100ms\n"
					   "drain_timeout = 500ms\n");
		machine_wait_ready(&machine[i]);
	}
	make_key();
}

static void stop(void)
{
	for (int i = 0; i < MACHINES; i++)
		machine_done(&machine[i]);
	live_redis_done();
	live_pg_done();
}

/* --- asking ------------------------------------------------------------------------------- */

static void ask_kind(struct http *http, size_t k)
{
	const struct http_ask ask = { .method = kinds[k].method,
				      .path = kinds[k].path,
				      .headers = { kinds[k].header } };

	ck_assert_msg(http_ask(http, &ask) == kinds[k].status, "%s %s: %d", kinds[k].method,
		      kinds[k].path, http->status);
	answered[k]++;
}

static void ask_all(struct http *http[MACHINES], int rounds)
{
	for (int r = 0; r < rounds; r++)
		for (size_t k = 0; k < COUNT_OF(kinds); k++)
			ask_kind(http[((size_t)r + k) % MACHINES], k);
}

/* --- what Redis has ----------------------------------------------------------------------- */

static struct redis_options redis_options(void)
{
	return (struct redis_options){ .url = live_redis_url(),
				       .connect_ms = 5000,
				       .budget_ms = 5000 };
}

static bool order(const struct str *words, size_t n, struct arena *arena,
		  struct redis_reply *ret)
{
	const struct redis_options options = redis_options();
	const struct redis_command command = { .word = words, .words = n };
	struct redis *redis = redis_new(&options);
	enum rc rc = redis_run(redis, arena, &command, 1, ret);

	redis_free(redis);
	return rc == RC_OK && ret->kind != REDIS_ERROR;
}

static uint64_t number_of(const struct redis_reply *hash, const char *field)
{
	uint64_t n = 0;

	for (size_t i = 0; hash->kind == REDIS_ARRAY && i + 1 < hash->items; i += 2)
		if (str_eqz(hash->item[i].text, field))
			ck_assert(str_u64(hash->item[i + 1].text, UINT64_MAX, &n));
	return n;
}

/* The bucket of a minute or (len 10) a day. */
static uint64_t in_bucket(int64_t wall_us, size_t len, const char *field)
{
	char time[CLOCK_RFC3339_MAX], key[128];
	struct arena *arena = arena_new(65536);
	struct redis_reply hash;
	uint64_t n;

	clock_rfc3339(wall_us, time);
	snprintf(key, sizeof(key), "such-market:analytics:{counts}:%.*s", (int)len, time);
	const struct str words[] = { STR("HGETALL"), str_of(key) };
	/* One that has just begun is still loading. */
	n = order(words, 2, arena, &hash) ? number_of(&hash, field) : 0;
	arena_free(arena);
	return n;
}

static uint64_t in_days(const char *field)
{
	int64_t now_us = clock_wall_us();

	return in_bucket(now_us, 10, field) +
	       in_bucket(now_us - INT64_C(86400000000), 10, field);
}

static uint64_t in_minutes(const char *field)
{
	int64_t now_us = clock_wall_us();
	uint64_t n = 0;

	for (int i = 0; i < 15; i++)
		n += in_bucket(now_us - i * INT64_C(60000000), 16, field);
	return n;
}

static uint64_t expected(const char *field)
{
	uint64_t n = 0;

	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		if (strcmp(kinds[k].field, field) == 0)
			n += answered[k];
	return n;
}

static bool is_exact(uint64_t (*in)(const char *field))
{
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		if (in(kinds[k].field) != expected(kinds[k].field))
			return false;
	return true;
}

static void tell(void)
{
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		fprintf(stderr, "%s: answered %llu, days %llu, minutes %llu\n", kinds[k].field,
			(unsigned long long)expected(kinds[k].field),
			(unsigned long long)in_days(kinds[k].field),
			(unsigned long long)in_minutes(kinds[k].field));
}

/* And it stays so: what arrived twice would show a moment later. */
static void wait_exact(void)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	int good = 0;

	while (good < 10) {
		good = is_exact(in_days) ? good + 1 : 0;
		if (clock_mono_ns() > until) {
			tell();
			ck_abort_msg("the hashes do not say what was answered");
		}
		poll(NULL, 0, TINY);
	}
	if (!is_exact(in_minutes)) {
		tell();
		ck_abort_msg("the minutes do not say what the days say");
	}
}

/* --- trouble ------------------------------------------------------------------------------ */

static void kill_one(struct machine *m, const char *word, size_t which)
{
	pid_t pids[16];
	size_t n = machine_children(m, word, pids, COUNT_OF(pids));

	if (n && kill(pids[which % n], SIGKILL) != 0)
		ck_assert_int_eq(errno, ESRCH);
}

static void wait_child(struct machine *m, const char *word)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	pid_t pid;

	while (machine_children(m, word, &pid, 1) == 0) {
		ck_assert_msg(clock_mono_ns() < until, "no %s", word);
		poll(NULL, 0, TINY);
	}
}

static void pause_redis(const char *ms)
{
	struct arena *arena = arena_new(1024);
	const struct str words[] = { STR("CLIENT"), STR("PAUSE"), str_of(ms), STR("ALL") };
	struct redis_reply reply;

	ck_assert(order(words, COUNT_OF(words), arena, &reply));
	arena_free(arena);
}

static void open_all(struct http *http[MACHINES])
{
	for (int i = 0; i < MACHINES; i++)
		http[i] = machine_http(&machine[i]);
}

static void close_all(struct http *http[MACHINES])
{
	for (int i = 0; i < MACHINES; i++)
		http_free(http[i]);
}

START_TEST(sums_are_exact)
{
	struct http *http[MACHINES];

	open_all(http);
	ask_all(http, 150);
	wait_exact();
	/* Between an answer and the next request anybody may go. */
	for (size_t i = 0; i < 12; i++) {
		ask_all(http, 2);
		kill_one(&machine[i % MACHINES], i % 3 ? "worker hot" : "worker slow", i);
		kill_one(&machine[i % MACHINES], "ticker", 0);
	}
	ask_all(http, 20);
	for (int i = 0; i < MACHINES; i++)
		wait_child(&machine[i], "ticker");
	wait_exact();
	close_all(http);
}
END_TEST

static int64_t events_told(struct http *http)
{
	ask_kind(http, 7); /* the counters, of the last five minutes */
	return http_num(http, "analytics.eventQueue.eventsProcessed");
}

/* Each machine's relay applies each event; who is asked tells of all of them. */
START_TEST(events_of_all_machines)
{
	struct http *http[MACHINES];
	int64_t before;

	open_all(http);
	before = events_told(http[0]);
	for (int i = 0; i < 5; i++)
		live_pg_sql("SELECT such_market.cache_invalidate('{u:7}')");
	for (int m = 0; m < MACHINES; m++)
		AWAIT(events_told(http[m]) >= before + 5 * MACHINES);
	wait_exact();
	close_all(http);
}
END_TEST

START_TEST(sums_are_exact_without_redis)
{
	struct http *http[MACHINES];

	open_all(http);
	live_redis_stop();
	ask_all(http, 20);
	kill_one(&machine[0], "ticker", 0);
	ask_all(http, 20);
	live_redis_resume();
	wait_exact();
	/* It takes what it is sent, and answers too late: was it done? */
	for (int i = 0; i < 4; i++) {
		pause_redis("250");
		ask_all(http, 10);
		if (i % 2)
			kill_one(&machine[1], "ticker", 0);
	}
	ck_assert_int_eq(kill(live_redis_pid(), SIGSTOP), 0);
	ask_all(http, 10);
	ck_assert_int_eq(kill(live_redis_pid(), SIGCONT), 0);
	wait_exact();
	close_all(http);
}
END_TEST

/* The board is attached again, with what was not written. */
START_TEST(sums_are_exact_after_the_master)
{
	struct http *http[MACHINES];
	pid_t pid;

	open_all(http);
	live_redis_stop();
	ask_all(http, 20);
	close_all(http);
	machine_end(&machine[0], SIGKILL);
	machine_end(&machine[1], SIGTERM);
	for (int i = 0; i < MACHINES; i++) {
		while (machine_children(&machine[i], "such-market", &pid, 1))
			poll(NULL, 0, TINY);
		machine_begin(&machine[i]);
		machine_wait_ready(&machine[i]);
	}
	open_all(http);
	ask_all(http, 5);
	live_redis_resume();
	wait_exact();
	close_all(http);
}
END_TEST

#define UNREAD "/api/collection/0x00000000000000000000000000000000000000bb"

static pid_t ask_in_child(void)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		struct http *http = machine_http(&machine[0]);
		_exit(http_get(http, UNREAD) == 404 ? 0 : 1);
	}
	return pid;
}

static void wait_waiting(struct pg *pg)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	int64_t n = 0;

	while (n == 0) {
		struct pg_result row =
			pg_exec(pg, "SELECT count(*) FROM pg_locks WHERE NOT granted");
		n = row.rc == RC_OK ? pg_i64(&row, 0, 0) : 0;
		pg_result_done(&row);
		ck_assert_msg(clock_mono_ns() < until, "nobody waits for the lock");
	}
}

static void wait_gone(struct machine *m, const char *word)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	pid_t pid;

	while (machine_children(m, word, &pid, 1) != 0) {
		ck_assert_msg(clock_mono_ns() < until, "%s stays", word);
		poll(NULL, 0, 1);
	}
}

static void run_sql(struct pg *pg, const char *sql)
{
	struct pg_result row = pg_exec(pg, sql);

	ck_assert_int_eq(row.rc, RC_OK);
	pg_result_done(&row);
}

/* Asked before SIGTERM, answered after it: the ticker leaves last. */
START_TEST(sums_have_what_was_answered_while_leaving)
{
	const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 5000 };
	struct pg *pg = pg_new(&options, live_pg_super_url());
	int status;

	wait_exact();
	run_sql(pg, "BEGIN; LOCK TABLE such_market.collections");
	pid_t pid = ask_in_child();
	wait_waiting(pg);
	ck_assert_int_eq(kill(*machine[0].market_pid, SIGTERM), 0);
	wait_gone(&machine[0], "relay");
	run_sql(pg, "ROLLBACK");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	answered[6]++;
	wait_gone(&machine[0], "ticker"); /* a second SIGTERM would hurry it */
	machine_end(&machine[0], SIGTERM);
	wait_exact();
	machine_begin(&machine[0]);
	machine_wait_ready(&machine[0]);
	pg_free(pg);
}
END_TEST

SUITE_WITH(start, stop, 120, sums_are_exact, events_of_all_machines,
	   sums_are_exact_without_redis, sums_are_exact_after_the_master,
	   sums_have_what_was_answered_while_leaving)
