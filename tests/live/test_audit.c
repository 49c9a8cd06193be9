/* The audit log, totals of ownership and their recount, retention and logs, as an operator
 * meets them through nginx. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "live/keys.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721
#define MINT                                                                                   \
	"[{\"from\":null,\"to\":\"0x00000000000000000000000000000000000abc09\",\"tokenId\":"   \
	"\"900001\",\"quantity\":\"1\",\"transactionHash\":"                                   \
	"\"0x00000000000000000000000000000000000000000000000000000000000000aa\",\"logIndex\":" \
	"1,\"batchIndex\":0,\"blockNumber\":1,\"blockTime\":\"2026-01-01T00:00:00Z\"}]"

static long number(const char *text)
{
	return strtol(text, NULL, 10);
}

static void start(void)
{
	stack_start_with("workers = 2\nslow_workers = 2\nlog_requests = 1\n"
			 "log_slow_requests = 300ms\naudit_refused_per_minute = 5\n");
	fixture_import();
	keys_make();
}

static int post(struct http *http, const char *path, const char *key, const char *body,
		const char *id)
{
	char with[128], request[128];

	snprintf(with, sizeof(with), "X-API-Key: %s", key);
	snprintf(request, sizeof(request), "X-Request-Id: %s", id);
	return http_ask(http, &(struct http_ask){ .method = "POST",
						  .path = path,
						  .body = str_of(body),
						  .headers = { with, request,
							       "Content-Type: application/json",
							       "X-Real-IP: 192.0.2.44" } });
}

static int audit(struct http *http, const char *query)
{
	char path[300];

	snprintf(path, sizeof(path), "/api/admin/audit?limit=100%s", query);
	return keys_ask(http, NULL, path, keys[ROLE_VIEWER]);
}

/* The place of the row of a request in the list that was read; -1: it has none. */
static int row_of(struct http *http, const char *id)
{
	char at[64];

	for (size_t i = 0; i < http_count(http, "audit"); i++) {
		snprintf(at, sizeof(at), "audit.%zu.requestId", i);
		const char *text = http_text(http, at);
		if (text && strcmp(text, id) == 0)
			return (int)i;
	}
	return -1;
}

static const char *field(struct http *http, int row, const char *name)
{
	char at[64];

	snprintf(at, sizeof(at), "audit.%d.%s", row, name);
	return http_text(http, at);
}

/* Done, failed and refused calls; who, what, from where. */
START_TEST(test_calls)
{
	struct http *http = stack_http();

	ck_assert_int_eq(post(http, C721 "/transfers", keys[ROLE_OPERATOR], MINT, "call-done"),
			 200);
	ck_assert_int_eq(post(http, C721 "/transfers", keys[ROLE_OPERATOR], "[]", "call-bad"),
			 400);
	ck_assert_int_eq(post(http, C721 "/transfers", keys[ROLE_VIEWER], MINT, "call-low"),
			 403);
	ck_assert_int_eq(audit(http, ""), 200);
	int row = row_of(http, "call-done");
	ck_assert_int_ge(row, 0);
	ck_assert_str_eq(field(http, row, "actor"), "operator");
	ck_assert_str_eq(field(http, row, "client"), "192.0.2.44");
	ck_assert_str_eq(field(http, row, "method"), "POST");
	ck_assert_str_eq(field(http, row, "route"), "/api/collection/{address}/transfers");
	ck_assert_str_eq(field(http, row, "target"), C721 "/transfers");
	ck_assert_str_eq(field(http, row, "outcome"), "done");
	ck_assert_uint_eq(strlen(field(http, row, "argumentsDigest")), 64);
	ck_assert_str_eq(field(http, row_of(http, "call-bad"), "outcome"), "failed");
	ck_assert_str_eq(field(http, row_of(http, "call-low"), "outcome"), "refused");
	ck_assert_str_eq(field(http, row_of(http, "call-low"), "actor"), "viewer");
	/* The keys themselves, by the word. */
	bool made = false;
	for (size_t i = 0; i < http_count(http, "audit"); i++) {
		made |= strcmp(field(http, (int)i, "route"), "key revoke") == 0 &&
			strcmp(field(http, (int)i, "target"), "gone (admin)") == 0 &&
			field(http, (int)i, "actor") != NULL;
	}
	ck_assert(made);
	http_free(http);
}
END_TEST

