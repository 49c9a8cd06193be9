/* What copies are good for while the database hangs or is away, and for how long. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "lib/await.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "suite.h"

#define C721  "/api/collection/" FIXTURE_721
#define KEPT  C721 "/nfts/3"
#define NS    INT64_C(1000000000)
#define STALE (2 * NS) /* stale_if_error */
#define LEASE (2 * NS)
#define SLACK (NS / 2)

enum seen {
	UNFLAGGED,
	FLAGGED,
	REFUSED
};

static void start(void)
{
	stack_start_with("stale_if_error = 2s\ndatabase_deadline = 500ms\n"
			 "database_connect_timeout = 500ms\n");
	fixture_import();
}

static bool says(struct http *http, const char *detail)
{
	const char *status = http_header(http, "Cache-Status");

	return status && strstr(status, detail);
}

/* Of what was kept; no other answer is right without a database. */
static enum seen look(struct http *http)
{
	if (http_get(http, KEPT) != 200) {
		http_problem_is(http, 503, "unavailable");
		ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
		return REFUSED;
	}
	if (says(http, "such-market; hit; detail=memory"))
		return UNFLAGGED;
	ck_assert(says(http, "such-market; hit; detail=stale"));
	return FLAGGED;
}

static void fill(struct http *http)
{
	AWAIT(http_get(http, KEPT) == 200 && says(http, "detail=memory"));
}

static void recovers(struct http *http)
{
	stack_wait_ready();
	fill(http);
}

/* No answer waits for it longer than a statement and a connect may take, and what was kept is
 * answered all the time. */
START_TEST(a_database_that_hangs)
{
	struct http *http = stack_http();
	int64_t begin;
	enum seen seen;

	fill(http);
	live_pg_hang(true);
	do {
		begin = clock_mono_ns();
		seen = look(http);
		ck_assert_int_lt(clock_mono_ns() - begin, NS + SLACK);
		ck_assert_int_ne(seen, REFUSED);
	} while (seen == UNFLAGGED);
	/* Nobody asked for it before; a worker waits for its statement or to connect. */
	ck_assert_int_eq(http_get(http, C721 "/nfts/98"), 503);
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	live_pg_hang(false);
	recovers(http);
	http_free(http);
}
END_TEST

/* Unflagged while the lease lasts, then flagged for stale_if_error, then none. */
START_TEST(flagged_copies_have_an_end)
{
	struct http *http = stack_http();
	int64_t flagged_ns = 0, last_ns = 0, away_ns;
	enum seen seen, before = UNFLAGGED;

	fill(http);
	live_pg_stop();
	away_ns = clock_mono_ns();
	while (before != REFUSED) {
		seen = look(http);
		ck_assert_int_ge(seen, before);
		last_ns = clock_mono_ns();
		if (seen == FLAGGED && !flagged_ns)
			flagged_ns = last_ns;
		before = seen;
		poll(NULL, 0, 10);
	}
	ck_assert_int_ne(flagged_ns, 0);
	ck_assert_int_ge(last_ns - away_ns, STALE);
	ck_assert_int_lt(last_ns - away_ns, LEASE + STALE + SLACK);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(look(http), REFUSED);
	ck_assert_int_eq(http_get(http, "/health/ready"), 503);
	live_pg_resume();
	recovers(http);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, a_database_that_hangs, flagged_copies_have_an_end)
