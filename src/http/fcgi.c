#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "base/stages.h"
#include "http/fcgi.h"
#include "http/fcgi_conn.h"
#include "http/fcgi_feed.h"
#include "http/fcgi_read.h"
#include "http/fcgi_scan.h"
#include "http/fcgi_send.h"
#include "http/problem.h"
#include "http/request.h"

#define BATCH       64 /* events taken at once; each connection is served once of them */
#define PIECE       65536
#define ENDED       (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define ARENA_BYTES (64 * 1024)
#define NS_PER_MS   1000000LL
#define REST_NS     (100 * NS_PER_MS) /* without descriptors no accepting for so long */

struct fcgi {
	struct fcgi_options options;
	fcgi_serve *serve;
	void *ctx;
	struct arena *arena;
	struct request_ids ids;
	struct conns conns;
	uint64_t served;
	bool listening;
	bool draining, closing; /* closing: after the answer */
	int64_t now_ns;         /* when events came, then when the last answer was sent */
	int64_t resume_ns;      /* accept again; 0: not resting */
	int signal_fd;          /* tells that one of the blocked signals has come; never read */
	bool signalled;
	char look[FCGI_SCAN_MAX];
};

const struct conf_key fcgi_keys[] = {
	{ "request_read_timeout", CONF_MSEC, offsetof(struct fcgi_options, read_ms), "1s",
	  .min = 10, .max = 60000, .help = "longest wait for the rest of a begun request" },
	{ "request_write_timeout", CONF_MSEC, offsetof(struct fcgi_options, write_ms), "10s",
	  .min = 10, .max = 600000,
	  .help = "longest wait for a front that does not read its answer" },
	{ "body_max", CONF_BYTES, offsetof(struct fcgi_options, body_max), "1m", .min = 1024,
	  .max = 64 << 20, .help = "longest request body [bytes]" },
	{ "connections_max", CONF_INT, offsetof(struct fcgi_options, connections_max), "512",
	  .min = 1, .max = 65536,
	  .help = "connections that a worker keeps; one more closes the longest idle" },
	{ 0 }
};

static void show(struct fcgi *f, enum board_state state, int64_t now_ns)
{
	if (f->options.slot)
		board_state(f->options.slot, state, now_ns);
}

static void listen_on(struct fcgi *f)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	if (!f->listening && !f->draining)
		f->listening = epoll_ctl(f->conns.epoll, EPOLL_CTL_ADD, f->options.listen_fd,
					 &event) == 0;
	f->resume_ns = 0;
}

static void listen_off(struct fcgi *f)
{
	if (f->listening)
		epoll_ctl(f->conns.epoll, EPOLL_CTL_DEL, f->options.listen_fd, NULL);
	f->listening = false;
}

static void refuse(struct fcgi *f, struct conn *c)
{
	metric_add(COUNTER_fcgi_malformed, 1);
	conn_close(&f->conns, c);
}

