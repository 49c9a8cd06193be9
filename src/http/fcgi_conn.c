#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/arena.h"
#include "http/fcgi_conn.h"

void conns_init(struct conns *set, int epoll)
{
	*set = (struct conns){ .epoll = epoll };
	TAILQ_INIT(&set->idle);
	TAILQ_INIT(&set->waiting);
	TAILQ_INIT(&set->closed);
}

void conns_release(struct conns *set)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&set->idle)) || (c = TAILQ_FIRST(&set->waiting)))
		conn_close(set, c);
	conns_sweep_closed(set);
}

void conns_sweep_closed(struct conns *set)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&set->closed))) {
		TAILQ_REMOVE(&set->closed, c, link);
		free(c);
	}
}

static struct conn_list *list_of(struct conns *set, enum conn_state state)
{
	switch (state) {
	case CONN_IDLE:
		return &set->idle;
	case CONN_CLOSED:
		return &set->closed;
	default:
		return &set->waiting;
	}
}

void conn_shift(struct conns *set, struct conn *c, enum conn_state state)
{
	TAILQ_REMOVE(list_of(set, c->state), c, link);
	TAILQ_INSERT_TAIL(list_of(set, state), c, link);
	c->state = state;
}

/* Not by libfcgi: its close lingers up to 2 seconds. */
void conn_close(struct conns *set, struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	FCGX_Free(&c->fcgx, 0);
	c->fcgx.ipcFd = -1;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_release(&c->whole);
	fcgi_rest_release(&c->rest);
	conn_shift(set, c, CONN_CLOSED);
	set->count--;
}

static bool control(struct conns *set, struct conn *c, int op, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLRDHUP | EPOLLET, .data.ptr = c };

	return epoll_ctl(set->epoll, op, c->fd, &event) == 0;
}

bool conn_watch(struct conns *set, struct conn *c, uint32_t events)
{
	return control(set, c, EPOLL_CTL_MOD, events);
}

void conn_new(struct conns *set, int fd)
{
	struct conn *c = mem_alloc(sizeof(*c));
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		   sizeof(on)); /* a unix socket refuses it */
	/* No listening socket in here: when a connection is lost libfcgi would accept. */
	FCGX_InitRequest(&c->fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	c->fd = fd;
	TAILQ_INSERT_TAIL(&set->idle, c, link);
	set->count++;
	if (!control(set, c, EPOLL_CTL_ADD, EPOLLIN))
		conn_close(set, c);
}

bool conns_evict(struct conns *set)
{
	struct conn *c;
	char byte;

	for (c = TAILQ_FIRST(&set->idle); c; c = TAILQ_NEXT(c, link))
		if (recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
			break;
	if (!c)
		c = TAILQ_FIRST(&set->waiting);
	if (c)
		conn_close(set, c);
	return c != NULL;
}

int64_t conns_due_ns(const struct conns *set)
{
	int64_t due_ns = INT64_MAX;
	const struct conn *c;

	for (c = TAILQ_FIRST(&set->waiting); c; c = TAILQ_NEXT(c, link))
		if (c->deadline_ns < due_ns)
			due_ns = c->deadline_ns;
	return due_ns;
}
