#include "base/arena.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "suite.h"

static struct arena *arena;
static struct response res;
static struct request req;
static struct answer answer;
static const struct http_options options = { .cors_origin = "*" };
static const struct http_options patient = { .max_age_s = { [TIER_WARM] = 60 },
					     .cors_origin = "" };

static void start(void)
{
	arena = arena_new(65536);
}

static void stop(void)
{
	arena_free(arena);
}

static void begin(enum method method)
{
	req = (struct request){ .arena = arena, .method = method, .id = "id-1" };
	answer = (struct answer){ .tier = TIER_HOT,
				  .source = SOURCE_DATABASE,
				  .content_type = "application/json",
				  .etag = "\"abc\"" };
	buf_init(&answer.body, arena, BUF_NO_MAX);
	buf_add(&answer.body, "{\"a\":1}", 7);
	response_init(&res, arena);
}

/* The value of a header; checks that there is one only. */
static struct str header(const char *name)
{
	struct str rest = buf_str(&res.head), found = STR_NONE;

	while (rest.len) {
		struct str line = str_cut(&rest, '\n');

		ck_assert_int_eq(line.ptr[line.len - 1], '\r');
		line.len--;
		struct str key = str_cut(&line, ':');

		if (!str_eq_nocase(key, str_of(name)))
			continue;
		ck_assert_msg(!found.ptr, "%s twice", name);
		found = str_trim(line);
	}
	return found;
}

static void expect(const char *name, const char *value)
{
	struct str is = header(name);

	ck_assert_msg(value ? str_eqz(is, value) && is.ptr : !is.ptr, "%s: " STR_FMT, name,
		      STR_ARG(is));
}

START_TEST(an_answer)
{
	begin(METHOD_GET);
	answer.modified_us = INT64_C(1763726400) * 1000000;
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
	ck_assert(!res.bodyless);
	ck_assert(str_eqz(res.body, "{\"a\":1}"));
	expect("Content-Type", "application/json");
	expect("Content-Length", "7");
	expect("ETag", "\"abc\"");
	expect("Cache-Control", "public, max-age=0, must-revalidate");
	expect("Cache-Status", "such-market; fwd=miss; detail=database");
	expect("Vary", "Accept-Encoding");
	expect("Last-Modified", "Fri, 21 Nov 2025 12:00:00 GMT");
	expect("X-Request-Id", "id-1");
	expect("X-Content-Type-Options", "nosniff");
	expect("Access-Control-Allow-Origin", "*");
	ck_assert_ptr_nonnull(header("Access-Control-Expose-Headers").ptr);
}
END_TEST

START_TEST(sources)
{
	static const struct {
		enum source source;
		const char *told;
	} rows[] = {
		{ SOURCE_BYPASS, "such-market; fwd=bypass; detail=database" },
		{ SOURCE_REDIS, "such-market; hit; detail=redis" },
		{ SOURCE_MEMORY, "such-market; hit; detail=memory" },
		{ SOURCE_UPSTREAM, "such-market; fwd=miss; detail=upstream" },
		{ SOURCE_STALE, "such-market; hit; detail=stale" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		begin(METHOD_GET);
		answer.source = rows[i].source;
		response_answer(&res, &req, &options, &answer);
		expect("Cache-Status", rows[i].told);
	}
}
END_TEST

START_TEST(settings)
{
	begin(METHOD_GET);
	answer.tier = TIER_WARM;
	response_answer(&res, &req, &patient, &answer);
	expect("Cache-Control", "public, max-age=60, must-revalidate");
	expect("Access-Control-Allow-Origin", NULL);
	expect("Access-Control-Expose-Headers", NULL);
	begin(METHOD_GET);
	answer.tier = TIER_NONE;
	req.if_none_match = STR("\"abc\"");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
	expect("Cache-Control", "no-store");
	expect("ETag", NULL);
	expect("Cache-Status", NULL);
}
END_TEST

START_TEST(not_modified)
{
	begin(METHOD_GET);
	req.if_none_match = STR("\"x\", W/\"abc\"");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 304);
	ck_assert(res.bodyless);
	ck_assert_uint_eq(res.body.len, 0);
	expect("ETag", "\"abc\"");
	expect("Cache-Control", "public, max-age=0, must-revalidate");
	expect("Vary", "Accept-Encoding");
	expect("Cache-Status", "such-market; fwd=miss; detail=database");
	expect("X-Request-Id", "id-1");
	expect("Access-Control-Allow-Origin", "*");
	expect("Content-Type", NULL);
	expect("Content-Length", NULL);
	begin(METHOD_POST); /* not a read: the condition would mean something else */
	req.if_none_match = STR("*");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
	begin(METHOD_GET);
	req.if_none_match = STR("\"abd\"");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
}
END_TEST

