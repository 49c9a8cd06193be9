#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/scope.h"
#include "http/problem.h"
#include "http/request.h"
#include "suite.h"

struct pair {
	const char *name, *value;
};

static struct arena *arena;
static struct request_ids ids;
static struct request req;
static struct problem problem;

static void start(void)
{
	arena = arena_new(65536);
	request_ids_init(&ids);
}

static void stop(void)
{
	arena_free(arena);
}

static enum rc read_pairs(const struct pair *pairs, struct str body)
{
	char *params[16];
	const struct request_source source = { params, &ids };
	size_t n = 0;

	for (; pairs->name; pairs++) {
		if (!pairs->value)
			continue;
		ck_assert_uint_lt(n, COUNT_OF(params) - 1);
		params[n++] = arena_strz(
			arena, arena_printf(arena, "%s=%s", pairs->name, pairs->value));
	}
	params[n] = NULL;
	problem = (struct problem){ 0 };
	enum rc rc = request_read(arena, &source, 7, &req, &problem);
	return rc == RC_OK ? request_body(&req, body, &problem) : rc;
}

static enum rc read_uri(const char *uri)
{
	struct pair pairs[] = { { "REQUEST_METHOD", "GET" },
				{ "REQUEST_URI", uri },
				{ NULL, NULL } };

	return read_pairs(pairs, STR_NONE);
}

START_TEST(a_full_request)
{
	struct pair pairs[] = {
		{ "REQUEST_METHOD", "POST" },
		{ "REQUEST_URI", "/api/caf%C3%A9?a=1&b=%20?" },
		{ "CONTENT_LENGTH", "2" },
		{ "CONTENT_TYPE", "application/json" },
		{ "HTTP_ACCEPT", "*/*" },
		{ "HTTP_IF_NONE_MATCH", "\"x\"" },
		{ "HTTP_AUTHORIZATION", "Bearer k" },
		{ "HTTP_X_API_KEY", "k2" },
		{ "HTTP_IDEMPOTENCY_KEY", "i" },
		{ "HTTP_ORIGIN", "https://x" },
		{ "REMOTE_ADDR", "::1" },
		{ "HTTP_X_REQUEST_ID", "Abc.1_2-3" },
		{ NULL, NULL },
	};

	ck_assert_int_eq(read_pairs(pairs, STR("{}")), RC_OK);
	ck_assert_int_eq(req.method, METHOD_POST);
	ck_assert(str_eqz(req.path, "/api/caf\xc3\xa9"));
	ck_assert(str_eqz(req.query, "a=1&b=%20?"));
	ck_assert(str_eqz(req.body, "{}"));
	ck_assert(str_eqz(req.content_type, "application/json"));
	ck_assert(str_eqz(req.accept, "*/*"));
	ck_assert(str_eqz(req.if_none_match, "\"x\""));
	ck_assert(str_eqz(req.authorization, "Bearer k"));
	ck_assert(str_eqz(req.api_key, "k2"));
	ck_assert(str_eqz(req.idempotency_key, "i"));
	ck_assert(str_eqz(req.origin, "https://x"));
	ck_assert(str_eqz(req.remote_addr, "::1"));
	ck_assert_str_eq(req.id, "Abc.1_2-3");
	ck_assert_int_eq(req.started_ns, 7);
	ck_assert_ptr_eq(req.arena, arena);
}
END_TEST

START_TEST(empty_parameters_are_absent)
{
	struct pair pairs[] = {
		{ "REQUEST_METHOD", "GET" },
		{ "REQUEST_URI", "/" },
		{ "CONTENT_LENGTH", "" },
		{ "HTTP_ACCEPT", "" },
		{ "CONTENT_TYPE", "" },
		{ "HTTP_X_REQUEST_ID", "" },
		{ NULL, NULL },
	};

	ck_assert_int_eq(read_pairs(pairs, STR_NONE), RC_OK);
	ck_assert_ptr_null(req.accept.ptr);
	ck_assert_ptr_null(req.content_type.ptr);
	ck_assert_ptr_null(req.if_none_match.ptr);
	ck_assert_uint_eq(req.query.len, 0);
}
END_TEST

