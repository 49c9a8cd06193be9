/* Answers as records: framing, and what is kept when the socket is full. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/arena.h"
#include "http/fcgi_send.h"
#include "http/response.h"
#include "suite.h"

static struct arena *arena;
static struct response res;
static struct fcgi_rest rest;
static int pair[2];

static void start(void)
{
	arena = arena_new(65536);
}

static void stop(void)
{
	arena_free(arena);
}

static void begin(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	rest = (struct fcgi_rest){ 0 };
	response_init(&res, arena);
	res.status = 200;
}

static void end(void)
{
	close(pair[0]);
	close(pair[1]);
}

static size_t receive(char *to, size_t size)
{
	ssize_t n = recv(pair[1], to, size, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}

START_TEST(the_bytes_of_an_answer)
{
	static const char want[] = "\1\6\1\2\0\32\0\0"
				   "Status: 200 OK\r\nA: b\r\n\r\nhi"
				   "\1\6\1\2\0\0\0\0"
				   "\1\3\1\2\0\10\0\0\0\0\0\0\0\0\0\0";
	char got[256];

	begin();
	response_header(&res, "A", STR("b"));
	res.body = STR("hi");
	ck_assert_int_eq(fcgi_send(pair[0], 258, &res, &rest), FCGI_SENT);
	ck_assert_uint_eq(receive(got, sizeof(got)), sizeof(want) - 1);
	ck_assert_mem_eq(got, want, sizeof(want) - 1);
	end();
}
END_TEST

START_TEST(a_bodyless_answer_has_none)
{
	char got[256];

	begin();
	res.status = 304;
	res.body = STR("hi");
	res.bodyless = true;
	ck_assert_int_eq(fcgi_send(pair[0], 1, &res, &rest), FCGI_SENT);
	ck_assert_uint_eq(receive(got, sizeof(got)),
			  8 + strlen("Status: 304 Not Modified\r\n\r\n") + 24);
	end();
}
END_TEST

/* More pieces than one call may carry, more bytes than a socket holds. */
START_TEST(a_huge_answer_is_kept_and_sent_later)
{
	size_t size = 40 << 20, got = 0, records;
	char *body = malloc(size), *some = malloc(1 << 20);
	enum fcgi_sent sent;

	begin();
	memset(body, 'b', size);
	res.body = (struct str){ body, size };
	sent = fcgi_send(pair[0], 1, &res, &rest);
	ck_assert_int_eq(sent, FCGI_UNSENT);
	ck_assert_uint_gt(rest.len, 0);
	free(body); /* what is kept is a copy */
	arena_reset(arena);
	while (sent == FCGI_UNSENT) {
		size_t n;

		while ((n = receive(some, 1 << 20)))
			got += n;
		sent = fcgi_send_rest(pair[0], &rest);
	}
	ck_assert_int_eq(sent, FCGI_SENT);
	ck_assert_ptr_null(rest.ptr);
	for (size_t n; (n = receive(some, 1 << 20));)
		got += n;
	size += strlen("Status: 200 OK\r\n\r\n");
	records = (size + 65527) / 65528;
	ck_assert_uint_eq(got, size + 8 * records + 24);
	free(some);
	end();
}
END_TEST

START_TEST(a_peer_that_is_gone)
{
	begin();
	close(pair[1]);
	ck_assert_int_eq(fcgi_send(pair[0], 1, &res, &rest), FCGI_LOST);
	ck_assert_ptr_null(rest.ptr);
	close(pair[0]);
}
END_TEST

START_TEST(headers_beyond_all_measure_are_500)
{
	static const char want[] = "Status: 500 Internal Server Error\r\nContent-Length: 0\r\n";
	static char value[20000];
	char got[256];

	begin();
	memset(value, 'v', sizeof(value));
	response_header(&res, "A", (struct str){ value, sizeof(value) });
	res.body = STR("hi");
	ck_assert_int_eq(fcgi_send(pair[0], 1, &res, &rest), FCGI_SENT);
	ck_assert_uint_gt(receive(got, sizeof(got)), 40);
	ck_assert_mem_eq(got + 8, want, strlen(want));
	end();
}
END_TEST

SUITE_WITH(start, stop, 20, the_bytes_of_an_answer, a_bodyless_answer_has_none,
	   a_huge_answer_is_kept_and_sent_later, a_peer_that_is_gone,
	   headers_beyond_all_measure_are_500)
