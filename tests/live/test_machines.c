/* GET /api/services/status of two machines over one Redis: both are shown, one that was killed
 * is silent, and how long a request has been running is told of all of it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"
#include "net/redis.h"
#include "suite.h"

#define MACHINES 2
#define STATUS   "/api/services/status"
#define WAIT_NS  INT64_C(30000000000)
#define ANY      "/api/collection/0x00000000000000000000000000000000000000aa/nfts"

static struct machine machine[MACHINES];
static char key_line[256];

static void make_key(void)
{
	const char *args[] = { "key", "create", "--role=viewer", "--name=machines", NULL };
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
	live_pg_start();
	live_redis_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name, token_type) "
		    "VALUES ('\\x00000000000000000000000000000000000000aa', 'A', 'ERC721')");
	for (int i = 0; i < MACHINES; i++) {
		machine_start(&machine[i], "workers = 1\nslow_workers = 1\nwarm_start = off\n"
					   "analytics_interval = 50ms\n"
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

static bool get_status(struct http *http)
{
	return http_ask(http, &(struct http_ask){ .path = STATUS, .headers = { key_line } }) ==
	       200;
}

/* Until the other machine, as this one sees it, is so. */
static void wait_other(struct http *http, const char *status)
{
	int64_t until = clock_mono_ns() + WAIT_NS;

	while (!get_status(http) || http_count(http, "machines") != MACHINES ||
	       strcmp(http_text(http, "machines.1.status"), status) != 0) {
		ck_assert_msg(clock_mono_ns() < until, "not %s: %s", status, http->body.ptr);
		poll(NULL, 0, 20);
	}
}

static bool has_role(struct http *http, int m, const char *role)
{
	char at[64];

	snprintf(at, sizeof(at), "machines.%d.processes", m);
	for (size_t i = 0, n = http_count(http, at); i < n; i++) {
		snprintf(at, sizeof(at), "machines.%d.processes.%zu.role", m, i);
		if (strcmp(http_text(http, at), role) == 0)
			return true;
	}
	return false;
}

START_TEST(both_are_shown)
{
	static const char *const roles[] = { "hot", "slow", "relay", "ticker", "runner" };
	char name[MACHINES][512];

	for (int i = 0; i < MACHINES; i++) {
		struct http *http = machine_http(&machine[i]);

		wait_other(http, "ok");
		ck_assert_ptr_nonnull(strstr(http->body.ptr, "\"complete\":true"));
		ck_assert_str_eq(http_text(http, "machines.0.status"), "ok");
		for (int m = 0; m < MACHINES; m++)
			for (size_t r = 0; r < COUNT_OF(roles); r++)
				ck_assert_msg(has_role(http, m, roles[r]), "no %s of %d: %s",
					      roles[r], m, http->body.ptr);
		ck_assert_str_eq(http_text(http, "machines.1.dependencies.postgres.status"),
				 "ok");
		snprintf(name[i], sizeof(name[i]), "%s", http_text(http, "machines.0.machine"));
		if (i > 0)
			ck_assert_str_eq(http_text(http, "machines.1.machine"), name[0]);
		http_free(http);
	}
	ck_assert_str_ne(name[0], name[1]);
}
END_TEST

/* --- how long a request has been running -------------------------------------------------- */

struct asking {
	pthread_t thread;
	struct http *http;
	atomic_bool over;
};

/* Each waits half a second for a lock. */
static void *ask_on(void *ctx)
{
	struct asking *asking = ctx;

	while (!asking->over)
		http_get(asking->http, ANY);
	return NULL;
}

