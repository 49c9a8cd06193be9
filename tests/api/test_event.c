/* The event queue: pages, statuses, retries. */
#include "suite.h"

#include <stdio.h>
#include "api/ask.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/key.h"
#include "net/pg.h"

#define EVENTS "/api/admin/events"

static struct env *env;
static char key[KEY_TEXT];

/* Events 1 … 30 of no live relay. */
static void begin(void)
{
	env = new_env();
	live_pg_sql(
		"DELETE FROM such_market.cache_relays; DELETE FROM such_market.cache_events;"
		"DELETE FROM such_market.api_keys");
	ck_assert_int_eq(key_create(env, "op", ROLE_OPERATOR, key), RC_OK);
	live_pg_sql(
		"TRUNCATE such_market.cache_events RESTART IDENTITY;"
		"INSERT INTO such_market.cache_events (kind, tags)"
		" SELECT 'cache_cleared', ARRAY['u:' || n] FROM generate_series(1, 30) AS n");
}

static struct reply list(const char *query)
{
	return ask(env, &(struct ask){ .path = EVENTS, .query = query, .api_key = key });
}

static struct reply retry(const char *id)
{
	return ask(env,
		   &(struct ask){ .method = "POST",
				  .path = arena_printf(env->arena, EVENTS "/%s/retry", id).ptr,
				  .api_key = key });
}

static void relay_at(const char *machine, const char *position)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO such_market.cache_relays (machine, mapping, epoch, position)"
		 " VALUES ('%s', 'm', 'e', %s) ON CONFLICT (machine) DO UPDATE SET"
		 " position = excluded.position, seen_at = clock_timestamp()",
		 machine, position);
	live_pg_sql(sql);
}

static int count_of(const char *status)
{
	char query[64];
	int n = 0;

	snprintf(query, sizeof(query), "limit=100&status=%s", status);
	struct reply r = list(query);
	ck_assert_int_eq(r.status, 200);
	struct str events = BODY(env, r, "events");
	for (size_t i = 0; i + 5 <= events.len; i++)
		n += memcmp(events.ptr + i, "{\"id\"", 5) == 0;
	return n;
}

START_TEST(test_pages)
{
	begin();
	struct reply r = list("limit=20");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "events.0.id"), "30");
	ck_str(BODY(env, r, "events.0.kind"), "\"cache_cleared\"");
	ck_str(BODY(env, r, "events.0.status"), "\"pending\"");
	ck_str(BODY(env, r, "events.0.tags"), "[\"u:30\"]");
	ck_str(BODY(env, r, "events.0.attempts"), "1");
	ck_str(BODY(env, r, "events.0.error"), "null");
	ck_str(BODY(env, r, "events.19.id"), "11");
	struct str cursor = BODY(env, r, "nextCursor");
	struct str query = arena_printf(env->arena, "limit=20&cursor=" STR_FMT,
					(int)cursor.len - 2, cursor.ptr + 1);
	r = list(arena_strz(env->arena, query));
	ck_str(BODY(env, r, "events.0.id"), "10");
	ck_str(BODY(env, r, "events.9.id"), "1");
	ck_str(BODY(env, r, "nextCursor"), "null");
	/* A cursor is of one list. */
	query = arena_printf(env->arena, "status=done&cursor=" STR_FMT, (int)cursor.len - 2,
			     cursor.ptr + 1);
	r = list(arena_strz(env->arena, query));
	ck_problem(env, &r, 400, "invalid_cursor");
	r = list("status=lost");
	ck_problem(env, &r, 400, "invalid_parameter");
	free_env(env);
}
END_TEST

/* Done is what every relay that lives has passed. */
START_TEST(test_statuses)
{
	begin();
	ck_assert_int_eq(count_of("pending"), 30);
	ck_assert_int_eq(count_of("done"), 0);
	relay_at("a", "'1:1:'");
	ck_assert_int_eq(count_of("pending"), 30);
	relay_at("b", "pg_current_snapshot()");
	ck_assert_int_eq(count_of("processing"), 30);
	ck_assert_int_eq(count_of("pending"), 0);
	relay_at("a", "pg_current_snapshot()");
	ck_assert_int_eq(count_of("done"), 30);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags)"
		    " VALUES ('cache_cleared', '{u:31}')");
	ck_assert_int_eq(count_of("pending"), 1);
	ck_assert_int_eq(count_of("done"), 30);
	/* One that is gone holds nothing up. */
	live_pg_sql("UPDATE such_market.cache_relays SET position = '1:1:',"
		    " seen_at = now() - interval '1 minute' WHERE machine = 'a'");
	relay_at("b", "pg_current_snapshot()");
	ck_assert_int_eq(count_of("done"), 31);
	live_pg_sql("SELECT such_market.cache_park(7, 'no reason')");
	ck_assert_int_eq(count_of("done"), 30);
	struct reply r = list("status=failed");
	ck_str(BODY(env, r, "events.0.id"), "7");
	ck_str(BODY(env, r, "events.0.error"), "\"no reason\"");
	ck_str(BODY(env, r, "events.0.status"), "\"failed\"");
	free_env(env);
}
END_TEST

START_TEST(test_retry)
{
	begin();
	live_pg_sql("SELECT such_market.cache_park(9, 'why')");
	struct reply r = retry("9");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "id"), "9");
	ck_str(BODY(env, r, "retriedBy"), "31");
	ck_str(BODY(env, r, "already"), "false");
	r = retry("9");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "retriedBy"), "31");
	ck_str(BODY(env, r, "already"), "true");
	r = list("limit=1");
	ck_str(BODY(env, r, "events.0.id"), "31");
	ck_str(BODY(env, r, "events.0.attempts"), "2");
	ck_str(BODY(env, r, "events.0.tags"), "[\"u:9\"]");
	r = retry("8");
	ck_problem(env, &r, 409, "event_not_failed");
	r = retry("4711");
	ck_problem(env, &r, 404, "event_not_found");
	r = retry("x");
	ck_problem(env, &r, 400, "invalid_event");
	r = retry("-1");
	ck_problem(env, &r, 400, "invalid_event");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_pages, test_statuses, test_retry)
