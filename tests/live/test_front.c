/* What nginx adds: its own problems, request ids, compression, the two lanes, and what it does
 * when workers die, reload or are away. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "suite.h"

#define PUNKS "0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb"

static void fill(void)
{
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name, token_type) "
		    "VALUES ('\\xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb', 'Punks', "
		    "'CRYPTOPUNKS')");
	live_pg_sql(
		"INSERT INTO such_market.nfts (contract_address, token_id, name, description) "
		"SELECT '\\xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb', n, 'Punk #' || n, "
		"repeat('punk ', CASE WHEN n < 100 THEN 100 ELSE 1200 END) "
		"FROM generate_series(0, 199) n");
}

/* One worker a lane: when it answers the next request, the one before is out of its hands. */
static void start(void)
{
	stack_start_with("workers = 1\n");
	fill();
}

START_TEST(test_own_problems)
{
	static char big[20000];
	struct http *http = stack_http();

	memset(big, 'a', sizeof(big) - 1);
	big[0] = '/';
	http_get(http, big);
	http_problem_is(http, 414, "uri_too_long");
	http_get(http, "/api/%00");
	http_problem_is(http, 400, "invalid_request");
	http_ask(http, &(struct http_ask){ .method = "TRACE", .path = "/" });
	http_problem_is(http, 405, "method_not_allowed");
	ck_assert_ptr_nonnull(http_header(http, "Allow"));
	memcpy(big, "X-Big: ", 7);
	http_ask(http, &(struct http_ask){ .path = "/", .headers = { big } });
	http_problem_is(http, 431, "headers_too_large");
	http_free(http);
}
END_TEST

START_TEST(test_body_limit)
{
	struct http *http = stack_http();
	size_t len = (size_t)2 << 20;
	char *body = mem_alloc(len);

	http_ask(http, &(struct http_ask){ .method = "POST",
					   .path = "/api/collections",
					   .body = { body, len } });
	http_problem_is(http, 413, "too_large");
	free(body);
	http_free(http);
}
END_TEST

START_TEST(test_request_id)
{
	struct http *http = stack_http();
	char first[128];

	http_ask(http, &(struct http_ask){ .path = "/health/live",
					   .headers = { "X-Request-Id: abc-123.X_y" } });
	ck_assert_str_eq(http_header(http, "X-Request-Id"), "abc-123.X_y");
	http_ask(http, &(struct http_ask){ .path = "/health/live",
					   .headers = { "X-Request-Id: a b\"c" } });
	snprintf(first, sizeof(first), "%s", http_header(http, "X-Request-Id"));
	ck_assert_ptr_null(strpbrk(first, " \""));
	http_get(http, "/health/live");
	ck_assert_str_ne(http_header(http, "X-Request-Id"), first);
	http_free(http);
}
END_TEST

START_TEST(test_gzip)
{
	struct http *http = stack_http();
	const char *path = "/api/collection/" PUNKS "/nfts?pageSize=100";
	char etag[128];
	size_t plain;

	ck_assert_int_eq(http_get(http, path), 200);
	plain = http->body.len;
	ck_assert_uint_gt(plain, 40000);
	ck_assert_ptr_null(http_header(http, "Content-Encoding"));
	http_ask(http,
		 &(struct http_ask){ .path = path, .headers = { "Accept-Encoding: gzip" } });
	ck_assert_str_eq(http_header(http, "Content-Encoding"), "gzip");
	ck_assert_ptr_nonnull(strstr(http_header(http, "Vary"), "Accept-Encoding"));
	ck_assert_uint_lt(http->body.len * 4, plain);

	/* Where nginx packs or unpacks it has made the validator weak; it still fits. */
	snprintf(etag, sizeof(etag), "If-None-Match: %s", http_header(http, "ETag"));
	http_ask(http, &(struct http_ask){ .path = path,
					   .headers = { "Accept-Encoding: gzip", etag } });
	ck_assert_int_eq(http->status, 304);
	ck_assert_uint_eq(http->body.len, 0);
	http_free(http);
}
END_TEST