/* The first of a name counts; names that only begin alike are others. */
START_TEST(names_are_compared_whole)
{
	struct pair pairs[] = {
		{ "REQUEST_METHOD", "GET" }, { "REQUEST_METHOD", "PUT" },
		{ "REQUEST_UR", "/a" },      { "REQUEST_URIS", "/b" },
		{ "XREQUEST_URI", "/c" },    { "REQUEST_URI", "/d=e" },
		{ "HTTP_ACCEPT", "" },       { "HTTP_ACCEPT", "x/y" },
		{ "", "nothing" },           { NULL, NULL },
	};

	ck_assert_int_eq(read_pairs(pairs, STR_NONE), RC_OK);
	ck_assert_int_eq(req.method, METHOD_GET);
	ck_assert(str_eqz(req.path, "/d=e"));
	ck_assert_ptr_null(req.accept.ptr);
}
END_TEST

START_TEST(methods)
{
	static const struct {
		const char *text;
		enum method method;
	} rows[] = {
		{ "GET", METHOD_GET },         { "HEAD", METHOD_HEAD },
		{ "POST", METHOD_POST },       { "PUT", METHOD_PUT },
		{ "PATCH", METHOD_PATCH },     { "DELETE", METHOD_DELETE },
		{ "OPTIONS", METHOD_OPTIONS }, { "get", METHOD_OTHER },
		{ "BREW", METHOD_OTHER },      { "GETS", METHOD_OTHER },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair pairs[] = { { "REQUEST_METHOD", rows[i].text },
					{ "REQUEST_URI", "/" },
					{ NULL, NULL } };

		ck_assert_int_eq(read_pairs(pairs, STR_NONE), RC_OK);
		ck_assert_int_eq(req.method, rows[i].method);
		ck_assert(str_eqz(req.method_text, rows[i].text));
	}
}
END_TEST

START_TEST(insane_ids_are_replaced)
{
	static const char *const bad[] = {
		"",
		"a b",
		"a\r\nX: y",
		"\xc3\xa9",
		"a/b",
		"<script>",
		"12345678901234567890123456789012345678901234567890123456789012345",
	};
	char last[REQUEST_ID_MAX + 1] = "";

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct pair pairs[] = { { "REQUEST_METHOD", "GET" },
					{ "REQUEST_URI", "/" },
					{ "HTTP_X_REQUEST_ID", bad[i] },
					{ NULL, NULL } };

		ck_assert_int_eq(read_pairs(pairs, STR_NONE), RC_OK);
		ck_assert_uint_eq(strlen(req.id), 32);
		ck_assert_uint_eq(strspn(req.id, "0123456789abcdef"), 32);
		ck_assert_str_ne(req.id, last);
		memcpy(last, req.id, sizeof(last));
	}
	struct pair longest[] = {
		{ "REQUEST_METHOD", "GET" },
		{ "REQUEST_URI", "/" },
		{ "HTTP_X_REQUEST_ID",
		  "1234567890123456789012345678901234567890123456789012345678901234" },
		{ NULL, NULL },
	};
	ck_assert_int_eq(read_pairs(longest, STR_NONE), RC_OK);
	ck_assert_uint_eq(strlen(req.id), 64);
}
END_TEST

START_TEST(processes_make_different_ids)
{
	struct request_ids other;

	request_ids_init(&other);
	ck_assert_str_ne(ids.prefix, other.prefix);
}
END_TEST

START_TEST(truncated_requests)
{
	struct pair none[] = { { NULL, NULL } };
	struct pair method[] = { { "REQUEST_METHOD", "GET" }, { NULL, NULL } };
	struct pair uri[] = { { "REQUEST_URI", "/" }, { NULL, NULL } };
	struct pair *cases[] = { none, method, uri };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		ck_assert_int_eq(read_pairs(cases[i], STR_NONE), RC_INVALID);
		ck_assert_str_eq(problem.code, "truncated_request");
		ck_assert_uint_eq(strlen(req.id), 32); /* an answer can be sent */
	}
}
END_TEST

