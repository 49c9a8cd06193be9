/* HTTP itself: validators, HEAD, OPTIONS, CORS, caching headers, keys and roles. */
#include <stdio.h>
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/stack.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721

static void start(void)
{
	stack_start();
	fixture_import();
}

/* One of each tier and lane. */
static const char *const paths[] = {
	"/api/collections",
	C721,
	C721 "/nfts",
	C721 "/nfts/3",
	C721 "/nfts/3/owner",
	C721 "/nfts/3/transfers",
	C721 "/traits",
	C721 "/owners",
	C721 "/owners/distribution",
	C721 "/stats",
	C721 "/transfers",
	"/api/wallets/0x0000000000000000000000000000000000abc001/collections",
	"/api/users/7",
	"/api/nft-contracts/7/normalized",
};
#define EACH_PATH(i)                                                                           \
	size_t i = 0;                                                                          \
	i < sizeof(paths) / sizeof(*paths);                                                    \
	i++

static const struct {
	const char *before, *after;
	bool star;
} forms[] = {
	{ "", "", false },
	{ "W/", "", false },
	{ "\"x\", ", " , W/\"y\"", false },
	{ "", "", true },
};

/* A copy is kept compressed; nginx weakens its validator where it unpacks it. */
static const char *strong(const char *etag)
{
	return strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

START_TEST(test_validators)
{
	struct http *http = stack_http();
	char etag[128], header[256];

	for (EACH_PATH(i)) {
		ck_assert_int_eq(http_get(http, paths[i]), 200);
		ck_assert_ptr_nonnull(http_header(http, "ETag"));
		snprintf(etag, sizeof(etag), "%s", strong(http_header(http, "ETag")));
		ck_assert_int_eq(etag[0], '"');
		ck_assert_int_eq(http_get(http, paths[i]), 200);
		ck_assert_str_eq(strong(http_header(http, "ETag")), etag);
		for (size_t form = 0; form < sizeof(forms) / sizeof(*forms); form++) {
			snprintf(header, sizeof(header), "If-None-Match: %s%s%s",
				 forms[form].before, forms[form].star ? "*" : etag,
				 forms[form].after);
			http_ask(http,
				 &(struct http_ask){ .path = paths[i], .headers = { header } });
			ck_assert_msg(http->status == 304, "%s %s", paths[i], header);
			ck_assert_uint_eq(http->body.len, 0);
			ck_assert_str_eq(http_header(http, "ETag"), etag);
		}
		http_ask(http, &(struct http_ask){ .path = paths[i],
						   .headers = { "If-None-Match: \"other\"" } });
		ck_assert_int_eq(http->status, 200);
	}
	http_free(http);
}
END_TEST

START_TEST(test_caching_headers)
{
	struct http *http = stack_http();

	for (EACH_PATH(i)) {
		ck_assert_int_eq(http_get(http, paths[i]), 200);
		ck_assert_ptr_nonnull(strstr(http_header(http, "Cache-Control"), "public"));
		ck_assert_ptr_nonnull(
			strstr(http_header(http, "Cache-Status"), "such-market; "));
		ck_assert_ptr_nonnull(strstr(http_header(http, "Vary"), "Accept-Encoding"));
		ck_assert_ptr_nonnull(http_header(http, "X-Request-Id"));
		ck_assert_int_eq(http_header_count(http, "X-Request-Id"), 1);
	}
	http_get(http, "/health/live");
	ck_assert_ptr_nonnull(strstr(http_header(http, "Cache-Control"), "no-store"));
	http_free(http);
}
END_TEST

START_TEST(test_head)
{
	struct http *http = stack_http();
	char etag[128], length[64];

	for (EACH_PATH(i)) {
		ck_assert_int_eq(http_get(http, paths[i]), 200);
		snprintf(etag, sizeof(etag), "%s", strong(http_header(http, "ETag")));
		snprintf(length, sizeof(length), "%zu", http->body.len);
		http_ask(http, &(struct http_ask){ .method = "HEAD", .path = paths[i] });
		ck_assert_int_eq(http->status, 200);
		ck_assert_uint_eq(http->body.len, 0);
		ck_assert_str_eq(strong(http_header(http, "ETag")), etag);
		/* Of what it would have to unpack nginx does not know the length. */
		if (http_header(http, "ETag")[0] == '"')
			ck_assert_str_eq(http_header(http, "Content-Length"), length);
	}
	http_ask(http, &(struct http_ask){ .method = "HEAD", .path = C721 "/nfts/9999" });
	ck_assert_int_eq(http->status, 404);
	ck_assert_uint_eq(http->body.len, 0);
	http_free(http);
}
END_TEST

START_TEST(test_options_and_cors)
{
	struct http *http = stack_http();

	http_ask(http,
		 &(struct http_ask){ .method = "OPTIONS",
				     .path = C721,
				     .headers = { "Origin: https://example.org",
						  "Access-Control-Request-Method: GET" } });
	ck_assert_int_eq(http->status, 204);
	ck_assert_ptr_nonnull(strstr(http_header(http, "Allow"), "GET"));
	ck_assert_str_eq(http_header(http, "Access-Control-Allow-Origin"), "*");
	http_ask(http, &(struct http_ask){ .path = C721,
					   .headers = { "Origin: https://example.org" } });
	ck_assert_int_eq(http->status, 200);
	ck_assert_str_eq(http_header(http, "Access-Control-Allow-Origin"), "*");
	http_ask(http, &(struct http_ask){ .method = "OPTIONS", .path = "/api/nothing" });
	http_problem_is(http, 404, "route_not_found");
	http_free(http);
}
END_TEST

START_TEST(test_not_acceptable)
{
	struct http *http = stack_http();

	http_ask(http, &(struct http_ask){ .path = C721, .headers = { "Accept: text/html" } });
	http_problem_is(http, 406, "not_acceptable");
	http_ask(http, &(struct http_ask){ .path = C721,
					   .headers = { "Accept: text/*, */*;q=0.1" } });
	ck_assert_int_eq(http->status, 200);
	http_free(http);
}
END_TEST

static void metrics_as(struct http *http, const char *from, const char *key)
{
	http_ask(http, &(struct http_ask){ .path = "/metrics", .headers = { from, key } });
}

/* The key is the last line. */
static void key_header(char ret[128], const char *form, const char *role)
{
	char option[64], name[64];
	const char *key;

	snprintf(option, sizeof(option), "--role=%s", role);
	snprintf(name, sizeof(name), "--name=test-%s", role);
	ck_assert_msg(STACK_RUN("key", "create", option, name) == 0, "%s", stack_output());
	key = strstr(stack_output(), "sm_");
	ck_assert_ptr_nonnull(key);
	snprintf(ret, 128, "%s%.46s", form, key);
}

START_TEST(test_keys_and_roles)
{
	struct http *http = stack_http();
	char viewer[128], admin[128];

	key_header(viewer, "X-API-Key: ", "viewer");
	key_header(admin, "Authorization: Bearer ", "admin");
	metrics_as(http, "X-Real-IP: 127.0.0.1", NULL);
	ck_assert_int_eq(http->status, 200);
	ck_assert_ptr_nonnull(strstr(http_header(http, "Content-Type"), "text/plain"));
	metrics_as(http, "X-Real-IP: 203.0.113.9", NULL);
	http_problem_is(http, 401, "unauthenticated");
	metrics_as(http, "X-Real-IP: 203.0.113.9", "X-API-Key: sm_wrong");
	http_problem_is(http, 401, "unauthenticated");
	metrics_as(http, "X-Real-IP: 203.0.113.9", viewer);
	ck_assert_int_eq(http->status, 200);
	metrics_as(http, "X-Real-IP: 203.0.113.9", admin);
	ck_assert_int_eq(http->status, 200);
	ck_assert_int_eq(STACK_RUN("key", "revoke", "--name=test-viewer"), 0);
	metrics_as(http, "X-Real-IP: 203.0.113.9", viewer);
	http_problem_is(http, 401, "unauthenticated");
	ck_assert_int_eq(STACK_RUN("key", "list"), 0);
	ck_assert_ptr_nonnull(strstr(stack_output(), "test-admin"));
	http_free(http);
}
END_TEST

START_TEST(test_metrics_count)
{
	struct http *http = stack_http();
	struct str body;

	for (int i = 0; i < 10; i++)
		http_get(http, C721);
	metrics_as(http, "X-Real-IP: 127.0.0.1", NULL);
	body = buf_str(&http->body);
	ck_assert_ptr_nonnull(memmem(body.ptr, body.len, "\nsuch_market_requests_total ", 28));
	ck_assert_ptr_nonnull(
		memmem(body.ptr, body.len, "such_market_request_seconds_bucket{le=", 38));
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_validators, test_caching_headers, test_head,
	   test_options_and_cors, test_not_acceptable, test_keys_and_roles, test_metrics_count)
