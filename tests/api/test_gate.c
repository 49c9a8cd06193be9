/* Routes, methods, conditional requests, failures, counters. */
#include "suite.h"
#include <stdio.h>
#include <unistd.h>
#include "api/ask.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/tally.h"
#include "base/log.h"
#include "base/metric.h"
#include "lib/live_pg.h"
#include "model/reads.h"
#include "net/pg.h"

static struct env *env;
static struct metric_cells cells;

START_TEST(test_unknown_path_and_method)
{
	env = new_env();
	struct reply r = get(env, "/api/nothing", NULL);

	ck_problem(env, &r, 404, "route_not_found");
	r = ask(env, &(struct ask){ .method = "POST", .path = ALPHA_PATH });
	ck_problem(env, &r, 405, "method_not_allowed");
	ck_str(header(&r, "Allow"), "GET, HEAD, OPTIONS");
	r = ask(env, &(struct ask){ .method = "BREW", .path = ALPHA_PATH });
	ck_problem(env, &r, 405, "method_not_allowed");
	r = ask(env, &(struct ask){ .method = "DELETE", .path = "/api/nothing" });
	ck_problem(env, &r, 404, "route_not_found");
	ck_assert_msg(!pg_connected(env->pg), "refused without the database");
	free_env(env);
}
END_TEST