START_TEST(lengths)
{
	static const struct {
		const char *length, *body;
		enum rc rc;
	} rows[] = {
		{ "2", "{}", RC_OK },       { NULL, "", RC_OK },
		{ "0", "", RC_OK },         { "3", "{}", RC_INVALID },
		{ "1", "{}", RC_INVALID },  { NULL, "{}", RC_INVALID },
		{ "x", "{}", RC_INVALID },  { "-2", "{}", RC_INVALID },
		{ "2 ", "{}", RC_INVALID }, { "0x2", "{}", RC_INVALID },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair pairs[] = { { "REQUEST_METHOD", "POST" },
					{ "REQUEST_URI", "/" },
					{ "CONTENT_LENGTH", rows[i].length },
					{ NULL, NULL } };

		ck_assert_msg(read_pairs(pairs, str_of(rows[i].body)) == rows[i].rc, "%zu", i);
	}
}
END_TEST

START_TEST(paths)
{
	static const struct {
		const char *uri;
		enum rc rc;
		const char *told; /* the decoded path, or the code */
	} rows[] = {
		{ "/", RC_OK, "/" },
		{ "/a+b", RC_OK, "/a+b" },
		{ "/%41%2541", RC_OK, "/A%41" },
		{ "/a%3Fb?c", RC_OK, "/a?b" },
		{ "/../x", RC_OK, "/../x" },
		{ "*", RC_INVALID, "invalid_path" },
		{ "?a", RC_INVALID, "invalid_path" },
		{ "http://x/", RC_INVALID, "invalid_path" },
		{ "/%00", RC_INVALID, "invalid_path" },
		{ "/%0d%0a", RC_INVALID, "invalid_path" },
		{ "/%ff", RC_INVALID, "invalid_path" },
		{ "/\xff", RC_INVALID, "invalid_path" },
		{ "/%", RC_INVALID, "invalid_path" },
		{ "/%4", RC_INVALID, "invalid_path" },
		{ "/%gg", RC_INVALID, "invalid_path" },
		{ "/a%2Fb", RC_INVALID, "encoded_slash" },
		{ "/a%2f", RC_INVALID, "encoded_slash" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(read_uri(rows[i].uri) == rows[i].rc, "%s", rows[i].uri);
		ck_assert_msg(rows[i].rc == RC_OK ? str_eqz(req.path, rows[i].told)
						  : strcmp(problem.code, rows[i].told) == 0,
			      "%s", rows[i].uri);
	}
}
END_TEST

START_TEST(bounds_of_the_address)
{
	static char uri[16384];

	memset(uri, 'a', sizeof(uri) - 1);
	memcpy(uri, "/?", 2);
	uri[2 + REQUEST_QUERY_MAX] = '\0';
	ck_assert_int_eq(read_uri(uri), RC_OK);
	ck_assert_uint_eq(req.query.len, REQUEST_QUERY_MAX);
	uri[2 + REQUEST_QUERY_MAX] = 'a';
	uri[3 + REQUEST_QUERY_MAX] = '\0';
	ck_assert_int_eq(read_uri(uri), RC_URI_TOO_LONG);
	ck_assert_int_eq(problem.rc, RC_URI_TOO_LONG);
	uri[1] = 'a';
	uri[REQUEST_PATH_MAX] = '\0';
	ck_assert_int_eq(read_uri(uri), RC_OK);
	uri[REQUEST_PATH_MAX] = 'a';
	uri[REQUEST_PATH_MAX + 1] = '\0';
	ck_assert_int_eq(read_uri(uri), RC_URI_TOO_LONG);
}
END_TEST

SUITE_WITH(start, stop, 10, a_full_request, empty_parameters_are_absent,
	   names_are_compared_whole, methods, insane_ids_are_replaced,
	   processes_make_different_ids, truncated_requests, lengths, paths,
	   bounds_of_the_address)
