/* Copies in Redis, with the whole service: they arrive, and nobody waits for a Redis that
 * hangs. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_redis.h"
#include "lib/stack.h"
#include "net/redis.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721

static void start(void)
{
	stack_start();
	fixture_import();
}

static bool detail_is(struct http *http, const char *detail)
{
	const char *status = http_header(http, "Cache-Status");

	return status && strstr(status, detail);
}

/* Asks until the answer says where it came from. */
static void wait_detail(struct http *http, const char *path, const char *detail)
{
	int64_t until = clock_mono_ns() + INT64_C(30000000000);

	while (http_get(http, path) != 200 || !detail_is(http, detail)) {
		ck_assert_msg(clock_mono_ns() < until, "%s never came from %s: %s", path,
			      detail, http_header(http, "Cache-Status"));
		poll(NULL, 0, 10);
	}
}

static bool exists(struct redis *redis, const char *key)
{
	struct str words[] = { STR("EXISTS"), str_of(key) };
	struct redis_command command = { .word = words, .words = 2 };
	struct arena *arena = arena_new(1024);
	struct redis_reply reply;
	bool found =
		redis_run(redis, arena, &command, 1, &reply) == RC_OK && reply.integer == 1;

	arena_free(arena);
	return found;
}

START_TEST(fills_arrive_in_redis)
{
	struct redis_options options = { .url = live_redis_url(),
					 .connect_ms = 5000,
					 .budget_ms = 5000 };
	struct redis *redis = redis_new(&options);
	struct http *http = stack_http();
	int64_t until = clock_mono_ns() + INT64_C(30000000000);

	wait_detail(http, C721 "/nfts/3", "detail=memory");
	while (!exists(redis, "such-market:nfts:{" FIXTURE_721 "}:3")) {
		ck_assert_int_lt(clock_mono_ns(), until);
		poll(NULL, 0, 10);
	}
	ck_assert(!exists(redis, "such-market:nfts:{" FIXTURE_721 "}:4"));
	http_free(http);
	redis_free(redis);
}
END_TEST

/* Reads of what no memory has yet ask it in vain, each for a budget at most. */
START_TEST(a_hanging_redis_is_not_waited_for)
{
	struct http *http = stack_http();
	char path[128];

	ck_assert_int_eq(kill(live_redis_pid(), SIGSTOP), 0);
	int64_t from = clock_mono_ns();
	for (int page = 1; page <= 50; page++) {
		snprintf(path, sizeof(path), C721 "/nfts?pageSize=1&page=%d", page);
		ck_assert_int_eq(http_get(http, path), 200);
	}
	ck_assert_int_lt(clock_mono_ns() - from, INT64_C(10000000000));
	ck_assert_int_eq(kill(live_redis_pid(), SIGCONT), 0);
	live_redis_stop();
	for (int page = 51; page <= 100; page++) {
		snprintf(path, sizeof(path), C721 "/nfts?pageSize=1&page=%d", page);
		ck_assert_int_eq(http_get(http, path), 200);
	}
	live_redis_resume();
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, fills_arrive_in_redis, a_hanging_redis_is_not_waited_for)