/* Asks for 600 KB and does not read: more than any socket buffer holds. */
static int ask_and_wait(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct http *http = stack_http();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char ask[256];

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", stack_socket());
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	int len = snprintf(ask, sizeof(ask), "GET %s HTTP/1.0\r\n\r\n", path);
	ck_assert_int_eq(write(fd, ask, (size_t)len), len);
	/* nginx has the whole answer when the only worker of the lane has time again. */
	ck_assert_int_eq(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000), 1);
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	http_free(http);
	return fd;
}

START_TEST(test_large_answers_stay_in_memory)
{
	const char *path = "/api/collection/" PUNKS "/nfts?pageSize=100&page=1";
	char bytes[65536];
	size_t total = 0;
	int fd = ask_and_wait(path);

	for (ssize_t n; (n = read(fd, bytes, sizeof(bytes))) > 0;)
		total += (size_t)n;
	close(fd);
	ck_assert_uint_gt(total, 600000);
	ck_assert_int_eq(stack_nginx_log_count("temporary file"), 0);
}
END_TEST

START_TEST(test_limit)
{
	struct http *http = stack_http();
	int64_t until = clock_mono_ns() + INT64_C(20000000000);
	int limited = 0;

	stack_snippet("such-market-limit.conf");
	while (!limited && clock_mono_ns() < until)
		limited = http_get(http, "/health/live") == 429;
	http_problem_is(http, 429, "rate_limited");
	ck_assert_str_eq(http_header(http, "Retry-After"), "1");
	stack_snippet(NULL);
	while (http_get(http, "/health/live") != 200 && clock_mono_ns() < until)
		poll(NULL, 0, 10);
	ck_assert_int_eq(http->status, 200);
	http_free(http);
}
END_TEST

START_TEST(test_application_away)
{
	struct http *http = stack_http();

	stack_market_stop();
	http_get(http, "/health/live");
	http_problem_is(http, 503, "unavailable");
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	http_get(http, "/api/wallets/" PUNKS "/collections");
	http_problem_is(http, 503, "unavailable");
	stack_market_resume();
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	http_free(http);
}
END_TEST

/* Clients that ask without pause, and what became of it. */
struct load {
	pthread_t thread[4];
	const char *path;
	atomic_bool stop;
	atomic_int answers, failures;
};

static void *load_loop(void *ctx)
{
	struct load *load = ctx;
	struct http *http = stack_http();

	while (!load->stop) {
		if (http_try(http, &(struct http_ask){ .path = load->path }) &&
		    http->status == 200)
			load->answers++;
		else
			load->failures++;
	}
	http_free(http);
	return NULL;
}

static void load_start(struct load *load, const char *path)
{
	*load = (struct load){ .path = path };
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&load->thread[i], NULL, load_loop, load), 0);
}

static void load_end(struct load *load)
{
	load->stop = true;
	for (size_t i = 0; i < 4; i++)
		pthread_join(load->thread[i], NULL);
}

static void load_wait(struct load *load, int answers)
{
	int64_t until = clock_mono_ns() + INT64_C(30000000000);

	while (load->answers < answers && clock_mono_ns() < until)
		poll(NULL, 0, 5);
	ck_assert_int_ge(load->answers, answers);
}

