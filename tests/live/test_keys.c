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

#define ROUNDS 7

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* By hand in psql, so nobody tells this machine but its relay, which asks each 100 ms; X is 150
 * ms.  The test computer may be busy in some of the rounds. */
START_TEST(test_revoked_healthy)
{
	struct http *http = stack_http();
	int64_t took[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		char key[KEY_BYTES], name[16];

		snprintf(name, sizeof(name), "healthy%d", i);
		keys_make_one("admin", name, key);
		took[i] = dies(http, key, name);
	}
	qsort(took, ROUNDS, sizeof(*took), by_time);
	ck_assert_int_lt(took[ROUNDS / 2], 300 * NS / 1000);
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

/* A key with some of its characters percent-encoded, in either case of the digits. */
static const struct {
	unsigned mask; /* of eight characters, over and over, those that are encoded */
	const char *digits;
} writings[] = { { 0, "" },
		 { 1, "0123456789abcdef" },
		 { 2, "0123456789ABCDEF" },
		 { 4, "0123456789abcdef" },
		 { 7, "0123456789ABCDEF" },
		 { 0xf0, "0123456789ABCDEF" },
		 { 0xff, "0123456789abcdef" } };
#define WRITINGS (sizeof(writings) / sizeof(*writings))

static const char *key_written(size_t how)
{
	static char text[3 * KEY_BYTES + 1];
	const char *key = keys[ROLE_VIEWER];
	size_t len = 0;

	for (size_t i = 0; key[i]; i++)
		if (writings[how].mask >> i % 8 & 1) {
			text[len++] = '%';
			text[len++] = writings[how].digits[key[i] >> 4];
			text[len++] = writings[how].digits[key[i] & 15];
		} else {
			text[len++] = key[i];
		}
	text[len] = '\0';
	return text;
}

static void in_no_log(const char *text)
{
	ck_assert_msg(stack_log_count(text) == 0, "%s is logged", text);
	ck_assert_msg(stack_access_log_count(text) == 0, "%s is in the access log", text);
	ck_assert_msg(stack_nginx_log_count(text) == 0, "%s is in nginx's error log", text);
}

static void is_refused(struct http *http, const char *method, const char *path)
{
	http_ask(http, &(struct http_ask){ .method = method, .path = path });
	http_problem_is(http, 400, "key_in_query");
	ck_assert_str_eq(http_header(http, "Cache-Control"), "no-store");
	ck_assert_str_eq(http_header(http, "X-Content-Type-Options"), "nosniff");
}

/* Whatever is asked for, in a query or a path, known or not. */
static void refuses_all(struct http *http)
{
	static const struct {
		const char *method, *before, *after;
	} asks[] = {
		{ "GET", C721 "?api_key=", "" },     { "GET", C721 "?", "" },
		{ "GET", C721 "?a=b&key=", "&c=d" }, { "GET", C721 "?Bearer+", "" },
		{ "GET", "/api/collection/", "" },   { "GET", "/api/", "/x" },
		{ "GET", "/nowhere?", "" },          { "OPTIONS", C721 "?", "" },
		{ "DELETE", C721 "?k=", "" },        { "POST", "/api/collections?k=", "" },
		{ "GET", "/metrics?", "" },          { "GET", "/api/admin/audit?k=", "" },
	};
	char path[400];

	for (size_t how = 0; how < WRITINGS; how++) {
		for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
			snprintf(path, sizeof(path), "%s%s%s", asks[i].before, key_written(how),
				 asks[i].after);
			is_refused(http, asks[i].method, path);
		}
		in_no_log(key_written(how));
	}
	in_no_log(keys[ROLE_VIEWER] + 3);
}

/* nginx tells its error log of bodies that are too large, with the whole address. */
static void refuses_large(struct http *http)
{
	size_t len = (size_t)2 << 20;
	char *body = mem_alloc(len), path[400];

	memset(body, 'a', len);
	snprintf(path, sizeof(path), "/api/collections?k=%s", keys[ROLE_VIEWER]);
	http_ask(http,
		 &(struct http_ask){ .method = "POST", .path = path, .body = { body, len } });
	http_problem_is(http, 400, "key_in_query");
	free(body);
	in_no_log(keys[ROLE_VIEWER] + 3);
}

START_TEST(test_key_in_query)
{
	struct http *http = stack_http();
	char path[300];

	refuses_all(http);
	refuses_large(http);
	snprintf(path, sizeof(path), "X-Request-Id: %s", keys[ROLE_VIEWER]);
	http_ask(http, &(struct http_ask){ .path = C721, .headers = { path } });
	ck_assert_str_ne(http_header(http, "X-Request-Id"), keys[ROLE_VIEWER]);
	snprintf(path, sizeof(path), C721 "?k=%.45s", keys[ROLE_VIEWER]); /* a part of one */
	ck_assert_int_eq(http_get(http, path), 200);
	for (int r = 0; r <= ROLE_ADMIN; r++)
		in_no_log(keys[r] + 3);
	ck_assert_int_gt(stack_access_log_count("GET " C721 " HTTP"), 0);
	ck_assert_int_gt(stack_access_log_count("GET (hidden) HTTP"), 0);
	http_free(http);
}
END_TEST

/* The error log has whole requests then. */
START_TEST(test_key_in_query_while_away)
{
	struct http *http = stack_http();

	stack_market_stop();
	ck_assert_int_eq(http_get(http, C721 "?told=whole"), 503);
	ck_assert_int_gt(stack_nginx_log_count("?told=whole"), 0);
	refuses_all(http);
	stack_market_resume();
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_every_route, test_wrong_keys, test_revoked_healthy,
	   test_revoked_without_relay, test_revoked_by_word, test_key_in_query,
	   test_key_in_query_while_away)
