/* The FastCGI loop with peers that do not behave: none may end it, block it or cost a
 * descriptor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/fcgi_client.h"
#include "server.h"
#include "suite.h"

static struct server server;
static struct buf out;

static void start(void)
{
	server_start(&server, SERVER_OPTIONS, 100);
}

static void stop(void)
{
	server_stop(&server);
}

static void expect_alive(void)
{
	struct fcgi_reply reply;
	struct buf get;
	int fd = fcgi_client_open(server.path);

	ck_assert_int_ge(fd, 0);
	buf_init(&get, NULL, BUF_NO_MAX);
	fcgi_get(&get, "/constant", false);
	ck_assert(fcgi_client_send(fd, buf_str(&get)));
	ck_assert(fcgi_client_reply(fd, 2000, &reply));
	ck_assert_uint_eq(reply.body.len, 700);
	fcgi_reply_release(&reply);
	buf_release(&get);
	close(fd);
}

/* Sends out, expects the connection's end without an answer, and one malformed more. */
static void expect_refused(int line)
{
	uint64_t before = server_count(&server, COUNTER_fcgi_malformed);
	int fd = fcgi_client_open(server.path);
	char byte;

	ck_assert_int_ge(fd, 0);
	fcgi_client_send(fd, buf_str(&out)); /* it may be refused before its end */
	struct timeval patience = { .tv_sec = 2 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ssize_t n = recv(fd, &byte, 1, 0);
	ck_assert_msg(n == 0 || (n < 0 && errno == ECONNRESET), "case %d: %zd", line, n);
	close(fd);
	ck_assert_msg(server_count(&server, COUNTER_fcgi_malformed) == before + 1, "case %d",
		      line);
	buf_clear(&out);
}

static const struct fcgi_param good[] = {
	{ "REQUEST_METHOD", { "GET", 3 } },
	{ "REQUEST_URI", { "/constant", 9 } },
};

static void params_of(struct str pairs)
{
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, pairs);
	fcgi_stream(&out, FCGI_TYPE_STDIN, 1, STR_NONE);
}

START_TEST(wrong_begin_records_are_refused)
{
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_request(&out, 1, true, good, 2, STR_NONE);
	out.ptr[0] = 2; /* version */
	expect_refused(__LINE__);
	fcgi_request(&out, 0, true, good, 2, STR_NONE); /* request id 0 */
	expect_refused(__LINE__);
	static const int roles[] = { 0, 2, 3, 257, 0xffff };
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		fcgi_begin(&out, 1, roles[i], true);
		fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, STR_NONE);
		fcgi_stream(&out, FCGI_TYPE_STDIN, 1, STR_NONE);
		expect_refused(__LINE__);
	}
	fcgi_record(&out, FCGI_TYPE_BEGIN, 1, STR("\0\1\1"), 0); /* too short */
	expect_refused(__LINE__);
	fcgi_record(&out, FCGI_TYPE_BEGIN, 1, STR("\0\1\1\0\0\0\0\0\0"), 0); /* too long */
	expect_refused(__LINE__);
	fcgi_record(&out, FCGI_TYPE_BEGIN, 1, STR("\0\1\1\0\0\0\0\0"), 1); /* padded */
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, STR_NONE);
	fcgi_stream(&out, FCGI_TYPE_STDIN, 1, STR_NONE);
	expect_refused(__LINE__);
	fcgi_record(&out, FCGI_TYPE_PARAMS, 1, STR_NONE, 0); /* none at all */
	expect_refused(__LINE__);
	fcgi_record(&out, 9, 0, STR("\xe\0FCGI_MAX_CONNS"), 0); /* GET_VALUES */
	expect_refused(__LINE__);
	buf_addc(&out, 'G'); /* HTTP */
	expect_refused(__LINE__);
	expect_alive();
	buf_release(&out);
}
END_TEST

START_TEST(wrong_pairs_are_refused)
{
	static const struct str pairs[] = {
		{ "\x05", 1 },                             /* no value's length */
		{ "\x05\x05xx", 4 },                       /* shorter than it says */
		{ "\x7f\x7f", 2 },                         /* nothing of what it says */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, /* 2 GB and 2 GB */
		{ "\x80\x00", 2 },                         /* half a length */
		{ "\xff\xff\xff\xff\x01", 5 },
		{ "\x01\xff\xff\xff\xff\x41", 6 },
		{ "\x80\x01\x00\x00\x01", 5 }, /* more than all that is looked at */
	};

	buf_init(&out, NULL, BUF_NO_MAX);
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		params_of(pairs[i]);
		expect_refused((int)i);
	}
	expect_alive();
	buf_release(&out);
}
END_TEST

