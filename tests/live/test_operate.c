/*
 * An operator's day, through nginx: the report of the counters, reset and save, the state of
 * every process, alerts raised by stopping Redis and PostgreSQL and resolved by starting them,
 * metrics.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"
#include "lib/stack.h"
#include "suite.h"

#define C721    "/api/collection/" FIXTURE_721
#define REPORT  "/api/admin/cache/metrics"
#define STATUS  "/api/services/status"
#define WAIT_NS INT64_C(30000000000)

static struct http *http;
static char viewer[128], operator[128];

static void make_key(const char *role, char ret[128])
{
	char option[32], name[32];

	snprintf(option, sizeof(option), "--role=%s", role);
	snprintf(name, sizeof(name), "--name=%s", role);
	ck_assert_int_eq(STACK_RUN("key", "create", option, name), 0);
	snprintf(ret, 128, "X-API-Key: %.46s", strstr(stack_output(), "sm_"));
}

static void start(void)
{
	stack_start_with("workers = 2\nanalytics_interval = 50ms\nperformance_step = 20ms\n");
	fixture_import();
	make_key("viewer", viewer);
	make_key("operator", operator);
}

static int get_as(const char *key, const char *path)
{
	return http_ask(http, &(struct http_ask){ .path = path, .headers = { key } });
}

static int post_as(const char *key, const char *path, const char *body)
{
	return http_ask(http, &(struct http_ask){
				      .method = "POST",
				      .path = path,
				      .body = str_of(body),
				      .headers = { key, "Content-Type: application/json" } });
}

/* Asks for the report until a number in it is this one. */
static void wait_num(const char *path, const char *at, int64_t n)
{
	int64_t until = clock_mono_ns() + WAIT_NS, have = -1;

	do {
		ck_assert_int_eq(get_as(viewer, path), 200);
		have = http_at(http, at) ? http_num(http, at) : -1;
		if (have != n)
			poll(NULL, 0, 10);
	} while (have != n && clock_mono_ns() < until);
	ck_assert_msg(have == n, "%s is %lld, not %lld", at, (long long)have, (long long)n);
}

START_TEST(report_says_what_was_asked)
{
	http = stack_http();
	ck_assert_int_eq(post_as(operator, REPORT, "{\"action\":\"reset\"}"), 200);
	ck_assert_str_eq(http_text(http, "action"), "reset");
	live_pg_sql(
		"DO $$ BEGIN ASSERT (SELECT string_agg(outcome, ' ' ORDER BY id) = 'begun done'"
		" FROM such_market.audit_log WHERE route = '" REPORT "'); END $$");
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(http_get(http, C721 "/nfts/3"), 200);
	ck_assert_int_eq(
		http_ask(http, &(struct http_ask){ .path = C721 "/nfts/3",
						   .headers = { "If-None-Match: *" } }),
		304);
	ck_assert_int_eq(http_get(http, C721 "/nfts/99999"), 404);
#define TOKEN "analytics.breakdown.byEndpoint.GET /api/collection/{address}/nfts/{tokenId}"
	wait_num(REPORT, TOKEN ".requests", 32);
	ck_assert_int_eq(http_num(http, TOKEN ".byStatus.2xx"), 30);
	ck_assert_int_eq(http_num(http, TOKEN ".byStatus.3xx"), 1);
	ck_assert_int_eq(http_num(http, TOKEN ".byStatus.4xx"), 1);
	ck_assert_int_eq(http_num(http, "analytics.breakdown.byCacheType.nft.reads"), 32);
	ck_assert_int_ge(http_num(http, "analytics.breakdown.byCacheType.nft.hit"), 20);
	ck_assert_int_ge(http_num(http, "analytics.breakdown.byTier.hot.reads"), 32);
	ck_assert_int_ge(http_num(http, "analytics.breakdown.byTier.memory.hit"), 20);
	ck_assert_str_eq(http_text(http, "analytics.breakdown.byCollection.0.contractAddress"),
			 FIXTURE_721);
	ck_assert_int_le(http_num(http, "analytics.breakdown.byCollection.0.reads"), 31);
	ck_assert_uint_eq(http_count(http, "analytics.breakdown.byTimeRange"), 60);
	ck_assert_str_eq(http_text(http, "source"), "redis");
	ck_assert_int_ge(http_num(http, "analytics.overview.totalRequests"), 33);
	/* Days say the same, and reset takes all of it away. */
	wait_num(REPORT "?range=7d", TOKEN ".requests", 32);
	ck_assert_int_eq(post_as(operator, REPORT, "{\"action\":\"reset\"}"), 200);
	ck_assert_int_eq(get_as(viewer, REPORT), 200);
	ck_assert_msg(!http_at(http, TOKEN), "%s", http->body.ptr);
	http_free(http);
}
END_TEST

