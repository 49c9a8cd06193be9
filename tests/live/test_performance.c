/* Performance tests through the whole service: measured figures, one at a time, nothing left
 * behind, not even by a runner that is killed in the midst of one. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/await.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_redis.h"
#include "lib/stack.h"
#include "net/redis.h"
#include "suite.h"

#define TEST "/api/admin/cache/test/performance"

static struct http *http;
static char key[80];

static void start(void)
{
	stack_start_with(
		"warm_start = off\nrunner_interval = 50ms\nperformance_step = 100ms\n");
	fixture_import();
	ck_assert_int_eq(STACK_RUN("key", "create", "--role=operator", "--name=tester"), 0);
	snprintf(key, sizeof(key), "X-API-Key: %.46s", strstr(stack_output(), "sm_"));
}

static void up(void)
{
	http = stack_http();
}

static void down(void)
{
	http_free(http);
}

static int ask(const char *method, const char *body)
{
	return http_ask(http, &(struct http_ask){
				      .method = method,
				      .path = TEST,
				      .body = body ? str_of(body) : STR_NONE,
				      .headers = { key, "Content-Type: application/json" } });
}

static bool is(const char *status)
{
	ck_assert_int_eq(ask("GET", NULL), 200);
	return strcmp(http_text(http, "status"), status) == 0;
}

static int64_t run(void)
{
	ck_assert_int_eq(ask("POST", "{\"action\":\"run\"}"), 202);
	return http_num(http, "jobId");
}

/* Keys of tests in Redis. */
static size_t left_behind(void)
{
	const struct redis_options options = { .url = live_redis_url(),
					       .connect_ms = 2000,
					       .budget_ms = 5000 };
	struct str words[] = { STR("EVAL"),
			       STR("return #redis.call('KEYS', 'such-market:test:*')"),
			       STR("0") };
	const struct redis_command keys = { .word = words, .words = COUNT_OF(words) };
	struct redis_reply reply = { .kind = REDIS_NIL };
	struct redis *redis = redis_new(&options);
	struct arena *arena = arena_new(4096);

	ck_assert_int_eq(redis_run(redis, arena, &keys, 1, &reply), RC_OK);
	ck_assert_int_eq(reply.kind, REDIS_INTEGER);
	size_t n = (size_t)reply.integer;
	arena_free(arena);
	redis_free(redis);
	return n;
}

START_TEST(figures_are_measured)
{
	ck_assert(is("never_run"));
	int64_t id = run();
	ck_assert_int_eq(run(), id); /* a double click */
	AWAIT(is("done"));
	ck_assert_int_eq(http_num(http, "measuredBy"), id);
	ck_assert_int_eq(http_num(http, "basicTests.operations"), 100);
	ck_assert_int_eq(http_num(http, "basicTests.failed"), 0);
	ck_assert_int_eq(http_num(http, "basicTests.byOperation.database.bySource.database"),
			 25);
	ck_assert_int_eq(http_num(http, "basicTests.byOperation.memory.bySource.memory"), 25);
	ck_assert_int_eq(http_num(http, "basicTests.byOperation.redis.bySource.redis"), 25);
	ck_assert_uint_eq(http_count(http, "loadTests"), 5);
	ck_assert_int_eq(http_num(http, "loadTests.4.users"), 50);
	ck_assert_int_gt(http_num(http, "loadTests.4.operations"), 50);
	ck_assert_int_eq(http_num(http, "loadTests.0.failed"), 0);
	ck_assert_uint_gt(http_count(http, "stressTests.steps"), 0);
	ck_assert_ptr_nonnull(http_at(http, "cacheHealth.pingTime"));
	ck_assert_ptr_nonnull(http_at(http, "recommendations"));
	ck_assert_uint_eq(left_behind(), 0);
}
END_TEST

START_TEST(of_the_command_line)
{
	ck_assert_int_eq(STACK_RUN("bench"), 0);
	ck_assert_ptr_nonnull(strstr(stack_output(), "load, 50 users"));
	ck_assert_ptr_nonnull(strstr(stack_output(), "Breaks at"));
	ck_assert_int_eq(STACK_RUN("bench", "--loud"), 2);
}
END_TEST

START_TEST(nothing_is_left_by_the_killed)
{
	pid_t first[2];

	int64_t id = run();
	AWAIT(stack_children("runner 1: performance", first, 2) == 1);
	AWAIT(left_behind() > 0);
	kill(first[0], SIGKILL);
	AWAIT(is("failed"));
	ck_assert_int_eq(http_num(http, "jobId"), id);
	ck_assert_ptr_nonnull(strstr(http_text(http, "error"), "was removed"));
	ck_assert_uint_eq(left_behind(), 0);
}
END_TEST

START_TEST(they_are_forgotten)
{
	run();
	ck_assert_int_eq(ask("POST", "{\"action\":\"reset\"}"), 200);
	AWAIT(ask("POST", "{\"action\":\"reset\"}") == 200 && is("never_run"));
	AWAIT(left_behind() == 0);
}
END_TEST

START_TEST(bad_requests_change_nothing)
{
	static const struct {
		const char *body, *code;
	} bad[] = {
		{ "{\"action\":\"explode\"}", "invalid_action" },
		{ "{}", "invalid_action" },
		{ "{\"action\":7}", "invalid_action" },
		{ "[]", "invalid_body" },
		{ "{\"action\":\"run\"", "invalid_body" },
		{ "{\"action\":\"run\",\"users\":1000000}", "invalid_body" },
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_int_eq(ask("POST", bad[i].body), 400);
		http_problem_is(http, 400, bad[i].code);
	}
	http_ask(http, &(struct http_ask){ .method = "POST",
					   .path = TEST,
					   .body = STR("{\"action\":\"run\"}"),
					   .headers = { key, "Content-Type: text/plain" } });
	http_problem_is(http, 415, "unsupported_media_type");
	http_get(http, TEST);
	http_problem_is(http, 401, "unauthenticated");
	ck_assert(is("never_run"));
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { figures_are_measured, of_the_command_line,
				 nothing_is_left_by_the_killed, they_are_forgotten,
				 bad_requests_change_nothing };

	tcase_add_unchecked_fixture(tc, start, stack_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