START_TEST(wrong_sequences_are_refused)
{
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_begin(&out, 1, 1, true);
	fcgi_begin(&out, 2, 1, true); /* multiplexing */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 2, STR_NONE); /* of another request */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_STDIN, 1, STR_NONE); /* no parameters */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_record(&out, 2, 1, STR_NONE, 0); /* ABORT_REQUEST */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_record(&out, 200, 1, STR_NONE, 0); /* no such type */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_record(&out, FCGI_TYPE_PARAMS, 1, STR_NONE, 8); /* a padded end */
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, STR_NONE);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, STR_NONE, 8);
	expect_refused(__LINE__);
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, STR_NONE);
	fcgi_stream(&out, FCGI_TYPE_STDIN, 7, STR_NONE);
	expect_refused(__LINE__);
	expect_alive();
	buf_release(&out);
}
END_TEST

START_TEST(endless_parameters_are_refused)
{
	static char filler[60000];

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_begin(&out, 1, 1, true);
	for (int i = 0; i < 20; i++) { /* 30,000 empty pairs each */
		fcgi_record(&out, FCGI_TYPE_PARAMS, 1, (struct str){ filler, sizeof(filler) },
			    0);
	}
	expect_refused(__LINE__);
	expect_alive();
	buf_release(&out);
}
END_TEST

/* A whole request cut anywhere, then the peer goes: nothing is executed. */
START_TEST(a_request_cut_anywhere_is_not_executed)
{
	const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", STR("POST") },
		{ "REQUEST_URI", STR("/echo") },
		{ "CONTENT_LENGTH", STR("5") },
	};
	struct buf whole;
	uint64_t served;

	ck_assert(server_settles(&server, 0));
	served = server.shared->served;
	buf_init(&out, NULL, BUF_NO_MAX);
	buf_init(&whole, NULL, BUF_NO_MAX);
	fcgi_request(&whole, 1, true, params, COUNT_OF(params), STR("hello"));
	for (size_t n = 1; n < whole.len; n++) {
		int fd = fcgi_client_open(server.path);

		ck_assert(fcgi_client_send(fd, (struct str){ whole.ptr, n }));
		shutdown(fd, SHUT_WR);
		ck_assert(fcgi_client_ended(fd, 5000));
		close(fd);
	}
	ck_assert(server_settles(&server, 0));
	ck_assert_uint_eq(server.shared->served, served);
	expect_alive();
	buf_release(&whole);
	buf_release(&out);
}
END_TEST

static uint32_t noise_state = 12345;

static char noise(void)
{
	noise_state = noise_state * 1664525 + 1013904223;
	return (char)(noise_state >> 24);
}

START_TEST(noise_ends_nothing)
{
	buf_init(&out, NULL, BUF_NO_MAX);
	for (int i = 0; i < 500; i++) {
		int fd = fcgi_client_open(server.path);

		fcgi_request(&out, 1, true, good, 2, STR("x"));
		if (i % 2) /* a request with some bytes changed, or nothing but noise */
			for (int k = 0; k < 1 + i % 5; k++)
				out.ptr[(unsigned char)noise() % out.len] = noise();
		else
			for (size_t k = i % 7; k < out.len; k++)
				out.ptr[k] = noise();
		fcgi_client_send(fd, buf_str(&out));
		shutdown(fd, SHUT_WR);
		ck_assert_msg(fcgi_client_ended(fd, 5000), "noise %d", i);
		close(fd);
		buf_clear(&out);
	}
	expect_alive();
	buf_release(&out);
}
END_TEST

/* While it waits, others are served: the wait is the connection's, not the worker's. */
START_TEST(half_a_request_is_dropped_in_time_and_delays_nobody)
{
	int64_t started_ns = clock_mono_ns();
	int fd = fcgi_client_open(server.path);

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/constant", true);
	ck_assert(fcgi_client_send(fd, (struct str){ out.ptr, out.len / 2 }));
	for (int i = 0; i < 20; i++)
		expect_alive();
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(750000000));
	ck_assert(fcgi_client_ended(fd, 5000));
	ck_assert_int_ge(clock_mono_ns() - started_ns, INT64_C(750000000));
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(3000000000));
	close(fd);
	buf_release(&out);
}
END_TEST

