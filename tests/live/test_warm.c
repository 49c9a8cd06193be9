/* Warming through the whole service: what was warmed is there when it is asked for the first
 * time, by whom and why ever, and a runner that is killed in the midst of it is no loss. */
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
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "model/job.h"
#include "net/pg.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static struct pg *pg;
static struct arena *arena;
static struct http *http;
static char key[80];

static struct job newest(void)
{
	struct job *jobs;
	int count;

	arena_reset(arena);
	ck_assert_int_eq(job_list(pg, arena, JOB_warm, 0, 1, &jobs, &count), RC_OK);
	return count ? jobs[0] : (struct job){ .state = JOB_QUEUED };
}

static struct job numbered(int64_t id)
{
	struct job job;

	arena_reset(arena);
	ck_assert_int_eq(job_read(pg, arena, id, &job), RC_OK);
	return job;
}

static void start(void)
{
	stack_start_with("warm_start = on\nrunner_interval = 50ms\n");
	fixture_import();
	ck_assert_int_eq(STACK_RUN("key", "create", "--role=operator", "--name=warmer"), 0);
	snprintf(key, sizeof(key), "X-API-Key: %.46s", strstr(stack_output(), "sm_"));
}

static void up(void)
{
	pg = pg_new(&pg_options, live_pg_url());
	arena = arena_new(4096);
	http = stack_http();
	AWAIT(newest().state == JOB_DONE);
}

static void down(void)
{
	http_free(http);
	arena_free(arena);
	pg_free(pg);
}

static const char *const warmed[] = {
	"/api/collections",
	C721,
	C721 "/nfts",
	C721 "/traits",
	C721 "/stats",
	C721 "/owners",
	C721 "/owners/distribution",
};

static void all_are_there(void)
{
	for (size_t i = 0; i < COUNT_OF(warmed); i++) {
		ck_assert_int_eq(http_get(http, warmed[i]), 200);
		const char *status = http_header(http, "Cache-Status");
		ck_assert_msg(status && strstr(status, "detail=memory"), "%s: %s", warmed[i],
			      status);
	}
}

START_TEST(by_hand)
{
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000", "--json"), 0);
	ck_assert_ptr_nonnull(strstr(stack_output(), "\"collections\":2,"));
	all_are_there();
	/* Once more: nothing is read again. */
	ck_assert_int_eq(STACK_RUN("warm", "--collection=" FIXTURE_721, "--json"), 0);
	ck_assert_ptr_nonnull(strstr(stack_output(), "\"filled\":0,\"thereAlready\":7"));
	ck_assert_int_eq(STACK_RUN("warm", "--collection=0x12"), 2);
	ck_assert_int_eq(STACK_RUN("warm", "--top=0"), 2);
}
END_TEST

static int post(const char *path, const char *body)
{
	return http_ask(http, &(struct http_ask){
				      .method = "POST",
				      .path = path,
				      .body = str_of(body),
				      .headers = { key, "Content-Type: application/json" } });
}

static int ask(const char *body)
{
	return post("/api/admin/cache/warm", body);
}

START_TEST(by_request)
{
	static const char *const bad[] = {
		"{\"top\":0}",
		"{\"top\":\"all\"}",
		"{\"collections\":\"0x12\"}",
		"{\"collections\":[\"0x12\"]}",
		"{\"rate\":5}",
	};

	ck_assert_int_eq(ask("{\"collections\":[\"" FIXTURE_721 "\"]}"), 202);
	int64_t id = http_num(http, "jobId");
	AWAIT(newest().id == id && newest().state == JOB_DONE);
	ck_assert_ptr_nonnull(
		strstr(arena_strz(arena, newest().result), "\"chosenBy\":\"request\""));
	all_are_there();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ask(bad[i]);
		http_problem_is(http, 400, "invalid_body");
	}
	http_ask(http, &(struct http_ask){ .method = "POST",
					   .path = "/api/admin/cache/warm",
					   .body = STR("{}"),
					   .headers = { "Content-Type: application/json" } });
	http_problem_is(http, 401, "unauthenticated");
	ck_assert_int_eq(newest().id, id);
}
END_TEST

START_TEST(after_everything_was_cleared)
{
	struct job before = newest();

	live_pg_sql("SELECT such_market.cache_clear_all()");
	AWAIT(newest().id > before.id && newest().state == JOB_DONE);
	all_are_there();
}
END_TEST

/* Whoever reads first after it finds copies. */
START_TEST(after_something_was_made_invalid)
{
	static const char *const bodies[] = {
		"{\"tags\":[\"b:" FIXTURE_721 "\",\"list\"]}",
		"{\"tags\":[\"c:" FIXTURE_721 "\"],\"dependents\":true}",
		"{\"keys\":[\"such-market:collections:{" FIXTURE_721 "}:metadata\"]}",
		"{\"pattern\":\"such-market:collections:{" FIXTURE_721 "}:*\"}",
		"{\"pattern\":\"such-market:collections:*:traits\"}",
	};

	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct job before = newest();

		int status = post("/api/cache/invalidate", bodies[i]);
		ck_assert_msg(status == 200 || status == 202, "%s: %d", bodies[i], status);
		AWAIT(newest().id > before.id && newest().state == JOB_DONE);
		if (status == 200) /* else the copies go once more when Redis was walked */
			all_are_there();
	}
}
END_TEST

START_TEST(a_change_in_between_is_seen)
{
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	live_pg_sql("UPDATE such_market.collections SET name = 'Warmer'"
		    " WHERE contract_address = decode(substr('" FIXTURE_721 "', 3), 'hex')");
	AWAIT(http_get(http, C721) == 200 && strcmp(http_text(http, "name"), "Warmer") == 0);
	ck_assert_int_eq(STACK_RUN("warm", "--rate=10000"), 0);
	all_are_there();
	ck_assert_int_eq(http_get(http, C721), 200);
	ck_assert_str_eq(http_text(http, "name"), "Warmer");
}
END_TEST

START_TEST(a_killed_runner_goes_on)
{
	pid_t first[2], next[2];

	/* Enough for minutes. */
	live_pg_sql(
		"INSERT INTO such_market.collections (contract_address)"
		" SELECT decode(lpad(n::text, 40, '7'), 'hex') FROM generate_series(1, 60) n");
	ck_assert_int_eq(STACK_RUN("warm", "--rate=1", "--no-wait"), 0);
	AWAIT(stack_children("runner 1: warm", first, 2) == 1);
	struct job job = newest();
	kill(first[0], SIGKILL);
	AWAIT(stack_children("runner 1: warm", next, 2) == 1 && next[0] != first[0]);
	AWAIT(numbered(job.id).attempts == 2);
	ck_assert_int_eq(stack_log_count("a job's runner was lost"), 1);
	/* A second of reload: it is put back, and taken up by the next process.  Another may be
	 * queued by then: the mapping's epoch is named anew. */
	kill(stack_market(), SIGHUP);
	AWAIT(numbered(job.id).attempts == 3 && numbered(job.id).state == JOB_RUNNING);
	ck_assert_int_eq(numbered(job.id).most_attempts, job.most_attempts + 1);
	ck_assert_int_eq(job_cancel(pg, job.id), RC_OK);
	AWAIT(numbered(job.id).state == JOB_CANCELLED);
	ck_assert_int_eq(http_get(http, "/health/ready"), 200);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { by_hand,
				 by_request,
				 after_everything_was_cleared,
				 after_something_was_made_invalid,
				 a_change_in_between_is_seen,
				 a_killed_runner_goes_on };

	tcase_add_unchecked_fixture(tc, start, stack_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 120);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
