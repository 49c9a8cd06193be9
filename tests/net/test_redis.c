/* One connection to Redis: URLs, passwords, and servers that stop or go away. */
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/live_redis.h"
#include "net/redis.h"
#include "net/redis_url.h"

#define MS       INT64_C(1000000)
#define PASSWORD "pass word%:@/"

static struct redis_options budget = {
	.url = "", .connect_ms = 500, .budget_ms = 300, .password = PASSWORD
};

static void start(void)
{
	signal(SIGPIPE, SIG_IGN);
	live_redis_start_with(PASSWORD);
	budget.url = live_redis_url();
}

static void await_ping(struct redis *redis)
{
	int64_t ns, until = clock_mono_ns() + 20000 * MS;
	while (redis_ping(redis, &ns) != RC_OK) {
		ck_assert_msg(clock_mono_ns() < until, "%s", redis_error(redis));
		poll(NULL, 0, 5);
	}
}

START_TEST(urls)
{
	static const struct {
		const char *url, *path, *host;
		int port;
		const char *user, *password;
		int db;
	} rows[] = {
		{ "redis://h", NULL, "h", 6379, NULL, NULL, 0 },
		{ "redis://h/", NULL, "h", 6379, NULL, NULL, 0 },
		{ "redis://h:1/2", NULL, "h", 1, NULL, NULL, 2 },
		{ "redis://h:65535?db=3", NULL, "h", 65535, NULL, NULL, 3 },
		{ "redis://:secret@h:1", NULL, "h", 1, NULL, "secret", 0 },
		{ "redis://u:a%40b%2Fc@h", NULL, "h", 6379, "u", "a@b/c", 0 },
		{ "redis://u:a@b@h", NULL, "h", 6379, "u", "a@b", 0 },
		{ "redis://u:a:b@h", NULL, "h", 6379, "u", "a:b", 0 },
		{ "redis://[::1]:7", NULL, "::1", 7, NULL, NULL, 0 },
		{ "redis://[::1]/4", NULL, "::1", 6379, NULL, NULL, 4 },
		{ "/run/r.sock", "/run/r.sock", NULL, 0, NULL, NULL, 0 },
		{ "unix:///run/r.sock", "/run/r.sock", NULL, 0, NULL, NULL, 0 },
		{ "unix:///run/r.sock?db=9", "/run/r.sock", NULL, 0, NULL, NULL, 9 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct redis_where where = { 0 };
		const char *why = "";
		ck_assert_msg(redis_url_read(rows[i].url, &where, &why) == RC_OK, "%s: %s",
			      rows[i].url, why);
		ck_assert_pstr_eq(where.path, rows[i].path);
		ck_assert_pstr_eq(where.host, rows[i].host);
		ck_assert_int_eq(where.port, rows[i].port);
		ck_assert_pstr_eq(where.user, rows[i].user);
		ck_assert_pstr_eq(where.password, rows[i].password);
		ck_assert_int_eq(where.db, rows[i].db);
		redis_where_release(&where);
	}
}
END_TEST

START_TEST(refused_urls)
{
	static const struct {
		const char *url, *words;
	} rows[] = {
		{ "rediss://h:6380", "stunnel" },
		{ "rediss://h:6380", "docs/operations.md, Redis over TLS" },
		{ "https://x.upstash.io", "REST" },
		{ "https://x.upstash.io", "docs/operations.md, Redis over TLS" },
		{ "http://x", "REST" },
		{ "", "begins with" },
		{ "h:6379", "begins with" },
		{ "mysql://h", "begins with" },
		{ "redis://", "host" },
		{ "redis://:secret@", "host" },
		{ "redis://:secret@:6379", "host" },
		{ "redis://[::1]x", "host" },
		{ "redis://[]:1", "host" },
		{ "redis://h:0", "port" },
		{ "redis://h:65536", "port" },
		{ "redis://h:x", "port" },
		{ "redis://h/x", "database" },
		{ "redis://h/-1", "database" },
		{ "redis://h/65536", "database" },
		{ "redis://h?tls=1", "db=N" },
		{ "redis://:%4@h", "percent" },
		{ "redis://:%zz@h", "percent" },
		{ "redis://:%00@h", "percent" },
		{ "redis://%zz:secret@h", "percent" },
		{ "unix://", "path" },
		{ "unix:///a?x=1", "db=N" },
		{ "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/"
		  "0123456789/0123456789/012345678",
		  "path" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *why = "";
		ck_assert_msg(redis_url_check(rows[i].url, &why) == RC_INVALID, "%s",
			      rows[i].url);
		ck_assert_msg(strstr(why, rows[i].words), "%s: %s", rows[i].url, why);
		ck_assert_ptr_null(strstr(why, "secret"));
	}
	const char *why = "";
	ck_assert_int_eq(redis_url_check("redis://h", &why), RC_OK);
}
END_TEST

START_TEST(nothing_configured_is_off)
{
	struct redis_options off = {
		.url = "", .host = "", .connect_ms = 100, .budget_ms = 20
	};
	int64_t ns;
	struct redis *redis = redis_new(&off);
	ck_assert(!redis_configured(redis));
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	redis_free(redis);
	off.url = "https://x";
	redis = redis_new(&off);
	ck_assert(!redis_configured(redis));
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "REST"));
	redis_free(redis);
	redis_free(NULL);
}
END_TEST

