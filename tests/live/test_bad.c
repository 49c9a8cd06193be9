/* Bad input, through nginx and past it: each a correct status and a clear problem, nothing
 * logged (what clients get wrong is not the operator's trouble), every worker alive. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/scope.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "suite.h"

#define PUNKS "/api/collection/0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb"
/* 2^256 */
#define TOO_BIG "115792089237316195423570985008687907853269984665640564039457584007913129639936"

static pid_t before[64];
static size_t before_count;
static int before_lines; /* of the log */

/* Whoever works beside them may still tell that it has begun. */
static int lines(void)
{
	return stack_log_count("") - stack_log_count(" role=relay ") -
	       stack_log_count(" role=runner ") - stack_log_count(" role=ticker ");
}

static void start(void)
{
	stack_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name, token_type) "
		    "VALUES ('\\xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb', 'Punks', "
		    "'CRYPTOPUNKS')");
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id, name) "
		    "SELECT '\\xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb', n, 'Punk #' || n "
		    "FROM generate_series(0, 99) n");
	before_count = stack_workers(before, 64);
	before_lines = lines();
}

/* The same workers answer as before the tests, and had nothing to tell. */
static void all_well(void)
{
	pid_t now[64];
	size_t n = stack_workers(now, 64);

	ck_assert_uint_eq(n, before_count);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(now[i], before[i]);
	if (lines() != before_lines)
		stack_log_dump();
	ck_assert_int_eq(lines(), before_lines);
}

struct bad {
	const char *method, *path;
	int status;
	const char *code;
};

static const struct bad corpus[] = {
	/* paths */
	{ "GET", "/", 404, "route_not_found" },
	{ "GET", "/api", 404, "route_not_found" },
	{ "GET", "/api/collection", 404, "route_not_found" },
	{ "GET", "/api/collection/", 404, "route_not_found" },
	{ "GET", "/api/collections/", 404, "route_not_found" },
	{ "GET", "//api//collections", 404, "route_not_found" },
	{ "GET", "/api/collection/0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb/nfts/1/2", 404,
	  "route_not_found" },
	{ "GET", "/api/%ff", 400, "invalid_path" },
	{ "GET", "/api/%c0%af", 400, "invalid_path" },
	{ "GET", "/api/collection/%0d%0aX:%20y", 400, "invalid_path" },
	{ "GET", "/api/%zz", 400, "invalid_request" },
	/* addresses */
	{ "GET", "/api/collection/0x", 400, "invalid_address" },
	{ "GET", "/api/collection/0x123", 400, "invalid_address" },
	{ "GET", "/api/collection/punks.eth", 400, "invalid_address" },
	{ "GET", "/api/collection/b47e3cd837ddf8e4c57f05d70ab865de6e193bbbb4", 400,
	  "invalid_address" },
	{ "GET", "/api/collection/0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbg", 400,
	  "invalid_address" },
	{ "GET", "/api/collection/0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbbb", 400,
	  "invalid_address" },
	{ "GET", "/api/wallets/me/collections", 400, "invalid_address" },
	{ "GET", "/api/collection/0x0000000000000000000000000000000000000001", 404,
	  "collection_not_found" },
	{ "GET", "/api/collection/0x0000000000000000000000000000000000000001/nfts", 404,
	  "collection_not_found" },
	/* token ids */
	{ "GET", PUNKS "/nfts/" TOO_BIG, 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/-1", 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/1.5", 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/1e3", 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/NaN", 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/0x", 400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/%20", 400, "invalid_token_id" },
	{ "GET",
	  PUNKS "/nfts/0x1"
		"0000000000000000000000000000000000000000000000000000000000000000",
	  400, "invalid_token_id" },
	{ "GET", PUNKS "/nfts/100", 404, "token_not_found" },
	{ "GET", PUNKS "/nfts/100/owner", 404, "token_not_found" },
	/* users */
	{ "GET", "/api/users/-1", 400, "invalid_parameter" },
	{ "GET", "/api/users/dwr", 400, "invalid_parameter" },
	{ "GET", "/api/users/99999999999999999999", 400, "invalid_parameter" },
	{ "GET", "/api/users/404", 404, "user_not_found" },
	/* pages */
	{ "GET", PUNKS "/nfts?page=-1", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?page=99999999999999999999", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?page=1x", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?pageSize=0", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?pageSize=101", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?pageSize=", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?page=0&page=1", 400, "repeated_parameter" },
	{ "GET", PUNKS "/nfts?page=0&pag%65=1", 400, "repeated_parameter" },
	{ "GET", PUNKS "/nfts?sort=price", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?order=up", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts?owner=me", 400, "invalid_address" },
	{ "GET", PUNKS "/nfts?search=%00", 400, "invalid_encoding" },
	{ "GET", PUNKS "/nfts?search=%ff", 400, "invalid_encoding" },
	{ "GET", PUNKS "/nfts?search=%zz", 400, "invalid_encoding" },
	{ "GET", PUNKS "/nfts?search=%ed%a0%80", 400, "invalid_encoding" },
	{ "GET", PUNKS "/nfts?attributes%5BHat%5D=%fe", 400, "invalid_encoding" },
	{ "GET", PUNKS "/owners?limit=0", 400, "invalid_parameter" },
	{ "GET", PUNKS "/nfts/owned", 400, "missing_parameter" },
	{ "GET", "/api/collections?limit=1000", 400, "invalid_parameter" },
	/* cursors */
	{ "GET", PUNKS "/nfts?cursor=AAAA", 400, "invalid_cursor" },
	{ "GET", PUNKS "/nfts?cursor=../../etc/passwd", 400, "invalid_cursor" },
	/* methods */
	{ "POST", PUNKS, 405, "method_not_allowed" },
	{ "PUT", PUNKS, 405, "method_not_allowed" },
	{ "DELETE", PUNKS "/nfts/1", 405, "method_not_allowed" },
	{ "BREW", PUNKS, 405, "method_not_allowed" },
	{ "POST", "/api/nothing", 404, "route_not_found" },
};