START_TEST(report_is_saved)
{
	http = stack_http();
	ck_assert_int_eq(post_as(operator, REPORT "?range=7d", "{\"action\":\"save\"}"), 200);
	ck_assert_int_ge(http_num(http, "snapshotId"), 1);
	ck_assert_ptr_nonnull(http_text(http, "savedAt"));
	live_pg_sql(
		"DO $$ BEGIN ASSERT (SELECT count(*) = 1 FROM such_market.analytics_snapshots"
		" WHERE time_range = '7d' AND report->'analytics' ? 'overview'); END $$");
	char url[80], at[40];
	snprintf(url, sizeof(url), "%s", http_text(http, "snapshotUrl"));
	snprintf(at, sizeof(at), "%s", http_text(http, "savedAt"));
	ck_assert_int_eq(get_as(viewer, url), 200);
	ck_assert_str_eq(http_text(http, "range"), "7d");
	ck_assert_str_le(http_text(http, "timestamp"), at);
	ck_assert_ptr_nonnull(http_at(http, "analytics.overview.totalRequests"));
	get_as(viewer, REPORT "?snapshot=4711");
	http_problem_is(http, 404, "snapshot_not_found");
	get_as(viewer, REPORT "?snapshot=0");
	http_problem_is(http, 400, "invalid_parameter");
	http_free(http);
}
END_TEST

START_TEST(bad_input)
{
	static const struct {
		const char *path, *body, *code;
	} posts[] = {
		{ REPORT, "{\"action\":\"destroy\"}", "invalid_action" },
		{ REPORT, "{\"action\":7}", "invalid_action" },
		{ REPORT, "{}", "invalid_action" },
		{ REPORT, "{\"action\":\"save\"", "invalid_body" },
		{ REPORT, "[]", "invalid_body" },
		{ REPORT "?range=1y", "{\"action\":\"save\"}", "invalid_parameter" },
	};

	http = stack_http();
	for (size_t i = 0; i < COUNT_OF(posts); i++) {
		post_as(operator, posts[i].path, posts[i].body);
		http_problem_is(http, 400, posts[i].code);
	}
	get_as(viewer, REPORT "?range=2h");
	http_problem_is(http, 400, "invalid_parameter");
	get_as(viewer, REPORT "?range=1h&range=5m");
	http_problem_is(http, 400, "repeated_parameter");
	post_as(viewer, REPORT, "{\"action\":\"reset\"}");
	http_problem_is(http, 403, "forbidden");
	http_get(http, REPORT);
	http_problem_is(http, 401, "unauthenticated");
	http_get(http, STATUS);
	http_problem_is(http, 401, "unauthenticated");
	http_free(http);
}
END_TEST

/* The place of the first process of a role; -1: none. */
static int find_role(const char *role)
{
	char at[64];
	size_t n = http_count(http, "machines.0.processes");

	for (size_t i = 0; i < n; i++) {
		snprintf(at, sizeof(at), "machines.0.processes.%zu.role", i);
		if (strcmp(http_text(http, at), role) == 0)
			return (int)i;
	}
	return -1;
}

START_TEST(status_shows_every_process)
{
	static const char *const roles[] = { "hot", "slow", "relay", "ticker", "runner" };
	int64_t until = clock_mono_ns() + WAIT_NS, restarts = 0;
	pid_t pids[16];
	char at[64];

	http = stack_http();
	ck_assert_int_eq(get_as(viewer, STATUS), 200);
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		ck_assert_msg(find_role(roles[i]) >= 0, "no %s in %s", roles[i],
			      http->body.ptr);
	snprintf(at, sizeof(at), "machines.0.processes.%d.state", find_role("slow"));
	ck_assert_ptr_nonnull(http_text(http, at));
	ck_assert_str_eq(http_text(http, "machines.0.dependencies.postgres.status"), "ok");
	ck_assert_str_eq(http_text(http, "machines.0.dependencies.redis.status"), "ok");
	ck_assert_uint_gt(stack_workers(pids, COUNT_OF(pids)), 0);
	ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
	while (restarts == 0 && clock_mono_ns() < until) {
		get_as(viewer, STATUS);
		for (size_t i = 0;
		     http->status == 200 && i < http_count(http, "machines.0.processes"); i++) {
			snprintf(at, sizeof(at), "machines.0.processes.%zu.restarts", i);
			restarts += http_num(http, at);
		}
	}
	ck_assert_int_ge(restarts, 1);
	http_free(http);
}
END_TEST

