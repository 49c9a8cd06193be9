/* The FastCGI loop at its bounds and at its end. */
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/fcgi_client.h"
#include "server.h"
#include "suite.h"

static struct server server;
static struct buf out;
static struct fcgi_reply reply;

static void begin(struct fcgi_options options, int drain_ms)
{
	server_start(&server, options, drain_ms);
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/constant", true);
}

static void end(void)
{
	buf_release(&out);
	server_stop(&server);
}

static bool ask(int fd)
{
	bool answered =
		fcgi_client_send(fd, buf_str(&out)) && fcgi_client_reply(fd, 2000, &reply);

	if (answered) {
		ck_assert_int_eq(reply.status, 200);
		fcgi_reply_release(&reply);
	}
	return answered;
}

START_TEST(one_more_connection_closes_the_longest_idle)
{
	struct fcgi_options options = SERVER_OPTIONS;
	int fd[5];

	options.connections_max = 4;
	begin(options, 100);
	for (int i = 0; i < 4; i++) {
		fd[i] = fcgi_client_open(server.path);
		ck_assert(ask(fd[i]));
	}
	ck_assert(ask(fd[0])); /* now fd[1] is the longest idle */
	fd[4] = fcgi_client_open(server.path);
	ck_assert(ask(fd[4]));
	ck_assert(fcgi_client_ended(fd[1], 2000));
	ck_assert(ask(fd[0]));
	ck_assert(ask(fd[2]));
	ck_assert(ask(fd[3]));
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	end();
}
END_TEST

START_TEST(half_requests_do_not_lock_others_out)
{
	struct fcgi_options options = SERVER_OPTIONS;
	int half[8], fd;

	options.connections_max = 4;
	options.read_ms = 60000;
	begin(options, 100);
	for (int i = 0; i < 8; i++) {
		half[i] = fcgi_client_open(server.path);
		ck_assert(fcgi_client_send(half[i], (struct str){ out.ptr, 9 }));
	}
	fd = fcgi_client_open(server.path);
	ck_assert(ask(fd));
	for (int i = 0; i < 8; i++)
		close(half[i]);
	close(fd);
	end();
}
END_TEST

START_TEST(draining_answers_kept_connections_and_accepts_none)
{
	int fd, late;

	begin(SERVER_OPTIONS, 5000);
	fd = fcgi_client_open(server.path);
	ck_assert(ask(fd));
	server_term(&server);
	for (int i = 0; i < 50; i++)
		ck_assert(ask(fd));
	late = fcgi_client_open(server.path); /* waits for a successor */
	ck_assert_int_ge(late, 0);
	ck_assert(fcgi_client_send(late, buf_str(&out)));
	ck_assert(ask(fd));
	ck_assert_uint_le(server_count(&server, COUNTER_fcgi_connections), 2);
	int64_t closed_ns = clock_mono_ns();
	close(fd);
	end(); /* at once, not at the deadline */
	ck_assert_int_lt(clock_mono_ns() - closed_ns, INT64_C(2000000000));
	close(late);
}
END_TEST

START_TEST(draining_ends_at_its_deadline)
{
	int64_t started_ns;
	int fd;

	begin(SERVER_OPTIONS, 200);
	fd = fcgi_client_open(server.path);
	ck_assert(ask(fd));
	started_ns = clock_mono_ns();
	end();
	ck_assert_int_ge(clock_mono_ns() - started_ns, INT64_C(190000000));
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(2000000000));
	ck_assert(fcgi_client_ended(fd, 1000));
	close(fd);
}
END_TEST

/* A front that never lets go: every request sent is answered or was never begun. */
START_TEST(draining_lets_go_of_a_busy_connection_after_an_answer)
{
	int64_t started_ns;
	int fd;

	begin(SERVER_OPTIONS, 2000);
	fd = fcgi_client_open(server.path);
	ck_assert(ask(fd));
	started_ns = clock_mono_ns();
	server_term(&server);
	while (ask(fd))
		ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(5000000000));
	ck_assert_int_ge(clock_mono_ns() - started_ns, INT64_C(900000000));
	ck_assert_int_lt(clock_mono_ns() - started_ns, INT64_C(1900000000));
	close(fd);
	end();
}
END_TEST

SUITE_WITH(NULL, NULL, 30, one_more_connection_closes_the_longest_idle,
	   half_requests_do_not_lock_others_out,
	   draining_answers_kept_connections_and_accepts_none, draining_ends_at_its_deadline,
	   draining_lets_go_of_a_busy_connection_after_an_answer)