START_TEST(host_and_port_stand_for_a_url)
{
	struct redis_options parts = {
		.url = "", .host = "127.0.0.1", .port = 1, .connect_ms = 500, .budget_ms = 20
	};
	int64_t ns;
	struct redis *redis = redis_new(&parts);
	ck_assert(redis_configured(redis));
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "refused"));
	redis_free(redis);
}
END_TEST

START_TEST(ping_with_a_password)
{
	int64_t ns = -1;
	struct redis *redis = redis_new(&budget);
	ck_assert(redis_configured(redis));
	ck_assert_msg(redis_ping(redis, &ns) == RC_OK, "%s", redis_error(redis));
	ck_assert_int_gt(ns, 0);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_OK);
	redis_free(redis);
}
END_TEST

START_TEST(a_wrong_or_missing_password_is_unavailable)
{
	int64_t ns;
	struct redis_options wrong = budget;
	wrong.password = "wrong";
	struct redis *redis = redis_new(&wrong);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "WRONGPASS"));
	ck_assert_ptr_null(strstr(redis_error(redis), "wrong"));
	redis_free(redis);
	wrong.password = "";
	redis = redis_new(&wrong);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "NOAUTH"));
	redis_free(redis);
}
END_TEST

START_TEST(a_database_is_selected)
{
	static const struct {
		int db;
		enum rc rc;
	} rows[] = { { 0, RC_OK }, { 15, RC_OK }, { 16, RC_UNAVAILABLE } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char url[512];
		int64_t ns;
		struct redis_options with = budget;
		snprintf(url, sizeof(url), "%s?db=%d", live_redis_url(), rows[i].db);
		with.url = url;
		struct redis *redis = redis_new(&with);
		ck_assert_msg(redis_ping(redis, &ns) == rows[i].rc, "%d: %s", rows[i].db,
			      redis_error(redis));
		redis_free(redis);
	}
}
END_TEST

START_TEST(a_stopped_server_costs_the_budget_once)
{
	int64_t ns;
	struct redis *redis = redis_new(&budget);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_OK);
	ck_assert_int_eq(kill(live_redis_pid(), SIGSTOP), 0);
	int64_t from = clock_mono_ns();
	ck_assert_int_eq(redis_ping(redis, &ns), RC_TIMEOUT);
	int64_t took = clock_mono_ns() - from;
	ck_assert_int_ge(took, 290 * MS);
	ck_assert_int_lt(took, 3000 * MS);
	from = clock_mono_ns(); /* connects (the backlog takes it), greets in vain, backs off */
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_int_lt(clock_mono_ns() - from, 3000 * MS);
	from = clock_mono_ns();
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_int_lt(clock_mono_ns() - from, 250 * MS);
	kill(live_redis_pid(), SIGCONT);
	await_ping(redis);
	redis_free(redis);
}
END_TEST

START_TEST(a_restart_is_survived)
{
	int64_t ns;
	struct redis *redis = redis_new(&budget);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_OK);
	live_redis_stop();
	live_redis_resume();
	ck_assert_int_eq(redis_ping(redis, &ns), RC_OK);
	live_redis_stop();
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	ck_assert_int_eq(redis_ping(redis, &ns), RC_UNAVAILABLE);
	live_redis_resume();
	await_ping(redis);
	redis_free(redis);
}
END_TEST

SUITE_WITH(start, live_redis_done, 60, urls, refused_urls, nothing_configured_is_off,
	   host_and_port_stand_for_a_url, ping_with_a_password,
	   a_wrong_or_missing_password_is_unavailable, a_database_is_selected,
	   a_stopped_server_costs_the_budget_once, a_restart_is_survived)