/* Bytes one by one do not prolong the wait. */
START_TEST(a_dripping_peer_is_dropped_in_time)
{
	int64_t started_ns = clock_mono_ns();
	int fd = fcgi_client_open(server.path);
	static const struct timeval gap = { .tv_usec = 20000 };
	char byte;

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/constant", true);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &gap, sizeof(gap));
	for (size_t i = 0; i < out.len; i++)
		if (send(fd, out.ptr + i, 1, MSG_NOSIGNAL) < 0 || recv(fd, &byte, 1, 0) == 0)
			break;
	ck_assert(fcgi_client_ended(fd, 5000));
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(3000000000));
	close(fd);
	buf_release(&out);
}
END_TEST

/* A body longer than what can wait on the socket, and then silence. */
START_TEST(half_a_long_body_is_dropped_in_time)
{
	const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", STR("POST") },
		{ "REQUEST_URI", STR("/echo") },
		{ "CONTENT_LENGTH", STR("200000") },
	};
	static char body[200000];
	int64_t started_ns = clock_mono_ns();
	int fd = fcgi_client_open(server.path);

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_request(&out, 1, true, params, COUNT_OF(params),
		     (struct str){ body, sizeof(body) });
	ck_assert(fcgi_client_send(fd, (struct str){ out.ptr, 150000 }));
	for (int i = 0; i < 20; i++) /* it delays nobody */
		expect_alive();
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(750000000));
	ck_assert(fcgi_client_ended(fd, 5000));
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(3000000000));
	close(fd);
	expect_alive();
	buf_release(&out);
}
END_TEST

/* libfcgi would answer such records into 64 bytes of its stack. */
START_TEST(management_records_within_a_long_body_are_refused)
{
	static char body[60000];
	struct buf names;

	buf_init(&out, NULL, BUF_NO_MAX);
	buf_init(&names, NULL, BUF_NO_MAX);
	for (int i = 0; i < 100; i++)
		fcgi_pair(&names, STR("FCGI_MAX_CONNS"), STR(""));
	fcgi_begin(&out, 1, 1, true);
	fcgi_stream(&out, FCGI_TYPE_PARAMS, 1, STR_NONE);
	for (int i = 0; i < 3; i++)
		fcgi_record(&out, FCGI_TYPE_STDIN, 1, (struct str){ body, sizeof(body) }, 0);
	fcgi_record(&out, 9, 0, buf_str(&names), 0);
	fcgi_record(&out, FCGI_TYPE_STDIN, 1, STR_NONE, 0);
	expect_refused(__LINE__);
	expect_alive();
	buf_release(&names);
	buf_release(&out);
}
END_TEST

/* More than is gathered: a 413 and the end, in bounded memory. */
START_TEST(a_body_far_beyond_its_bound_is_413_and_the_end)
{
	const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", STR("POST") },
		{ "REQUEST_URI", STR("/echo") },
		{ "CONTENT_LENGTH", STR("16000000") },
	};
	size_t size = 16000000;
	char *body = calloc(1, size);
	struct fcgi_reply reply;
	int fd = fcgi_client_open(server.path);

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_request(&out, 1, true, params, COUNT_OF(params), (struct str){ body, size });
	ck_assert(!fcgi_client_send(fd, buf_str(&out))); /* cut off */
	ck_assert(fcgi_client_reply(fd, 5000, &reply));
	ck_assert_int_eq(reply.status, 413);
	fcgi_reply_release(&reply);
	ck_assert(fcgi_client_ended(fd, 5000));
	close(fd);
	expect_alive();
	free(body);
	buf_release(&out);
}
END_TEST

static void post_of(struct str body)
{
	static char number[24];
	int len = snprintf(number, sizeof(number), "%zu", body.len);
	const struct fcgi_param params[] = {
		{ "REQUEST_METHOD", STR("POST") },
		{ "REQUEST_URI", STR("/echo") },
		{ "CONTENT_LENGTH", { number, (size_t)len } },
	};

	buf_clear(&out);
	fcgi_request(&out, 1, true, params, COUNT_OF(params), body);
}