static bool is_exhausted(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* One at a time: other workers want some too, and what waits is reported again. */
static void accept_one(struct fcgi *f)
{
	int fd = accept4(f->options.listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		if (f->conns.count >= f->options.connections_max)
			conns_evict(&f->conns);
		metric_add(COUNTER_fcgi_connections, 1);
		conn_new(&f->conns, fd);
	} else if (is_exhausted(errno) && !conns_evict(&f->conns)) {
		listen_off(f);
		f->resume_ns = f->now_ns + REST_NS;
	}
}

static void finish(struct fcgi *f, struct conn *c, enum fcgi_sent sent)
{
	if (sent == FCGI_UNSENT) {
		c->deadline_ns = f->now_ns + f->options.write_ms * NS_PER_MS;
		conn_shift(&f->conns, c, CONN_SENDING);
		if (conn_watch(&f->conns, c, EPOLLOUT))
			return;
		sent = FCGI_LOST;
	}
	if (sent == FCGI_LOST || c->last || f->closing)
		conn_close(&f->conns, c);
	else
		conn_shift(&f->conns, c, CONN_IDLE);
}

/* False: libfcgi finds it malformed. */
static bool read_request(struct fcgi *f, struct conn *c, int fd, int64_t now_ns,
			 struct request *ret_req, struct problem *ret_problem, enum rc *ret_rc)
{
	bool read;
	struct fcgi_reader reader = {
		.arena = f->arena,
		.ids = &f->ids,
		.body_max = f->options.body_max,
		.started_ns = now_ns,
	};

	/* FCGX_Accept_r begins by closing what is not to be kept, and closes what it finds
	 * malformed: at once, since detached, and not after a wait for the peer. */
	c->fcgx.ipcFd = fd;
	c->fcgx.keepConnection = 1;
	c->fcgx.detached = 1;
	read = fcgi_read(&c->fcgx, &reader, ret_req, ret_problem, ret_rc);
	if (c->fcgx.ipcFd >= 0)
		feed_close(fd);
	c->fcgx.ipcFd = -1;
	c->last = c->last || !c->fcgx.keepConnection;
	return read;
}

/* What came piece by piece has waited since its first byte, when its deadline was set. */
static void tell(struct fcgi *f, const struct conn *c, const struct request *req,
		 const struct response *res, int64_t ns)
{
	int64_t waited_ns = 0;

	if (c->state == CONN_PARTIAL)
		waited_ns = req->started_ns - c->deadline_ns + f->options.read_ms * NS_PER_MS;
	stages_add(STAGE_read, waited_ns);
	if (f->options.told)
		f->options.told(f->ctx, req, res, ns + waited_ns);
}

/* bytes: one whole request. */
static void answer(struct fcgi *f, struct conn *c, struct str bytes)
{
	int64_t started_ns = f->now_ns;
	struct problem problem = { 0 };
	struct request req;
	struct response res;
	enum fcgi_sent sent;
	enum rc rc;
	int fd = feed_open(bytes);

	if (fd < 0) {
		conn_close(&f->conns, c);
		return;
	}
	show(f, BOARD_READING, started_ns);
	stages_begin();
	if (!read_request(f, c, fd, started_ns, &req, &problem, &rc)) {
		refuse(f, c);
		arena_reset(f->arena);
		return;
	}
	show(f, BOARD_WORKING, started_ns);
	response_init(&res, f->arena);
	f->serve(f->ctx, &req, rc == RC_OK ? NULL : &problem, &res);
	int64_t made_ns = res.made_ns ? res.made_ns : clock_mono_ns();
	show(f, BOARD_WRITING, started_ns);
	sent = fcgi_send(c->fd, c->fcgx.requestId, &res, &c->rest);
	f->now_ns = clock_mono_ns();
	stages_add(STAGE_write, f->now_ns - made_ns);
	tell(f, c, &req, &res, f->now_ns - started_ns);
	/* Not FCGX_Finish_r: it would end the request a second time on the wire. */
	FCGX_Free(&c->fcgx, 0);
	arena_reset(f->arena);
	metric_time(HISTOGRAM_request_seconds, f->now_ns - started_ns);
	f->served++;
	finish(f, c, sent);
}

static void answer_gathered(struct fcgi *f, struct conn *c, size_t len)
{
	struct buf whole = c->whole;

	buf_init(&c->whole, NULL, 0);
	answer(f, c, (struct str){ whole.ptr, len });
	buf_release(&whole);
}

/* Far beyond body_max: without its body the request is a 413, and the connection ends.  One
 * that just fits is whole. */
static void answer_cut(struct fcgi *f, struct conn *c)
{
	char *bytes = c->whole.ptr;
	const char end[8] = { bytes[0], 5 /* STDIN */, bytes[2], bytes[3] };
	size_t len = 0;
	enum fcgi_verdict verdict = fcgi_scan(buf_str(&c->whole), &len);

	if (verdict != FCGI_LONG && verdict != FCGI_WHOLE) {
		refuse(f, c);
		return;
	}
	if (verdict == FCGI_LONG) {
		memcpy(bytes + len, end, sizeof(end));
		len += sizeof(end);
	}
	c->last = true;
	answer_gathered(f, c, len);
}

static void wait_for_more(struct fcgi *f, struct conn *c, bool ended)
{
	if (ended) {
		refuse(f, c);
	} else if (c->state == CONN_IDLE) {
		c->deadline_ns = f->now_ns + f->options.read_ms * NS_PER_MS;
		conn_shift(&f->conns, c, CONN_PARTIAL);
	}
}

/* A request that does not come in one piece. */
static void gather(struct fcgi *f, struct conn *c, bool ended)
{
	char *room;
	size_t len = 0;
	ssize_t n = -1;

	while ((room = buf_room(&c->whole, PIECE)) &&
	       (n = recv(c->fd, room, PIECE, MSG_DONTWAIT)) > 0)
		c->whole.len += (size_t)n;
	if (!room) {
		answer_cut(f, c);
		return;
	}
	switch (fcgi_scan(buf_str(&c->whole), &len)) {
	case FCGI_WHOLE:
		c->last = c->last || ended || c->whole.len > len;
		answer_gathered(f, c, len);
		break;
	case FCGI_BAD:
		refuse(f, c);
		break;
	default:
		wait_for_more(f, c, ended || n == 0 || errno != EAGAIN);
	}
}

/* Bytes have come.  Edge-triggered: what is left on the socket is told when more comes. */
static void look(struct fcgi *f, struct conn *c, bool ended)
{
	ssize_t n = recv(c->fd, f->look, sizeof(f->look), MSG_DONTWAIT);
	size_t len = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && !ended)
		return;
	if (n <= 0) {
		conn_close(&f->conns, c);
		return;
	}
	switch (fcgi_scan((struct str){ f->look, (size_t)n }, &len)) {
	case FCGI_WHOLE:
		/* What follows the request is not kept: its sender is to see an end. */
		c->last = c->last || ended || (size_t)n > len;
		answer(f, c, (struct str){ f->look, len });
		break;
	case FCGI_LONG:
	case FCGI_MORE:
		buf_init(&c->whole, NULL, (size_t)f->options.body_max * 2 + 4 * PIECE);
		buf_add(&c->whole, f->look, (size_t)n);
		gather(f, c, ended);
		break;
	case FCGI_BAD:
		refuse(f, c);
	}
}