START_TEST(test_options)
{
	env = new_env();
	struct reply r = ask(env, &(struct ask){ .method = "OPTIONS", .path = ALPHA_PATH });

	ck_assert_int_eq(r.status, 204);
	ck_str(header(&r, "Allow"), "GET, HEAD, OPTIONS");
	ck_str(header(&r, "Access-Control-Allow-Origin"), "*");
	ck_str(header(&r, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
	r = ask(env, &(struct ask){ .method = "OPTIONS", .path = "/api/nothing" });
	ck_problem(env, &r, 404, "route_not_found");
	free_env(env);
}
END_TEST

START_TEST(test_etag_and_head)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH, NULL);
	struct str etag = header(&r, "ETag");
	char list[100];

	ck_assert_int_eq(r.status, 200);
	ck_str(header(&r, "Content-Type"), "application/json");
	ck_assert_uint_eq(etag.len, 24);
	ck_str(header(&r, "Cache-Control"), "public, max-age=0, must-revalidate");
	ck_str(header(&r, "Cache-Status"), "such-market; fwd=miss; detail=database");
	ck_str(header(&r, "Last-Modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
	ck_str(header(&r, "Access-Control-Allow-Origin"), "*");

	struct reply head = ask(env, &(struct ask){ .method = "HEAD", .path = ALPHA_PATH });
	ck_assert_int_eq(head.status, 200);
	ck_assert(head.bodyless);
	ck_assert(str_eq(header(&head, "ETag"), etag));
	ck_assert(str_eq(header(&head, "Content-Length"), header(&r, "Content-Length")));

	snprintf(list, sizeof(list), "\"x\", W/%.*s", STR_ARG(etag));
	r = ask(env, &(struct ask){ .path = ALPHA_PATH, .if_none_match = list });
	ck_assert_int_eq(r.status, 304);
	ck_assert(r.bodyless);
	ck_assert(str_eq(header(&r, "ETag"), etag));
	r = ask(env, &(struct ask){ .path = ALPHA_PATH, .if_none_match = "\"other\"" });
	ck_assert_int_eq(r.status, 200);
	free_env(env);
}
END_TEST

START_TEST(test_not_found_words)
{
	env = new_env();
	struct reply r = get(env, "/api/collection/" NOWHERE, NULL);

	ck_problem(env, &r, 404, "collection_not_found");
	ck_str(header(&r, "Access-Control-Allow-Origin"), "*");
	r = get(env, "/api/collection/" NOWHERE "/nfts", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	r = get(env, "/api/collection/" NOWHERE "/nfts/1", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	r = get(env, ALPHA_PATH "/nfts/999", NULL);
	ck_problem(env, &r, 404, "token_not_found");
	r = get(env, "/api/collection/" NOWHERE "/traits", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	r = get(env, "/api/collection/" NOWHERE "/stats", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	free_env(env);
}
END_TEST

START_TEST(test_bad_request_is_answered)
{
	env = new_env();
	static const struct http_options http = { .cors_origin = "" };
	struct gate gate = { .env = env, .http = &http };
	struct request req = { .arena = env->arena, .id = "test-request" };
	struct problem bad = { .rc = RC_URI_TOO_LONG };
	struct response res;

	response_init(&res, env->arena);
	gate_serve(&gate, &req, &bad, &res);
	ck_assert_int_eq(res.status, 414);
	struct reply r = { res.status, buf_str(&res.head), res.body, res.bodyless };
	ck_problem(env, &r, 414, "uri_too_long");
	free_env(env);
}
END_TEST

START_TEST(test_key_in_query)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH,
			     "a=b&api_key=sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

	ck_problem(env, &r, 400, "key_in_query");
	r = get(env, "/api/collection/sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL);
	ck_problem(env, &r, 400, "key_in_query");
	r = get(env, ALPHA_PATH, "a=sm_short");
	ck_assert_int_eq(r.status, 200);
	free_env(env);
}
END_TEST

/* Everything that fails because of the database is a 503 with Retry-After and one warning. */
START_TEST(test_database_away)
{
	char file[] = "/tmp/test_gate.XXXXXX", text[4096];
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	const struct log_options options = { file, "info", "text" };
	ck_assert_int_eq(log_open(&options), RC_OK);
	env = new_env();
	live_pg_stop();
	struct reply r = get(env, ALPHA_PATH, NULL);
	live_pg_resume();
	ck_problem(env, &r, 503, "unavailable");
	ck_assert(header(&r, "Retry-After").len > 0);
	ck_assert_msg(!memmem(r.body.ptr, r.body.len, "socket", 6), "no hosts in answers");
	r = get(env, "/api/nothing", NULL);

	ssize_t n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	char *end = strchr(text, '\n');
	ck_assert_ptr_nonnull(strstr(text, "request failed"));
	ck_assert_ptr_nonnull(strstr(text, "test-request"));
	ck_assert_msg(end && end[1] == '\0', "one line: %s", text);
	close(fd);
	unlink(file);
	free_env(env);
}
END_TEST

START_TEST(test_counts)
{
	struct tally tally = { 0 };
	struct top top = { 0 };
	struct top_row rows[TOP_KEYS];
	size_t shown = route_count;

	env = new_env();
	metric_attach(&cells);
	tally_attach(&tally, &top);
	get(env, ALPHA_PATH, NULL);
	get(env, ALPHA_PATH, NULL);
	get(env, "/api/nothing", NULL);
	ask(env, &(struct ask){ .path = ALPHA_PATH, .if_none_match = "*" });
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].handler == collection_show)
			shown = i;
	ck_assert_uint_eq(tally.requests, 4);
	ck_assert_uint_eq(tally.route[shown][TALLY_2XX], 2);
	ck_assert_uint_eq(tally.route[shown][TALLY_3XX], 1);
	ck_assert_uint_eq(tally.route[TALLY_OTHER][TALLY_4XX], 1);
	ck_assert_uint_eq(histogram_count(&tally.latency), 4);
	ck_assert_uint_eq(tally.read[READ_collection][TALLY_bypass], 3);
	ck_assert_uint_eq(top_read(&top, rows), 1);
	ck_assert_uint_eq(rows[0].count, 3);
	ck_assert_uint_eq(cells.counter[COUNTER_requests], 4);
	ck_assert_uint_eq(cells.counter[COUNTER_answers_2xx], 2);
	ck_assert_uint_eq(cells.counter[COUNTER_answers_3xx], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_answers_4xx], 1);
	metric_attach(NULL);
	tally_attach(NULL, NULL);
	free_env(env);
}
END_TEST

START_TEST(test_table)
{
	for (size_t i = 0; i < route_count; i++) {
		struct route_match match;

		route_find(routes_tree(), routes[i].method, str_of(routes[i].path), &match);
		ck_assert_msg(match.route == &routes[i], "%s is hidden by %s", routes[i].path,
			      match.route ? match.route->path : "nothing");
	}
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_unknown_path_and_method, test_options,
	   test_etag_and_head, test_not_found_words, test_bad_request_is_answered,
	   test_key_in_query, test_database_away, test_counts, test_table)
