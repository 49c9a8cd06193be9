/* The loop in this process: signals, the board, descriptors that run out. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/board.h"
#include "base/clock.h"
#include "http/request.h"
#include "lib/fcgi_client.h"
#include "server.h"
#include "suite.h"

static char path[] = "/tmp/such-market-loop.XXXXXX";
static struct board_slot slot;
static struct metric_cells cells;
static struct buf out;
static struct fcgi *f;
static struct fcgi_options options;

static void begin_told(fcgi_serve *serve, fcgi_told *told)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	unlink(path);
	options = SERVER_OPTIONS;
	options.slot = &slot;
	options.told = told;
	options.listen_fd = server_listen(path);
	metric_attach(&cells);
	f = fcgi_new(&options, serve, NULL);
	ck_assert_ptr_nonnull(f);
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, "/", true);
}

static void begin(fcgi_serve *serve)
{
	begin_told(serve, NULL);
}

static void end(void)
{
	fcgi_free(f);
	close(options.listen_fd);
	unlink(path);
	buf_release(&out);
}

static int tellings;

/* Its answer is ready some time after the request began. */
static void serve_made(void *ctx, struct request *req, const struct problem *bad,
		       struct response *res)
{
	(void)ctx;
	ck_assert_ptr_null(bad);
	response_plain(res, req, 200, "text/plain", STR("x"));
	res->made_ns = req->started_ns + 1;
}

static void told(void *ctx, const struct request *req, const struct response *res, int64_t ns)
{
	(void)ctx;
	(void)ns;
	ck_assert_int_eq(res->made_ns, req->started_ns + 1);
	ck_assert_int_eq(slot.state, BOARD_WRITING);
	ck_assert_int_eq(slot.state_since_ns, req->started_ns);
	tellings++;
}

/* How old a request is, is shown of all of it, also while its answer is written. */
START_TEST(the_board_tells_when_a_request_began)
{
	struct fcgi_reply reply;
	int fd;

	begin_told(serve_made, told);
	fd = fcgi_client_open(path);
	ck_assert_int_eq(fcgi_poll(f, 1000, NULL), 0); /* accepts */
	ck_assert(fcgi_client_send(fd, buf_str(&out)));
	ck_assert_int_eq(fcgi_poll(f, 1000, NULL), 1);
	ck_assert(fcgi_client_reply(fd, 1000, &reply));
	fcgi_reply_release(&reply);
	ck_assert_int_eq(tellings, 1);
	close(fd);
	end();
}
END_TEST

static void serve_checked(void *ctx, struct request *req, const struct problem *bad,
			  struct response *res)
{
	(void)ctx;
	ck_assert_ptr_null(bad);
	ck_assert_int_eq(slot.state, BOARD_WORKING);
	ck_assert_int_gt(req->started_ns, 0);
	response_plain(res, req, 200, "text/plain", STR("x"));
}

START_TEST(the_board_and_the_counters_tell)
{
	struct fcgi_reply reply;
	int fd;

	begin(serve_checked);
	fd = fcgi_client_open(path);
	ck_assert_int_eq(fcgi_poll(f, 1000, NULL), 0); /* accepts */
	ck_assert(fcgi_client_send(fd, buf_str(&out)));
	ck_assert_int_eq(fcgi_poll(f, 1000, NULL), 1);
	ck_assert(fcgi_client_reply(fd, 1000, &reply));
	fcgi_reply_release(&reply);
	ck_assert_int_eq(slot.state, BOARD_IDLE);
	ck_assert_uint_eq(cells.counter[COUNTER_fcgi_connections], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_fcgi_malformed], 0);
	ck_assert_uint_gt(cells.histogram[HISTOGRAM_request_seconds].sum_ns, 0);
	ck_assert_uint_eq(fcgi_served(f), 1);
	ck_assert(fcgi_client_send(fd, STR("GET / HTTP/1.1\r\n\r\n")));
	ck_assert_int_eq(fcgi_poll(f, 1000, NULL), 0);
	ck_assert_uint_eq(cells.counter[COUNTER_fcgi_malformed], 1);
	ck_assert_int_eq(fcgi_connections(f), 0);
	ck_assert_int_eq(slot.state, BOARD_IDLE);
	close(fd);
	end();
}
END_TEST

/* A loop that always has something to do: each answer brings the next request. */
static int busy[2];
static unsigned turn;