static void send_more(struct fcgi *f, struct conn *c)
{
	size_t before = c->rest.done;
	enum fcgi_sent sent = fcgi_send_rest(c->fd, &c->rest);

	if (sent == FCGI_UNSENT) {
		if (c->rest.done > before) /* slow, but it reads */
			c->deadline_ns = f->now_ns + f->options.write_ms * NS_PER_MS;
		return;
	}
	if (sent == FCGI_SENT && !conn_watch(&f->conns, c, EPOLLIN))
		sent = FCGI_LOST;
	finish(f, c, sent);
}

static void handle(struct fcgi *f, const struct epoll_event *event)
{
	struct conn *c = event->data.ptr;

	if (!c)
		accept_one(f);
	else if (event->data.ptr == f)
		f->signalled = true;
	else if (c->state == CONN_SENDING)
		send_more(f, c);
	else if (c->state == CONN_PARTIAL)
		gather(f, c, event->events & ENDED);
	else if (c->state != CONN_CLOSED)
		look(f, c, event->events & ENDED);
}

/* Closes who let a deadline pass. */
static void sweep(struct fcgi *f)
{
	struct conn *c, *next;
	int64_t now_ns;

	if (TAILQ_EMPTY(&f->conns.waiting) && !f->resume_ns)
		return;
	now_ns = clock_mono_ns();
	for (c = TAILQ_FIRST(&f->conns.waiting); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->deadline_ns > now_ns)
			continue;
		if (c->state == CONN_PARTIAL)
			refuse(f, c);
		else
			conn_close(&f->conns, c);
	}
	if (f->resume_ns && f->resume_ns <= now_ns)
		listen_on(f);
}

/* timeout_ms, or less when something is due before. */
static int next_wait(const struct fcgi *f, int timeout_ms)
{
	int64_t due_ns = conns_due_ns(&f->conns);

	if (f->resume_ns && f->resume_ns < due_ns)
		due_ns = f->resume_ns;
	if (due_ns == INT64_MAX)
		return timeout_ms;
	int64_t ms = (due_ns - clock_mono_ns()) / NS_PER_MS + 1;

	if (ms < 0)
		ms = 0;
	return timeout_ms < 0 || ms < timeout_ms ? (int)ms : timeout_ms;
}

