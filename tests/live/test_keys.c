/*
 * Keys through nginx: every route of the program's own table with no key, a wrong one, a
 * revoked one and each role; what wrong keys cost; how soon a revoked one is dead.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/role.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "live/keys.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721
#define KEYS 64
#define NS   INT64_C(1000000000)

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static void start(void)
{
	stack_start();
	fixture_import();
	keys_make();
}

START_TEST(test_every_route)
{
	keys_walk(false);
}
END_TEST

static int wrong_key(struct http *http, const char *address)
{
	return http_ask(http, &(struct http_ask){ .path = "/api/admin/audit",
						  .headers = { address, "X-API-Key: sm_no" } });
}

/* Counted over all workers; a key that is right passes; none at all is not counted. */
START_TEST(test_wrong_keys)
{
	const char *from = "X-Real-IP: 2001:db8:7::1", *near = "X-Real-IP: 2001:db8:7::2";
	struct http *http = stack_http();
	char right[128];

	snprintf(right, sizeof(right), "Authorization: Bearer %s", keys[ROLE_ADMIN]);
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(http_ask(http, &(struct http_ask){ .path = "/api/admin/audit",
								    .headers = { from } }),
				 401);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(wrong_key(http, i % 2 ? from : near), 401);
	wrong_key(http, from);
	http_problem_is(http, 429, "too_many_wrong_keys");
	long wait = number(http_header(http, "Retry-After"));
	ck_assert_int_ge(wait, 1);
	ck_assert_int_le(wait, 60);
	ck_assert_int_eq(http_ask(http, &(struct http_ask){ .path = "/api/admin/audit",
							    .headers = { from, right } }),
			 200);
	ck_assert_int_eq(http_ask(http, &(struct http_ask){ .path = "/api/admin/audit",
							    .headers = { from } }),
			 401);
	ck_assert_int_eq(wrong_key(http, "X-Real-IP: 2001:db8:8::1"), 401);
	http_free(http);
}
END_TEST

/* Nanoseconds until a key that works is refused. */
static int64_t dies(struct http *http, const char *key, const char *name)
{
	char sql[200];
	int64_t begin;

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/audit", key), 200);
	snprintf(sql, sizeof(sql),
		 "UPDATE such_market.api_keys SET revoked_at = now() WHERE name = '%s'", name);
	live_pg_sql(sql);
	begin = clock_mono_ns();
	while (keys_ask(http, NULL, "/api/admin/audit", key) != 401)
		ck_assert_int_lt(clock_mono_ns() - begin, 20 * NS);
	int64_t took = clock_mono_ns() - begin;
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/audit", key), 401);
	return took;
}

/* By hand in psql, so nobody tells this machine but its relay; X is 150 ms, and the test
 * computer may be busy. */
START_TEST(test_revoked_healthy)
{
	struct http *http = stack_http();
	char key[KEY_BYTES];

	keys_make_one("admin", "healthy", key);
	ck_assert_int_lt(dies(http, key, "healthy"), NS);
	http_free(http);
}
END_TEST

static pid_t relay_of_stack(void)
{
	pid_t pid[4];

	ck_assert_uint_ge(stack_children("relay", pid, 4), 1);
	return pid[0];
}

/* Without a relay, which cannot even say that it is gone: T. */
START_TEST(test_revoked_without_relay)
{
	struct http *http = stack_http();
	pid_t relay = relay_of_stack();
	char key[KEY_BYTES];

	keys_make_one("admin", "unheard", key);
	ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/audit", key), 200);
	kill(relay, SIGSTOP);
	int64_t took = dies(http, key, "unheard");
	kill(relay, SIGCONT);
	ck_assert_int_lt(took, 2 * NS + NS / 2);
	http_free(http);
}
END_TEST

/* The word's own machine refuses it as soon as the word has ended. */
START_TEST(test_revoked_by_word)
{
	struct http *http = stack_http();
	char key[KEY_BYTES];

	keys_make_one("viewer", "worded", key);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/ownership/stats", key), 200);
	ck_assert_int_eq(STACK_RUN("key", "revoke", "--name", "worded"), 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/ownership/stats", key), 401);
	http_free(http);
}
END_TEST

/* Refused however it is written, and in no log. */
START_TEST(test_key_in_query)
{
	static const struct {
		const char *before;
		size_t skip; /* of the key: written before */
		const char *after;
	} queries[] = { { "?api_key=", 0, "" },
			{ "?", 0, "" },
			{ "?a=b&key=", 0, "&c=d" },
			{ "?x=%73m_", 3, "" },
			{ "?Bearer+", 0, "" } };
	struct http *http = stack_http();
	char path[300];

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		snprintf(path, sizeof(path), C721 "%s%s%s", queries[i].before,
			 keys[ROLE_VIEWER] + queries[i].skip, queries[i].after);
		http_get(http, path);
		http_problem_is(http, 400, "key_in_query");
	}
	snprintf(path, sizeof(path), "X-Request-Id: %s", keys[ROLE_VIEWER]);
	http_ask(http, &(struct http_ask){ .path = C721, .headers = { path } });
	ck_assert_str_ne(http_header(http, "X-Request-Id"), keys[ROLE_VIEWER]);
	snprintf(path, sizeof(path), "/api/%s", keys[ROLE_VIEWER]);
	ck_assert_int_eq(http_get(http, path), 404);
	for (int r = 0; r <= ROLE_ADMIN; r++) {
		ck_assert_int_eq(stack_log_count(keys[r] + 3), 0);
		ck_assert_int_eq(stack_access_log_count(keys[r] + 3), 0);
		ck_assert_int_eq(stack_nginx_log_count(keys[r] + 3), 0);
	}
	ck_assert_int_gt(stack_access_log_count("GET " C721 " HTTP"), 0);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_every_route, test_wrong_keys, test_revoked_healthy,
	   test_revoked_without_relay, test_revoked_by_word, test_key_in_query)