static void serve_busy(void *ctx, struct request *req, const struct problem *bad,
		       struct response *res)
{
	(void)ctx;
	ck_assert_ptr_null(bad);
	response_plain(res, req, 200, "text/plain", STR("x"));
	ck_assert(fcgi_client_send(busy[++turn % 2], buf_str(&out)));
}

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

START_TEST(a_signal_gets_in_under_steady_load)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t usr2, open;
	int turns = 0;

	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, &open);
	begin(serve_busy);
	for (int i = 0; i < 2; i++) {
		busy[i] = fcgi_client_open(path);
		fcgi_poll(f, 1000, NULL);
	}
	ck_assert_int_eq(fcgi_connections(f), 2);
	ck_assert(fcgi_client_send(busy[0], buf_str(&out)));
	raise(SIGUSR2);
	while (!signalled && turns < 100)
		turns += fcgi_poll(f, 0, &open);
	ck_assert_int_le(turns, 2);
	ck_assert_int_gt(turns, 0); /* it was not idle */
	close(busy[0]);
	close(busy[1]);
	end();
}
END_TEST

START_TEST(a_signal_ends_the_wait)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t usr2, open;

	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, &open);
	begin(serve_checked);
	raise(SIGUSR2);
	ck_assert_int_eq(fcgi_poll(f, -1, &open), 0);
	ck_assert_int_eq(signalled, 1);
	end();
}
END_TEST

START_TEST(handlers_of_others_stay)
{
	struct sigaction action = { .sa_handler = on_signal }, now;

	sigaction(SIGTERM, &action, NULL);
	begin(serve_checked);
	sigaction(SIGTERM, NULL, &now);
	ck_assert(now.sa_handler == on_signal);
	sigaction(SIGUSR1, NULL, &now);
	ck_assert(now.sa_handler == SIG_DFL);
	sigaction(SIGPIPE, NULL, &now);
	ck_assert(now.sa_handler == SIG_IGN);
	end();
}
END_TEST

/* Without a descriptor for it a connection waits in the backlog; the loop neither spins nor
 * ends. */
START_TEST(descriptors_run_out_and_come_back)
{
	struct rlimit limit, none;
	int fd, turns = 0;
	int64_t started_ns;

	begin(serve_checked);
	fd = fcgi_client_open(path);
	ck_assert(fcgi_client_send(fd, buf_str(&out)));
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 3; /* all are in use */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	started_ns = clock_mono_ns();
	while (clock_mono_ns() - started_ns < INT64_C(50000000)) {
		fcgi_poll(f, 20, NULL);
		turns++;
	}
	ck_assert_int_lt(turns, 10);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (fcgi_served(f) == 0 && clock_mono_ns() - started_ns < INT64_C(3000000000))
		fcgi_poll(f, 1000, NULL);
	ck_assert_uint_eq(fcgi_served(f), 1);
	close(fd);
	end();
}
END_TEST

/* With idle connections at hand one of them makes room. */
START_TEST(the_longest_idle_gives_its_descriptor)
{
	struct rlimit limit, tight;
	int fd[4];

	begin(serve_checked);
	for (int i = 0; i < 4; i++)
		fd[i] = fcgi_client_open(path);
	for (int i = 0; i < 3; i++)
		fcgi_poll(f, 1000, NULL);
	ck_assert_int_eq(fcgi_connections(f), 3);
	getrlimit(RLIMIT_NOFILE, &limit);
	tight = limit;
	tight.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	fcgi_poll(f, 1000, NULL); /* no descriptor: the first goes */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(fcgi_connections(f), 2);
	ck_assert(fcgi_client_ended(fd[0], 1000));
	fcgi_poll(f, 1000, NULL);
	ck_assert_int_eq(fcgi_connections(f), 3);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	end();
}
END_TEST

START_TEST(a_bad_listener_is_told)
{
	options = SERVER_OPTIONS;
	options.listen_fd = -1;
	ck_assert_ptr_null(fcgi_new(&options, serve_checked, NULL));
	fcgi_free(NULL);
}
END_TEST

SUITE(the_board_and_the_counters_tell, the_board_tells_when_a_request_began,
      a_signal_gets_in_under_steady_load, a_signal_ends_the_wait, handlers_of_others_stay,
      descriptors_run_out_and_come_back, the_longest_idle_gives_its_descriptor,
      a_bad_listener_is_told)