/* All that is gathered of one request: some of these fill it to its last bytes. */
START_TEST(a_request_that_just_fits_is_413)
{
	const size_t most = ((size_t)2 << 20) + 4 * 65536;
	struct fcgi_reply reply;
	char *body = calloc(1, most);

	buf_init(&out, NULL, BUF_NO_MAX);
	post_of((struct str){ body, most - 1024 });
	size_t around = out.len - (most - 1024);
	for (size_t total = most - 16; total <= most + 8; total += 8) { /* records are padded */
		int fd = fcgi_client_open(server.path);

		post_of((struct str){ body, total - around });
		ck_assert_uint_eq(out.len, total);
		fcgi_client_send(fd, buf_str(&out));
		ck_assert_msg(fcgi_client_reply(fd, 5000, &reply), "%zu bytes", total);
		ck_assert_int_eq(reply.status, 413);
		fcgi_reply_release(&reply);
		close(fd);
	}
	expect_alive();
	free(body);
	buf_release(&out);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_dropped_in_time_and_delays_nobody)
{
	int64_t started_ns = clock_mono_ns();
	int fd = fcgi_client_open(server.path);

	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/bytes?n=5000000", true);
	ck_assert(fcgi_client_send(fd, buf_str(&out)));
	for (int i = 0; i < 20; i++)
		expect_alive();
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(750000000));
	ck_assert_msg(server_settles(&server, 0), "still there: %d",
		      (int)server.shared->connections);
	ck_assert_int_ge(clock_mono_ns() - started_ns, INT64_C(750000000));
	close(fd);
	buf_release(&out);
}
END_TEST

/* Slow is not silent: who takes a little within each write_ms gets all of it. */
START_TEST(a_slow_reader_gets_all)
{
	static const struct timeval gap = { .tv_usec = 200000 };
	int fd = fcgi_client_open(server.path);
	int64_t started_ns = clock_mono_ns();
	size_t size = 6000000, total = 0;
	char *some = malloc(size);
	int pair[2];
	char byte;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &gap, sizeof(gap));
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/bytes?n=5000000", false);
	ck_assert(fcgi_client_send(fd, buf_str(&out)));
	for (int i = 0; i < 6; i++) {
		ssize_t n = recv(fd, some, 250000, 0);

		ck_assert_int_gt(n, 0);
		total += (size_t)n;
		ck_assert_int_lt(recv(pair[0], &byte, 1, 0), 0); /* 200 ms */
	}
	ck_assert_int_gt(clock_mono_ns() - started_ns, INT64_C(1000000000));
	for (ssize_t n; (n = recv(fd, some, size, 0)) > 0;)
		total += (size_t)n;
	ck_assert_uint_gt(total, 5000000);
	free(some);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	buf_release(&out);
}
END_TEST

START_TEST(aborts_cost_no_descriptor)
{
	int descriptors;

	expect_alive();
	ck_assert(server_settles(&server, 0));
	descriptors = server_descriptors(&server);
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/bytes?n=43000", true);
	for (int i = 0; i < 500; i++) {
		int fd = fcgi_client_open(server.path);
		char some[4096];

		ck_assert_int_ge(fd, 0);
		ck_assert(fcgi_client_send(fd, buf_str(&out)));
		if (i % 2)
			ck_assert_int_gt(recv(fd, some, (size_t)(1 + i * 8), 0), 0);
		close(fd);
	}
	ck_assert(server_settles(&server, 0));
	ck_assert_int_eq(server_descriptors(&server), descriptors);
	expect_alive();
	buf_release(&out);
}
END_TEST

SUITE_WITH(start, stop, 60, wrong_begin_records_are_refused, wrong_pairs_are_refused,
	   wrong_sequences_are_refused, endless_parameters_are_refused,
	   a_request_cut_anywhere_is_not_executed, noise_ends_nothing,
	   half_a_request_is_dropped_in_time_and_delays_nobody,
	   a_dripping_peer_is_dropped_in_time, half_a_long_body_is_dropped_in_time,
	   management_records_within_a_long_body_are_refused,
	   a_body_far_beyond_its_bound_is_413_and_the_end, a_request_that_just_fits_is_413,
	   a_peer_that_does_not_read_is_dropped_in_time_and_delays_nobody,
	   a_slow_reader_gets_all, aborts_cost_no_descriptor)