/* Filters and cursors; reads leave no row. */
START_TEST(test_list)
{
	struct http *http = stack_http();

	ck_assert_int_eq(audit(http, "&outcome=failed"), 200);
	ck_assert_int_ge(row_of(http, "call-bad"), 0);
	ck_assert_int_eq(row_of(http, "call-done"), -1);
	ck_assert_int_eq(audit(http, "&since=2099-01-01T00:00:00Z"), 200);
	ck_assert_uint_eq(http_count(http, "audit"), 0);
	ck_assert_int_eq(audit(http, "&since=yesterday"), 400);
	ck_assert_int_eq(audit(http, "&outcome=odd"), 400);
	ck_assert_int_eq(audit(http, "&key=999999"), 200);
	ck_assert_uint_eq(http_count(http, "audit"), 0);
	ck_assert_int_eq(keys_ask(http, NULL, "/api/admin/audit?limit=1", keys[ROLE_ADMIN]),
			 200);
	char path[600], first[32];
	snprintf(first, sizeof(first), "%s", http_text(http, "audit.0.id"));
	snprintf(path, sizeof(path), "/api/admin/audit?limit=1&cursor=%s",
		 http_text(http, "nextCursor"));
	ck_assert_int_eq(keys_ask(http, NULL, path, keys[ROLE_ADMIN]), 200);
	ck_assert_int_lt(number(http_text(http, "audit.0.id")), number(first));
	http_free(http);
}
END_TEST

/* Five rows a minute at most for what nobody known is refused, and the viewer's one; the rest
 * is counted, and told by /metrics. */
START_TEST(test_flood)
{
	struct http *http = stack_http();

	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(keys_ask(http, "POST", C721 "/transfers", NULL), 401);
	ck_assert_int_eq(audit(http, "&outcome=refused"), 200);
	ck_assert_uint_le(http_count(http, "audit"), 5 + 1);
	ck_assert_int_ge(row_of(http, "call-low"), 0);
	http_ask(http, &(struct http_ask){ .path = "/metrics",
					   .headers = { "X-Real-IP: 127.0.0.1" } });
	const char *skipped = strstr(http->body.ptr, "\nsuch_market_audit_skipped_total ");
	ck_assert_ptr_nonnull(skipped);
	ck_assert_int_ge(number(strchr(skipped, ' ')), 35);
	http_free(http);
}
END_TEST

/* Totals, a recount of something that was spoiled, and what it found. */
START_TEST(test_ownership)
{
	struct http *http = stack_http();
	const char *stats = "/api/admin/ownership/stats";
	int64_t until = clock_mono_ns() + INT64_C(20000000000);
	char url[128];

	ck_assert_int_eq(keys_ask(http, NULL, stats, keys[ROLE_VIEWER]), 200);
	int64_t owners = http_num(http, "uniqueOwners");
	ck_assert_int_gt(owners, 0);
	ck_assert_int_gt(http_num(http, "totalOwnershipRecords"), 0);
	ck_assert_int_gt(http_num(http, "totalUserCollections"), 0);
	ck_assert_int_gt(http_num(http, "totalWalletMappings"), 0);
	ck_assert_int_eq(http_num(http, "uniqueCollections"), 2);
	live_pg_sql("UPDATE such_market.user_collections SET token_count = token_count + 1");
	ck_assert_int_eq(post(http, stats, keys[ROLE_OPERATOR], "{\"action\":\"dance\"}", "no"),
			 400);
	ck_assert_int_eq(
		post(http, stats, keys[ROLE_OPERATOR], "{\"action\":\"sync\"}", "sync-1"), 202);
	snprintf(url, sizeof(url), "%s", http_text(http, "statusUrl"));
	do {
		poll(NULL, 0, 50);
		ck_assert_int_eq(keys_ask(http, NULL, url, keys[ROLE_VIEWER]), 200);
		ck_assert_int_lt(clock_mono_ns(), until);
	} while (strcmp(http_text(http, "job.status"), "done") != 0);
	ck_assert_int_gt(http_num(http, "differenceCount"), 0);
	ck_assert_str_eq(http_text(http, "differences.0.field"), "token_count");
	ck_assert_int_eq(number(http_text(http, "differences.0.before")),
			 number(http_text(http, "differences.0.after")) + 1);
	ck_assert_int_eq(
		keys_ask(http, NULL, "/api/admin/ownership/sync/999999", keys[ROLE_VIEWER]),
		404);
	/* By GET it is a write all the same. */
	snprintf(url, sizeof(url), "%s?sync=true", stats);
	ck_assert_int_eq(keys_ask(http, NULL, url, keys[ROLE_VIEWER]), 403);
	ck_assert_int_eq(keys_ask(http, NULL, url, keys[ROLE_OPERATOR]), 202);
	ck_assert_int_eq(audit(http, "&outcome=done"), 200);
	ck_assert_int_ge(row_of(http, "sync-1"), 0);
	ck_assert_str_eq(field(http, 0, "method"), "GET");
	ck_assert_str_eq(field(http, 0, "route"), stats);
	http_free(http);
}
END_TEST