START_TEST(head)
{
	begin(METHOD_HEAD);
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
	ck_assert(res.bodyless);
	expect("Content-Length", "7");
	expect("ETag", "\"abc\"");
	begin(METHOD_HEAD);
	req.if_none_match = STR("*");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 304);
	begin(METHOD_HEAD);
	response_problem(&res, &req, &(struct problem){ .rc = RC_NOT_FOUND });
	ck_assert(res.bodyless);
	ck_assert_uint_gt(res.body.len, 0); /* only Content-Length tells of it */
}
END_TEST

START_TEST(not_acceptable)
{
	begin(METHOD_GET);
	req.accept = STR("text/html");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 406);
	expect("Content-Type", "application/problem+json");
	expect("ETag", NULL);
	begin(METHOD_GET);
	req.accept = STR("text/html");
	response_plain(&res, &req, 200, "application/json", STR("{}"));
	ck_assert_int_eq(res.status, 406);
	begin(METHOD_GET);
	req.accept = STR("text/html, */*;q=0.1");
	response_answer(&res, &req, &options, &answer);
	ck_assert_int_eq(res.status, 200);
}
END_TEST

START_TEST(plain)
{
	begin(METHOD_GET);
	response_header(&res, "Deprecation", STR("true"));
	response_plain(&res, &req, 202, "application/json", STR("{}"));
	ck_assert_int_eq(res.status, 202);
	ck_assert(str_eqz(res.body, "{}"));
	expect("Deprecation", "true");
	expect("Cache-Control", "no-store");
	expect("Content-Length", "2");
	expect("X-Request-Id", "id-1");
	expect("ETag", NULL);
}
END_TEST

START_TEST(problems)
{
	struct problem p = { .rc = RC_UNAVAILABLE };
	struct json_object *root = NULL;
	const char *error;

	begin(METHOD_GET);
	req.accept = STR("text/html"); /* an error is told all the same */
	response_problem(&res, &req, &p);
	ck_assert_int_eq(res.status, 503);
	expect("Content-Type", "application/problem+json");
	expect("Cache-Control", "no-store");
	expect("Retry-After", "2");
	expect("X-Content-Type-Options", "nosniff");
	ck_assert_int_eq(jsonin_parse(arena, res.body, 4, &root, &error), RC_OK);
	ck_assert(str_eqz(jsonin_str(jsonin_get(root, "requestId")), "id-1"));
	expect("Access-Control-Allow-Origin", NULL);
	response_cors(&res, &options);
	expect("Access-Control-Allow-Origin", "*");

	begin(METHOD_GET);
	p = (struct problem){ .rc = RC_LIMITED, .retry_after_s = 17 };
	response_problem(&res, &req, &p);
	ck_assert_int_eq(res.status, 429);
	expect("Retry-After", "17");
	begin(METHOD_POST);
	p = (struct problem){ .rc = RC_METHOD, .allow = "GET, HEAD, OPTIONS" };
	response_problem(&res, &req, &p);
	ck_assert_int_eq(res.status, 405);
	expect("Allow", "GET, HEAD, OPTIONS");
	expect("Retry-After", NULL);
	begin(METHOD_GET);
	response_problem(&res, &req, &(struct problem){ .rc = RC_UNAUTHENTICATED });
	ck_assert_int_eq(res.status, 401);
	expect("WWW-Authenticate", "Bearer");
}
END_TEST

START_TEST(options_of_a_route)
{
	begin(METHOD_OPTIONS);
	response_options(&res, &req, &options, "GET, HEAD, OPTIONS", true);
	ck_assert_int_eq(res.status, 204);
	ck_assert(res.bodyless);
	expect("Allow", "GET, HEAD, OPTIONS");
	expect("Access-Control-Allow-Origin", "*");
	expect("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
	ck_assert_ptr_nonnull(header("Access-Control-Allow-Headers").ptr);
	expect("Content-Length", NULL);
	begin(METHOD_OPTIONS);
	response_options(&res, &req, &options, "POST, OPTIONS", false);
	expect("Allow", "POST, OPTIONS");
	expect("Access-Control-Allow-Origin", NULL);
	begin(METHOD_OPTIONS);
	response_options(&res, &req, &patient, "GET, HEAD, OPTIONS", true);
	expect("Access-Control-Allow-Methods", NULL);
}
END_TEST

START_TEST(values_cannot_forge_headers)
{
	static const struct str bad[] = {
		{ "a\r\nSet-Cookie: x", 15 },
		{ "a\nb", 3 },
		{ "a\0b", 3 },
		{ "\x7f", 1 },
		{ NULL, 0 },
	};

	begin(METHOD_GET);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		response_header(&res, "Link", bad[i]);
	ck_assert_uint_eq(res.head.len, 0);
	response_header(&res, "Link", STR("<x>"));
	expect("Link", "<x>");
}
END_TEST

SUITE_WITH(start, stop, 10, an_answer, sources, settings, not_modified, head, not_acceptable,
	   plain, problems, options_of_a_route, values_cannot_forge_headers)