/* 1: it is raised, 0: it was and is resolved, -1: it never was. */
static int alert_is(const char *name)
{
	char at[64];

	ck_assert_int_eq(get_as(viewer, REPORT), 200);
	for (size_t i = 0; i < http_count(http, "analytics.alerts"); i++) {
		snprintf(at, sizeof(at), "analytics.alerts.%zu.id", i);
		if (strcmp(http_text(http, at), name) != 0)
			continue;
		snprintf(at, sizeof(at), "analytics.alerts.%zu.resolvedAt", i);
		return http_null(http, at);
	}
	return -1;
}

static void wait_alert(const char *name, int state)
{
	int64_t until = clock_mono_ns() + WAIT_NS;

	while (alert_is(name) != state) {
		ck_assert_msg(clock_mono_ns() < until, "%s is not %d: %s", name, state,
			      http->body.ptr);
		poll(NULL, 0, 20);
	}
}

/* Each worker finds out for itself that Redis is back. */
static void wait_source(const char *source)
{
	int64_t until = clock_mono_ns() + WAIT_NS;

	while (get_as(viewer, REPORT) != 200 ||
	       strcmp(http_text(http, "source"), source) != 0) {
		ck_assert_msg(clock_mono_ns() < until, "not from %s: %s", source,
			      http->body.ptr);
		poll(NULL, 0, 20);
	}
}

START_TEST(alert_comes_and_goes)
{
	http = stack_http();
	ck_assert_int_eq(alert_is("redis_away"), -1);
	live_redis_stop();
	wait_alert("redis_away", 1);
	wait_alert("analytics_away", 1);
	ck_assert_str_eq(http_text(http, "source"), "local");
	ck_assert_str_ne(http_text(http, "health.status"), "healthy");
	ck_assert_int_ge(http_num(http, "analytics.overview.totalRequests"), 1);
	post_as(operator, REPORT, "{\"action\":\"reset\"}");
	http_problem_is(http, 503, "analytics_away");
	ck_assert_int_eq(get_as(viewer, STATUS), 200);
	ck_assert_str_eq(http_text(http, "machines.0.dependencies.redis.status"), "down");
	live_redis_resume();
	wait_alert("redis_away", 0);
	wait_alert("analytics_away", 0);
	wait_source("redis");
	ck_assert_int_ge(stack_log_count("alert=redis_away"), 2);
	http_free(http);
}
END_TEST

/* Whether GET /health, asked without a key, has the alert. */
static bool health_tells(const char *name)
{
	char at[64];

	http_get(http, "/health");
	for (size_t i = 0; i < http_count(http, "alerts"); i++) {
		snprintf(at, sizeof(at), "alerts.%zu.name", i);
		if (strcmp(http_text(http, at), name) == 0)
			return true;
	}
	return false;
}

static void wait_told(const char *name, bool told)
{
	int64_t until = clock_mono_ns() + INT64_C(10000000000);

	while (health_tells(name) != told) {
		ck_assert_msg(clock_mono_ns() < until, "%s %s told: %s", name,
			      told ? "is not" : "is", http->body.ptr);
		poll(NULL, 0, 20);
	}
}

static void wait_answer(const char *path, int status)
{
	int64_t until = clock_mono_ns() + WAIT_NS;

	while (get_as(viewer, path) != status) {
		ck_assert_msg(clock_mono_ns() < until, "%d, not %d", http->status, status);
		poll(NULL, 0, 20);
	}
}