/* A word for a timer, as the maintenance role. */
START_TEST(test_maintain)
{
	struct http *http = stack_http();

	live_pg_sql("INSERT INTO such_market.audit_log (at, method, route, target, outcome)"
		    " SELECT now() - interval '400 days', 'GET', 'x', 'x', 'done'"
		    " FROM generate_series(1, 7)");
	live_pg_sql("INSERT INTO such_market.analytics_snapshots (saved_at, time_range, report)"
		    " SELECT now() - n * interval '100 days', '1h', '{}'"
		    " FROM generate_series(1, 6) AS n");
	ck_assert_int_eq(STACK_RUN("maintain"), 0);
	ck_assert_msg(strstr(stack_output(), "7 audit rows forgotten"), "%s", stack_output());
	ck_assert_msg(strstr(stack_output(), "3 snapshots of the counters forgotten"), "%s",
		      stack_output());
	ck_assert_int_eq(STACK_RUN("maintain"), 0);
	ck_assert_msg(strstr(stack_output(), "0 audit rows forgotten"), "%s", stack_output());
	http_free(http);
}
END_TEST

/* One line a request here; a slow one says where its time went; no secret in any. */
START_TEST(test_logs)
{
	struct http *http = stack_http();
	int64_t until = clock_mono_ns() + INT64_C(10000000000);

	http_ask(http, &(struct http_ask){ .path = C721 "/nfts/3",
					   .headers = { "X-Request-Id: logged-1" } });
	ck_assert_int_eq(http->status, 200);
	live_pg_sql(
		"BEGIN; LOCK TABLE such_market.wallet_collection_mapping; PREPARE TRANSACTION "
		"'slow'");
	http_ask(http, &(struct http_ask){ .path = "/api/wallets/" FIXTURE_721 "/collections",
					   .headers = { "X-Request-Id: slow-1" } });
	live_pg_sql("ROLLBACK PREPARED 'slow'");
	ck_assert_int_eq(http->status, 503);
	while ((stack_log_count("request_id=logged-1 event=request method=GET") == 0 ||
		stack_log_count("request_id=slow-1 event=\"slow request\"") == 0) &&
	       clock_mono_ns() < until)
		poll(NULL, 0, 20);
	ck_assert_int_eq(stack_log_count("request_id=logged-1"), 1);
	ck_assert_int_eq(stack_log_count("request_id=slow-1 event=\"slow request\""), 1);
	ck_assert_int_eq(stack_log_count("request_id=slow-1 event=\"request failed\""), 1);
	ck_assert_int_ge(stack_log_count(" database_ms="), 1);
	for (int r = 0; r <= ROLE_ADMIN; r++)
		ck_assert_int_eq(stack_log_count(keys[r] + 3), 0);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_calls, test_list, test_flood, test_ownership,
	   test_maintain, test_logs)