/* That a signal has come is an event as any other: epoll_pwait would let it in only when it has
 * no event to tell, under load never, and changes the mask twice a call. */
static void let_signals_in(struct fcgi *f, const void *sigmask)
{
	sigset_t kept;

	f->signalled = false;
	sigprocmask(SIG_SETMASK, sigmask, &kept);
	sigprocmask(SIG_SETMASK, &kept, NULL);
}

int fcgi_poll(struct fcgi *f, int timeout_ms, const void *sigmask)
{
	struct epoll_event events[BATCH];
	uint64_t before = f->served;
	int n = epoll_wait(f->conns.epoll, events, BATCH, next_wait(f, timeout_ms));

	if (n > 0)
		f->now_ns = clock_mono_ns();
	for (int i = 0; i < n; i++)
		handle(f, &events[i]);
	if (f->signalled && sigmask)
		let_signals_in(f, sigmask);
	sweep(f);
	conns_sweep_closed(&f->conns);
	if (n > 0)
		show(f, f->draining ? BOARD_DRAINING : BOARD_IDLE, f->now_ns);
	return (int)(f->served - before);
}

void fcgi_drain(struct fcgi *f, int64_t deadline_ms)
{
	int64_t now_ns = clock_mono_ns();
	int64_t end_ns = now_ns + deadline_ms * NS_PER_MS;
	int64_t half_ns = now_ns + deadline_ms * NS_PER_MS / 2;

	f->draining = true;
	listen_off(f);
	f->resume_ns = 0;
	show(f, BOARD_DRAINING, now_ns);
	while (f->conns.count && now_ns < end_ns) {
		int64_t until_ns = f->closing ? end_ns : half_ns;

		fcgi_poll(f, (int)((until_ns - now_ns) / NS_PER_MS + 1), NULL);
		now_ns = clock_mono_ns();
		f->closing = now_ns >= half_ns;
	}
}

/* libfcgi installs handlers of its own for SIGPIPE, SIGUSR1 and SIGTERM. */
static bool init_library(void)
{
	static const int signals[] = { SIGUSR1, SIGTERM };
	struct sigaction kept[COUNT_OF(signals)], ignore = { .sa_handler = SIG_IGN };
	int rc;

	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], NULL, &kept[i]);
	rc = FCGX_Init();
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], &kept[i], NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	if (rc == 0)
		feed_init();
	return rc == 0;
}

/* Whatever is blocked now; edge-triggered, since handlers take the signals, not a read. */
static bool watch_signals(struct fcgi *f)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = f };
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	f->signal_fd = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
	return f->signal_fd >= 0 &&
	       epoll_ctl(f->conns.epoll, EPOLL_CTL_ADD, f->signal_fd, &event) == 0;
}

struct fcgi *fcgi_new(const struct fcgi_options *options, fcgi_serve *serve, void *ctx)
{
	int flags = fcntl(options->listen_fd, F_GETFL);
	struct fcgi *f;

	assert(options->read_ms > 0 && options->write_ms > 0 && options->connections_max > 0);
	if (flags < 0 || fcntl(options->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    !init_library())
		return NULL;
	f = mem_alloc(sizeof(*f));
	f->options = *options;
	f->serve = serve;
	f->ctx = ctx;
	f->arena = arena_new(ARENA_BYTES);
	request_ids_init(&f->ids);
	conns_init(&f->conns, epoll_create1(EPOLL_CLOEXEC));
	f->signal_fd = -1;
	if (f->conns.epoll >= 0 && watch_signals(f))
		listen_on(f);
	if (f->listening)
		return f;
	int error = errno;

	fcgi_free(f);
	errno = error;
	return NULL;
}

void fcgi_free(struct fcgi *f)
{
	if (!f)
		return;
	conns_release(&f->conns);
	if (f->signal_fd >= 0)
		close(f->signal_fd);
	if (f->conns.epoll >= 0)
		close(f->conns.epoll);
	arena_free(f->arena);
	free(f);
}

int fcgi_connections(const struct fcgi *f)
{
	return f->conns.count;
}

uint64_t fcgi_served(const struct fcgi *f)
{
	return f->served;
}