START_TEST(test_corpus)
{
	struct http *http = stack_http();
	int wrong = 0;

	for (size_t i = 0; i < COUNT_OF(corpus); i++) {
		const struct bad *bad = &corpus[i];
		http_ask(http, &(struct http_ask){ .method = bad->method, .path = bad->path });
		const char *code = http_text(http, "code");
		if (http->status != bad->status || !code || strcmp(code, bad->code) != 0) {
			fprintf(stderr, "%s %s: wanted %d %s, got %d %.*s\n", bad->method,
				bad->path, bad->status, bad->code, http->status,
				(int)http->body.len, http->body.ptr);
			wrong++;
			continue;
		}
		http_problem_is(http, bad->status, bad->code);
		if (bad->status == 405)
			ck_assert_ptr_nonnull(http_header(http, "Allow"));
	}
	ck_assert_int_eq(wrong, 0);
	http_free(http);
	all_well();
}
END_TEST

START_TEST(test_named_parameters)
{
	struct http *http = stack_http();

	http_get(http, PUNKS "/nfts?page=-1&pageSize=999&sort=x");
	http_problem_is(http, 400, "invalid_parameter");
	ck_assert_uint_eq(http_count(http, "errors"), 3);
	ck_assert_str_eq(http_text(http, "errors.1.parameter"), "pageSize");
	ck_assert_ptr_nonnull(http_text(http, "errors.1.detail"));
	http_free(http);
}
END_TEST

START_TEST(test_unknown_parameters_are_ignored)
{
	struct http *http = stack_http();
	char etag[128];

	ck_assert_int_eq(http_get(http, PUNKS), 200);
	snprintf(etag, sizeof(etag), "%s", http_header(http, "ETag"));
	ck_assert_int_eq(http_get(http, PUNKS "?utm_source=x&utm_source=y&=&&%26"), 200);
	ck_assert_str_eq(http_header(http, "ETag"), etag);
	http_free(http);
}
END_TEST

START_TEST(test_long_queries)
{
	static char path[16300];
	struct http *http = stack_http();
	int len = snprintf(path, sizeof(path), "%s?x=", PUNKS);

	memset(path + len, 'y', (size_t)(8192 - 2));
	path[len + 8190] = '\0';
	ck_assert_int_eq(http_get(http, path), 200); /* 8,192 bytes of query */
	path[len + 8190] = 'y';
	path[len + 8191] = '\0';
	http_get(http, path);
	http_problem_is(http, 414, "uri_too_long");

	len = snprintf(path, sizeof(path), "%s/nfts?", PUNKS);
	while (len < 7900)
		len += snprintf(path + len, sizeof(path) - (size_t)len, "attributes[A]=%d&",
				len);
	http_get(http, path);
	http_problem_is(http, 400, "invalid_parameter");
	http_free(http);
}
END_TEST