/* The greatest age of a request that this machine shows for the role. */
static int64_t age_of(struct http *http, const char *role, const char **ret_state)
{
	char at[64];
	int64_t age = -1;

	for (size_t i = 0, n = http_count(http, "machines.0.processes"); i < n; i++) {
		snprintf(at, sizeof(at), "machines.0.processes.%zu.role", i);
		if (strcmp(http_text(http, at), role) != 0)
			continue;
		snprintf(at, sizeof(at), "machines.0.processes.%zu.state", i);
		*ret_state = http_text(http, at);
		snprintf(at, sizeof(at), "machines.0.processes.%zu.requestAgeMs", i);
		if (!http_null(http, at) && http_num(http, at) > age)
			age = http_num(http, at);
	}
	return age;
}

START_TEST(a_slow_request_grows_old)
{
	struct http *http = machine_http(&machine[0]);
	struct asking asking = { .http = machine_http(&machine[0]) };
	int64_t until = clock_mono_ns() + WAIT_NS, begin = clock_mono_ns(), age = -1;
	const char *state = "";

	ck_assert(get_status(http));
	ck_assert_int_eq(age_of(http, "hot", &state), -1);
	ck_assert_str_eq(state, "idle");
	live_pg_sql("BEGIN; LOCK TABLE such_market.nfts; PREPARE TRANSACTION 'slow'");
	ck_assert_int_eq(pthread_create(&asking.thread, NULL, ask_on, &asking), 0);
	while (age < 250 && clock_mono_ns() < until) {
		ck_assert(get_status(http));
		age = age_of(http, "hot", &state);
		ck_assert_int_le(age, (clock_mono_ns() - begin) / 1000000 + 1);
		/* The one that asks has a request of its own, which is young. */
		ck_assert_int_ge(age_of(http, "slow", &state), 0);
		ck_assert_str_eq(state, "working");
	}
	ck_assert_int_ge(age, 250);
	asking.over = true;
	live_pg_sql("ROLLBACK PREPARED 'slow'");
	pthread_join(asking.thread, NULL);
	http_free(asking.http);
	http_free(http);
}
END_TEST

/* --- silence ------------------------------------------------------------------------------ */

/* What was written into the list of machines was so much earlier. */
static void grow_older(const char *name, const char *ms)
{
	const struct redis_options options = { .url = live_redis_url(),
					       .connect_ms = 5000,
					       .budget_ms = 5000 };
	const struct str words[] = { STR("ZINCRBY"),
				     STR("such-market:analytics:{counts}:machines"), str_of(ms),
				     str_of(name) };
	const struct redis_command command = { .word = words, .words = COUNT_OF(words) };
	struct redis *redis = redis_new(&options);
	struct arena *arena = arena_new(1024);
	struct redis_reply reply;

	ck_assert_int_eq(redis_run(redis, arena, &command, 1, &reply), RC_OK);
	ck_assert_int_eq(reply.kind, REDIS_BULK);
	arena_free(arena);
	redis_free(redis);
}

/* Eight of the ten seconds of silence are not waited for. */
START_TEST(a_killed_one_is_silent)
{
	struct http *http = machine_http(&machine[0]);
	char name[512];
	pid_t ticker;

	wait_other(http, "ok");
	snprintf(name, sizeof(name), "%s", http_text(http, "machines.1.machine"));
	ck_assert_uint_eq(machine_children(&machine[1], "ticker", &ticker, 1), 1);
	machine_end(&machine[1], SIGKILL);
	kill(ticker, SIGKILL);
	for (int64_t until = clock_mono_ns() + WAIT_NS; kill(ticker, 0) == 0;) {
		ck_assert_int_lt(clock_mono_ns(), until);
		poll(NULL, 0, 10);
	}
	ck_assert(get_status(http));
	ck_assert_str_eq(http_text(http, "machines.1.status"), "ok");
	grow_older(name, "-8000");
	wait_other(http, "silent");
	ck_assert_str_eq(http_text(http, "machines.1.machine"), name);
	ck_assert_str_eq(http_text(http, "machines.0.status"), "ok");
	machine_begin(&machine[1]);
	wait_other(http, "ok");
	http_free(http);
}
END_TEST

SUITE_WITH(start, stop, 60, both_are_shown, a_slow_request_grows_old, a_killed_one_is_silent)