/* While keys cannot be looked up, health says what is wrong to whoever asks. */
START_TEST(database_goes_and_comes)
{
	http = stack_http();
	wait_told("postgres_away", false);
	live_pg_stop();
	wait_told("postgres_away", true);
	ck_assert_int_eq(http->status, 503);
	ck_assert_str_eq(http_text(http, "alerts.0.severity"), "critical");
	ck_assert_ptr_nonnull(http_text(http, "alerts.0.since"));
	ck_assert_int_eq(http_num(http, "alerts.0.value"), 1);
	wait_answer(REPORT, 503);
	live_pg_resume();
	wait_told("postgres_away", false);
	wait_answer(REPORT, 200);
	wait_alert("postgres_away", 0);
	http_free(http);
}
END_TEST

/* promtool is the judge where it is installed; tests/api/test_metrics.c is one everywhere. */
START_TEST(metrics_are_clean)
{
	static const char *const wanted[] = {
		"such_market_route_requests_total{method=\"GET\",route=\"/health/"
		"live\",status=\"2xx\"}",
		"such_market_dependency_up{dependency=\"postgres\"} 1\n",
		"such_market_alert_active{alert=\"redis_away\",severity=\"warning\"} 0\n",
		"such_market_events{state=\"pending\"}",
		"such_market_horizon_transactions",
		"such_market_cache_reads_total{type=\"nft\",tier=\"memory\",outcome=\"hit\"}",
	};
	char command[512];

	http = stack_http();
	http_get(http, "/health/live");
	ck_assert_int_eq(get_as(viewer, "/metrics"), 200);
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		ck_assert_msg(strstr(http->body.ptr, wanted[i]), "no %s in %s", wanted[i],
			      http->body.ptr);
	if (access("/usr/bin/promtool", X_OK) == 0) {
		snprintf(command, sizeof(command), "promtool check metrics <%s",
			 stack_file("metrics", http->body.ptr));
		ck_assert_int_eq(system(command), 0);
	}
	http_free(http);
}
END_TEST

/* The commands between the lines ``` of a part of a page. */
static void read_commands(const char *page, const char *from, const char *to, struct buf *out)
{
	struct buf text;
	bool inside = false;

	buf_init(&text, NULL, BUF_NO_MAX);
	machine_read_file(page, &text);
	char *at = strstr(text.ptr, from), *last = at ? strstr(at, to) : NULL, *end;
	ck_assert_msg(last != NULL, "no part from %s to %s in %s", from, to, page);
	*last = '\0';
	for (; (end = strchr(at, '\n')); at = end + 1) {
		struct str line = { at, (size_t)(end - at) };

		at += strspn(at, " ");
		if (strncmp(at, "```", 3) == 0)
			inside = !inside;
		else if (inside) {
			buf_adds(out, line);
			buf_addc(out, '\n');
		}
	}
	buf_release(&text);
}

/* A new operator's walk, as docs/operations.md has it; each answer is a good one. */
START_TEST(walk_can_be_pasted)
{
	char page[512], command[600];
	struct buf script;

	if (access("/usr/bin/curl", X_OK) != 0)
		return;
	http = stack_http();
	stack_wait_ready();
	wait_source("redis");
	buf_init(&script, NULL, BUF_NO_MAX);
	buf_addf(&script,
		 "set -eu\nURL=http://localhost\nKEY='%s'\n"
		 "curl() { command curl --fail-with-body --unix-socket '%s' \"$@\"; }\n",
		 operator+ strlen("X-API-Key: "), stack_socket());
	snprintf(page, sizeof(page), "%s/docs/operations.md", machine_tree("top_srcdir", ".."));
	read_commands(page, "## Watching it", "### Alerts", &script);
	ck_assert_ptr_nonnull(strstr(script.ptr, "/api/admin/audit"));
	const char *file = stack_file("walk.sh", script.ptr);
	snprintf(command, sizeof(command),
		 "sh '%s' >'%s.out' 2>&1 || { cat '%s.out'; exit 1; }", file, file, file);
	ck_assert_int_eq(system(command), 0);
	/* It came to the end. */
	snprintf(command, sizeof(command), "tail -n 1 '%s.out' | grep -q '\"audit\":'", file);
	ck_assert_int_eq(system(command), 0);
	buf_release(&script);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, report_says_what_was_asked, report_is_saved, bad_input,
	   status_shows_every_process, alert_comes_and_goes, database_goes_and_comes,
	   metrics_are_clean, walk_can_be_pasted)
