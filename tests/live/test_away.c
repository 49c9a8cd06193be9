/* Parts that go away: what clients see without copies in memory, and that everything comes back
 * by itself. test_stale.c has the same with them. */
#include <poll.h>
#include "base/clock.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/stack.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721

static void start(void)
{
	stack_start_with("cache_memory = off\n");
	fixture_import();
}

/* Every worker of the hot lane is back: many answers in a row are good. */
static void comes_back(struct http *http)
{
	int64_t until = clock_mono_ns() + INT64_C(30000000000);
	int good = 0;

	while (good < 20 && clock_mono_ns() < until) {
		good = http_get(http, C721 "/nfts/3") == 200 ? good + 1 : 0;
		if (!good)
			poll(NULL, 0, 20);
	}
	ck_assert_int_eq(good, 20);
}

START_TEST(test_database_stopped)
{
	struct http *http = stack_http();

	live_pg_stop();
	for (int i = 0; i < 10; i++) {
		http_getf(http, C721 "/nfts/%d", 50 + i); /* of which Redis knows nothing */
		http_problem_is(http, 503, "unavailable");
		ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
		ck_assert_ptr_null(strstr(http->body.ptr, "SELECT"));
		ck_assert_ptr_null(strstr(http->body.ptr, "/tmp"));
	}
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	ck_assert_int_eq(http_get(http, "/health/ready"), 503);
	live_pg_resume();
	comes_back(http);
	stack_wait_ready();
	http_free(http);
}
END_TEST

/* A restart between two requests costs no answer: a dead idle connection is seen before use. */
START_TEST(test_database_restarted)
{
	struct http *http = stack_http();

	comes_back(http);
	live_pg_restart();
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(http_get(http, C721 "/nfts/3"), 200);
	live_pg_crash();
	live_pg_resume();
	comes_back(http);
	http_free(http);
}
END_TEST

/* A statement that waits for a lock is given up in time; the next one is served. */
START_TEST(test_database_locked)
{
	struct http *http = stack_http();
	int64_t until = clock_mono_ns() + INT64_C(30000000000), begin, took;

	live_pg_sql("BEGIN; LOCK TABLE such_market.nfts; PREPARE TRANSACTION 'lock'");
	do { /* a worker may still wait to connect after the tests before: it answers at once */
		begin = clock_mono_ns();
		http_get(http, C721 "/nfts/99");
		http_problem_is(http, 503, "unavailable");
		took = clock_mono_ns() - begin;
	} while (took < INT64_C(300000000) && begin < until);
	live_pg_sql("ROLLBACK PREPARED 'lock'");
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	ck_assert_int_gt(took, INT64_C(300000000));
	ck_assert_int_lt(took, INT64_C(10000000000));
	comes_back(http);
	http_free(http);
}
END_TEST

/* It takes connections and statements, and says nothing: nobody waits for it for ever.
 * test_hang.c has the same with copies. */
START_TEST(test_database_hangs)
{
	struct http *http = stack_http();

	comes_back(http);
	live_pg_hang(true);
	int64_t begin = clock_mono_ns();
	/* "timeout", or "unavailable" of a worker that was about to connect. */
	ck_assert_int_eq(http_get(http, C721 "/nfts/98"), 503);
	int64_t took = clock_mono_ns() - begin;
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	ck_assert_int_lt(took, INT64_C(8000000000)); /* a statement and a connect: 2 s each */
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	live_pg_hang(false);
	comes_back(http);
	stack_wait_ready();
	http_free(http);
}
END_TEST

START_TEST(test_redis_stopped)
{
	struct http *http = stack_http();

	live_redis_stop();
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(http_get(http, C721 "/nfts/3"), 200);
	live_redis_resume();
	ck_assert_int_eq(http_get(http, C721 "/nfts/3"), 200);
	http_free(http);
}
END_TEST

/* Started without a database: the server comes up, live but not ready. */
START_TEST(test_start_without_database)
{
	struct http *http = stack_http();
	int64_t until = clock_mono_ns() + INT64_C(30000000000);

	stack_market_stop();
	live_pg_stop();
	stack_market_begin();
	while (http_get(http, "/health/live") != 200 && clock_mono_ns() < until)
		poll(NULL, 0, 20);
	ck_assert_int_eq(http->status, 200);
	ck_assert_int_eq(http_get(http, "/health/ready"), 503);
	live_pg_resume();
	stack_wait_ready();
	comes_back(http);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, test_redis_stopped, test_database_stopped,
	   test_database_restarted, test_database_locked, test_database_hangs,
	   test_start_without_database)