START_TEST(test_ten_thousand_filters)
{
	size_t room = 10000 * 24;
	char *path = mem_alloc(room);
	struct http *http = stack_http();
	size_t len = (size_t)snprintf(path, room, "%s/nfts?", PUNKS);

	for (int i = 0; i < 10000; i++)
		len += (size_t)snprintf(path + len, room - len, "attributes[T%d]=v&", i);
	/* Too long for nginx's header buffers: it answers itself.  Past it below. */
	path[30000] = '\0';
	http_get(http, path);
	http_problem_is(http, 414, "uri_too_long");
	free(path);
	http_free(http);
}
END_TEST

/* --- past nginx: FastCGI records as they should not be */

enum {
	BEGIN = 1,
	PARAMS = 4,
	STDIN = 5
};

struct wire {
	unsigned char bytes[200000];
	size_t len;
};

static void record(struct wire *w, int type, const void *data, size_t len)
{
	const unsigned char head[8] = {
		1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len, 0,
		0
	};

	ck_assert_uint_lt(w->len + 8 + len, sizeof(w->bytes));
	memcpy(w->bytes + w->len, head, 8);
	if (len)
		memcpy(w->bytes + w->len + 8, data, len);
	w->len += 8 + len;
}

static void begin(struct wire *w, int keep)
{
	const unsigned char body[8] = { 0, 1, (unsigned char)keep };

	record(w, BEGIN, body, sizeof(body));
}

/* One name and value with four-byte lengths. */
static size_t pair(unsigned char *at, const char *name, const char *value, size_t value_len)
{
	size_t n = strlen(name);
	const unsigned char head[8] = { 0x80,
					0,
					(unsigned char)(n >> 8),
					(unsigned char)n,
					(unsigned char)(0x80 | value_len >> 24),
					(unsigned char)(value_len >> 16),
					(unsigned char)(value_len >> 8),
					(unsigned char)value_len };

	memcpy(at, head, 8);
	memcpy(at + 8, name, n);
	memcpy(at + 8 + n, value, value_len);
	return 8 + n + value_len;
}

static void params(struct wire *w, const char *method, const char *uri, const char *length)
{
	static unsigned char bytes[65536];
	size_t n = 0;

	if (method)
		n += pair(bytes + n, "REQUEST_METHOD", method, strlen(method));
	if (uri)
		n += pair(bytes + n, "REQUEST_URI", uri, strlen(uri));
	if (length)
		n += pair(bytes + n, "CONTENT_LENGTH", length, strlen(length));
	if (n)
		record(w, PARAMS, bytes, n);
}

/* Sends the bytes, then no more; all that comes back as text.  The worker must let go of the
 * connection by itself within ten seconds. */
