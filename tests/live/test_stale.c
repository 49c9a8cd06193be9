/* Copies: used while they are right, flagged while the database is away, never after a write.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
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
		ck_assert_msg(clock_mono_ns() < until, "%s never came from %s", path, detail);
		poll(NULL, 0, 10);
	}
}

START_TEST(test_second_answer_is_from_memory)
{
	struct http *http = stack_http();

	wait_detail(http, C721 "/nfts/3", "detail=memory");
	wait_detail(http, C721 "/nfts?pageSize=50", "detail=memory");
	wait_detail(http, C721 "/traits", "detail=memory");
	http_free(http);
}
END_TEST

#define ROUNDS 21

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Whoever writes, and however: what was committed is seen within X, most often within a poll of
 * the relay (100 ms) and some, and what was not touched stays.  A round begins just after a
 * poll, so it takes a whole one: polls seven times as far apart do not pass. */
START_TEST(test_psql_by_hand_invalidates)
{
	struct http *http = stack_http();
	int64_t took[ROUNDS];
	char sql[256], want[64];

	for (int i = 0; i < ROUNDS; i++) {
		wait_detail(http, C721 "/nfts/3", "detail=memory");
		wait_detail(http, C721 "/nfts/4", "detail=memory");
		snprintf(
			sql, sizeof(sql),
			"UPDATE such_market.nfts SET name = 'by hand %d' WHERE token_id = 3 AND"
			" contract_address = '\\x%s'",
			i, FIXTURE_721 + 2);
		snprintf(want, sizeof(want), "by hand %d\"", i);
		live_pg_sql(sql);
		int64_t begin = clock_mono_ns(), until = begin + INT64_C(2000000000);
		while (http_get(http, C721 "/nfts/3") != 200 || !strstr(http->body.ptr, want)) {
			ck_assert_msg(clock_mono_ns() < until, "older than the lease");
			poll(NULL, 0, 5);
		}
		took[i] = clock_mono_ns() - begin;
		ck_assert_int_eq(http_get(http, C721 "/nfts/4"), 200);
		ck_assert(detail_is(http, "detail=memory"));
	}
	qsort(took, ROUNDS, sizeof(*took), by_time);
	ck_assert_int_lt(took[ROUNDS / 2], INT64_C(250000000));
	http_free(http);
}
END_TEST

START_TEST(test_database_away_is_flagged)
{
	struct http *http = stack_http();

	wait_detail(http, C721 "/nfts/5", "detail=memory");
	live_pg_stop();
	wait_detail(http, C721 "/nfts/5", "detail=stale");
	http_get(http, C721 "/nfts/999999");
	http_problem_is(http, 503, "unavailable");
	ck_assert_int_eq(http_get(http, "/health/ready"), 200);
	ck_assert_str_eq(http->body.ptr,
			 "{\"status\":\"ready\",\"from\":\"copies\",\"stale\":true}");
	live_pg_resume();
	wait_detail(http, C721 "/nfts/5", "detail=memory");
	stack_wait_ready();
	http_free(http);
}
END_TEST

/* The relay hangs: what is in memory is not used, and the answer tells why it was not. */
START_TEST(test_no_lease_is_told)
{
	struct http *http = stack_http();
	pid_t relay[4];

	wait_detail(http, C721 "/nfts/8", "such-market; hit; detail=memory");
	ck_assert_uint_ge(stack_children("relay", relay, 4), 1);
	kill(relay[0], SIGSTOP);
	wait_detail(http, C721 "/nfts/8", "such-market; fwd=bypass; detail=database");
	kill(relay[0], SIGCONT);
	wait_detail(http, C721 "/nfts/8", "such-market; hit; detail=memory");
	http_free(http);
}
END_TEST

START_TEST(test_crash_recovery_voids_all)
{
	struct http *http = stack_http();

	wait_detail(http, C721 "/nfts/6", "detail=memory");
	live_pg_crash();
	live_pg_resume();
	wait_detail(http, C721 "/nfts/6", "detail=database");
	wait_detail(http, C721 "/nfts/6", "detail=memory");
	http_free(http);
}
END_TEST

START_TEST(test_kept_answers_outlive_their_worker)
{
	struct http *http = stack_http();
	pid_t pids[16];

	wait_detail(http, C721 "/nfts/7", "detail=memory");
	size_t n = stack_workers(pids, 16);
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	wait_detail(http, C721 "/nfts/7", "detail=memory");
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, test_second_answer_is_from_memory,
	   test_psql_by_hand_invalidates, test_database_away_is_flagged, test_no_lease_is_told,
	   test_crash_recovery_voids_all, test_kept_answers_outlive_their_worker)
