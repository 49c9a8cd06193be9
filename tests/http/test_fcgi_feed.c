/* Bytes in memory as libfcgi reads them.  FEED_DIRECT: whether its reads are to come to us. */
#include <errno.h>
#include <fcgiapp.h>
#include <fcgios.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "http/fcgi_feed.h"
#include "lib/fcgi_client.h"
#include "suite.h"

static struct buf out;
static FCGX_Request fcgx;

static void start(void)
{
	ck_assert_int_eq(FCGX_Init(), 0);
	feed_init();
	buf_init(&out, NULL, BUF_NO_MAX);
}

static void stop(void)
{
	buf_release(&out);
}

/* The body that libfcgi finds in a request. */
static struct str read_body(struct str bytes)
{
	static char body[20000];
	int fd = feed_open(bytes), n;

	ck_assert_int_ge(fd, 0);
	FCGX_InitRequest(&fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fcgx.ipcFd = fd;
	fcgx.keepConnection = fcgx.detached = 1;
	ck_assert_int_eq(FCGX_Accept_r(&fcgx), 0);
	ck_assert_str_eq(FCGX_GetParam("REQUEST_URI", fcgx.envp), "/a");
	n = FCGX_GetStr(body, sizeof(body), fcgx.in);
	ck_assert_int_eq(FCGX_GetError(fcgx.in), 0);
	feed_close(fd);
	fcgx.ipcFd = -1;
	FCGX_Free(&fcgx, 0);
	return (struct str){ body, (size_t)n };
}

START_TEST(the_way_is_the_one_this_program_was_linked_for)
{
	ck_assert_int_eq(feed_is_direct(), FEED_DIRECT);
}
END_TEST

/* Around the 8,192 bytes that libfcgi reads at once, one request after the other. */
START_TEST(requests_of_every_size_come_through)
{
	static const struct fcgi_param params[] = { { "REQUEST_METHOD", { "POST", 4 } },
						    { "REQUEST_URI", { "/a", 2 } } };
	char body[20000];

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i % 251);
	for (size_t len = 0; len < sizeof(body); len += len < 7900 || len > 8400 ? 397 : 1) {
		struct str sent = { body + len % 50, len < 50 ? len : len - 50 };

		buf_clear(&out);
		fcgi_request(&out, 1, true, params, 2, sent);
		ck_assert(str_eq(read_body(buf_str(&out)), sent));
	}
}
END_TEST

START_TEST(what_is_cut_short_ends_without_a_wait)
{
	fcgi_get(&out, "/a", true);
	for (size_t len = 0; len + 8 < out.len; len++) {
		int fd = feed_open((struct str){ out.ptr, len });

		FCGX_InitRequest(&fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
		fcgx.ipcFd = fd;
		fcgx.keepConnection = fcgx.detached = 1;
		if (FCGX_Accept_r(&fcgx) == 0) /* its parameters are whole */
			ck_assert_int_eq(FCGX_GetChar(fcgx.in), EOF);
		if (fcgx.ipcFd >= 0)
			feed_close(fd);
		fcgx.ipcFd = -1;
		FCGX_Free(&fcgx, 0);
	}
}
END_TEST

/* Every other descriptor is read as ever. */
START_TEST(descriptors_of_others_are_read)
{
	int pair[2];
	char got[8];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(write(pair[0], "abc", 3), 3);
	ck_assert_int_eq(OS_Read(pair[1], got, sizeof(got)), 3);
	ck_assert_mem_eq(got, "abc", 3);
	close(pair[0]);
	ck_assert_int_eq(OS_Read(pair[1], got, sizeof(got)), 0);
	close(pair[1]);
	ck_assert_int_eq(OS_Read(pair[1], got, sizeof(got)), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

SUITE_WITH(start, stop, 0, the_way_is_the_one_this_program_was_linked_for,
	   requests_of_every_size_come_through, what_is_cut_short_ends_without_a_wait,
	   descriptors_of_others_are_read)