static size_t talk(const struct wire *w, char *ret, size_t room, bool leave_open)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t got = 0, sent = 0;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", stack_hot_socket());
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	while (sent < w->len) {
		ssize_t n = send(fd, w->bytes + sent, w->len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	if (!leave_open)
		shutdown(fd, SHUT_WR);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ck_assert_msg(poll(&p, 1, 10000) == 1, "the worker holds the connection");
		ssize_t n = recv(fd, ret + got, room - 1 - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	for (size_t i = 0; i < got; i++)
		if (!ret[i])
			ret[i] = ' ';
	ret[got] = '\0';
	return got;
}

static void still_answers(void)
{
	struct http *http = stack_http();

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(http_get(http, PUNKS), 200);
	http_free(http);
	all_well();
}

START_TEST(test_fcgi_missing_params)
{
	static const struct {
		const char *method, *uri, *length;
	} cases[] = {
		{ NULL, NULL, NULL },
		{ "GET", NULL, NULL },
		{ NULL, "/health/live", NULL },
		{ "GET", "no-slash", NULL },
		{ "POST", "/health/live", "-1" },
		{ "POST", "/health/live", "12x" },
		{ "POST", "/health/live", "99999999999999999999" },
		{ "POST", "/health/live", "10" }, /* none comes */
	};
	static char answer[65536];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct wire w = { .len = 0 };
		begin(&w, 0);
		params(&w, cases[i].method, cases[i].uri, cases[i].length);
		record(&w, PARAMS, NULL, 0);
		record(&w, STDIN, NULL, 0);
		talk(&w, answer, sizeof(answer), false);
		ck_assert_msg(strstr(answer, "Status: 4"), "case %zu: %s", i, answer);
		ck_assert_ptr_nonnull(strstr(answer, "application/problem+json"));
	}
	still_answers();
}
END_TEST

/* Every prefix of a good request, then silence or the end. */
START_TEST(test_fcgi_truncated)
{
	struct wire whole = { .len = 0 };
	static char answer[65536];

	begin(&whole, 1);
	params(&whole, "GET", "/health/live", NULL);
	record(&whole, PARAMS, NULL, 0);
	record(&whole, STDIN, NULL, 0);
	for (size_t len = 0; len < whole.len; len += 3) {
		struct wire part = whole;
		part.len = len;
		talk(&part, answer, sizeof(answer), false);
	}
	still_answers();
	struct wire half = whole;
	half.len = whole.len / 2;
	talk(&half, answer, sizeof(answer), true); /* the read limit ends it */
	still_answers();
}
END_TEST

START_TEST(test_fcgi_garbage)
{
	static char answer[65536];
	unsigned seed = 12345;

	for (int round = 0; round < 60; round++) {
		struct wire w = { .len = 0 };
		if (round % 2)
			begin(&w, 0);
		size_t len = 8 + (size_t)round * 37;
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			w.bytes[w.len++] = (unsigned char)(seed >> 16);
		}
		talk(&w, answer, sizeof(answer), false);
	}
	still_answers();
}
END_TEST

/* Lengths of names and values that reach beyond the record. */
START_TEST(test_fcgi_lying_lengths)
{
	static const unsigned char lies[][12] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'A', 'B' },
		{ 0x7f, 0x7f, 'A' },
		{ 0x80, 0x00, 0x00, 0x01, 0x7f, 'A', 'B' },
		{ 0x01, 0xff, 0xff, 0xff, 0xff, 'A' },
	};
	static char answer[65536];

	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct wire w = { .len = 0 };
		begin(&w, 0);
		record(&w, PARAMS, lies[i], sizeof(lies[i]));
		record(&w, PARAMS, NULL, 0);
		record(&w, STDIN, NULL, 0);
		talk(&w, answer, sizeof(answer), false);
	}
	still_answers();
}
END_TEST

START_TEST(test_fcgi_ten_thousand_filters)
{
	static char uri[60000], answer[65536];
	struct wire w = { .len = 0 };
	int len = snprintf(uri, sizeof(uri), "%s/nfts?", PUNKS);

	for (int i = 0; len < 59900; i++)
		len += snprintf(uri + len, sizeof(uri) - (size_t)len, "attributes[%d]&", i);
	begin(&w, 0);
	params(&w, "GET", uri, NULL);
	record(&w, PARAMS, NULL, 0);
	record(&w, STDIN, NULL, 0);
	talk(&w, answer, sizeof(answer), false);
	ck_assert_ptr_nonnull(strstr(answer, "Status: 414"));
	still_answers();
}
END_TEST

/* Clients that leave: before, while and after an answer is made. */
START_TEST(test_fcgi_aborts)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct wire w = { .len = 0 };

	begin(&w, 1);
	params(&w, "GET", PUNKS "/nfts?pageSize=100", NULL);
	record(&w, PARAMS, NULL, 0);
	record(&w, STDIN, NULL, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", stack_hot_socket());
	for (int i = 0; i < 300; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		ck_assert_int_gt(send(fd, w.bytes, w.len, MSG_NOSIGNAL), 0);
		if (i % 3 == 0)
			recv(fd, w.bytes + w.len, 16, 0);
		close(fd);
	}
	still_answers();
}
END_TEST

SUITE_WITH(start, stack_done, 120, test_corpus, test_named_parameters,
	   test_unknown_parameters_are_ignored, test_long_queries, test_ten_thousand_filters,
	   test_fcgi_missing_params, test_fcgi_truncated, test_fcgi_garbage,
	   test_fcgi_lying_lengths, test_fcgi_ten_thousand_filters, test_fcgi_aborts)