static bool holds(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static size_t still_there(const pid_t *old, size_t n)
{
	pid_t now[64];
	size_t count = stack_workers(now, 64), same = 0;

	for (size_t i = 0; i < n; i++)
		same += holds(now, count, old[i]);
	return same;
}

START_TEST(test_reload_loses_nothing)
{
	pid_t old[64];
	size_t n = stack_workers(old, 64);
	int64_t until = clock_mono_ns() + INT64_C(40000000000);
	struct load load;

	ck_assert_uint_ge(n, 3);
	load_start(&load, "/api/collection/" PUNKS "/nfts/7");
	load_wait(&load, 50);
	kill(stack_market(), SIGHUP);
	while (still_there(old, n) && clock_mono_ns() < until)
		poll(NULL, 0, 20);
	ck_assert_uint_eq(still_there(old, n), 0);
	load_wait(&load, load.answers + 50);
	load_end(&load);
	ck_assert_int_eq(load.failures, 0);
}
END_TEST

START_TEST(test_worker_killed)
{
	pid_t old[64];
	size_t n = stack_workers(old, 64);
	int64_t until = clock_mono_ns() + INT64_C(30000000000);
	struct http *http = stack_http();
	pid_t now[64];

	for (size_t i = 0; i < n; i++)
		kill(old[i], SIGKILL);
	while ((stack_workers(now, 64) < n || still_there(old, n)) && clock_mono_ns() < until)
		poll(NULL, 0, 10);
	ck_assert_uint_eq(stack_workers(now, 64), n);
	while (http_get(http, "/health/live") != 200 && clock_mono_ns() < until)
		poll(NULL, 0, 10);
	ck_assert_int_eq(http_get(http, "/api/collection/" PUNKS), 200);
	http_free(http);
}
END_TEST

#define CROWD 1200 /* more than the backlog, which is 1024 */

/* Fills the hot lane's backlog; the descriptors, until the kernel takes no more. */
static size_t crowd(int *fds, size_t max)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t n = 0;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", stack_hot_socket());
	for (; n < max; n++) {
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fds[n], 0);
		if (connect(fds[n], (struct sockaddr *)&sun, sizeof(sun)) != 0) {
			close(fds[n]);
			break;
		}
	}
	return n;
}

/* Workers that nginx has no kept connection to, stopped before they take one. */
static size_t stopped_workers(pid_t *ret, size_t max)
{
	size_t n = stack_workers(ret, max), again = 0;
	int64_t until = clock_mono_ns() + INT64_C(30000000000);

	stack_market_stop();
	stack_market_begin();
	while ((again = stack_workers(ret, max)) < n && clock_mono_ns() < until)
		poll(NULL, 0, 5);
	ck_assert_uint_eq(again, n);
	for (size_t i = 0; i < n; i++)
		kill(ret[i], SIGSTOP);
	return n;
}

/* Nobody takes connections and no more can wait: nginx sheds load at once. */
START_TEST(test_full_backlog)
{
	static int fds[CROWD];
	const struct rlimit many = { CROWD + 100, CROWD + 100 };
	pid_t workers[64];
	size_t n = stopped_workers(workers, 64), crowded;
	struct http *http = stack_http();

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &many), 0);
	crowded = crowd(fds, CROWD);
	int64_t begin = clock_mono_ns();
	http_get(http, "/health/live");
	int64_t took = clock_mono_ns() - begin;
	for (size_t i = 0; i < crowded; i++)
		close(fds[i]);
	for (size_t i = 0; i < n; i++)
		kill(workers[i], SIGCONT);
	ck_assert_uint_lt(crowded, CROWD);
	http_problem_is(http, 503, "unavailable");
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	ck_assert_int_lt(took, INT64_C(2000000000));
	stack_wait_ready();
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	http_free(http);
}
END_TEST

/* Wallet reads wait for a lock; the hot lane does not wait for them. */
START_TEST(test_lanes)
{
	struct http *http = stack_http();
	struct load load;
	int64_t begin;

	live_pg_sql(
		"BEGIN; LOCK TABLE such_market.wallet_collection_mapping; PREPARE TRANSACTION "
		"'lane'");
	load_start(&load, "/api/wallets/" PUNKS "/collections");
	begin = clock_mono_ns();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(http_get(http, "/api/collection/" PUNKS), 200);
	ck_assert_int_lt(clock_mono_ns() - begin, INT64_C(1000000000));
	live_pg_sql("ROLLBACK PREPARED 'lane'");
	load_wait(&load, 1);
	load_end(&load);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, test_own_problems, test_body_limit, test_request_id,
	   test_gzip, test_large_answers_stay_in_memory, test_limit, test_application_away,
	   test_reload_loses_nothing, test_worker_killed, test_full_backlog, test_lanes)
