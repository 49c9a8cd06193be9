/*
 * The connections of a worker: each is in one state, each state has its list, one epoll set
 * watches them all, edge-triggered.
 */
#ifndef HTTP_FCGI_CONN_H
#define HTTP_FCGI_CONN_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include "base/buf.h"
#include "http/fcgi_send.h"

enum conn_state {
	CONN_IDLE,    /* between requests */
	CONN_PARTIAL, /* a request has begun */
	CONN_SENDING, /* an answer waits for the peer */
	CONN_CLOSED   /* freed by conns_sweep_closed: events in hand may still name it */
};

struct conn {
	TAILQ_ENTRY(conn) link; /* in the list of its state */
	enum conn_state state;
	int fd;
	bool last;           /* to be closed after this answer */
	int64_t deadline_ns; /* of PARTIAL and SENDING; monotonic */
	struct buf whole;    /* heap: a request as far as it has come */
	struct fcgi_rest rest;
	FCGX_Request fcgx;
};
TAILQ_HEAD(conn_list, conn);

struct conns {
	int epoll;
	int count;
	struct conn_list idle; /* the longest idle first */
	struct conn_list waiting, closed;
};

void conns_init(struct conns *set, int epoll);
void conns_release(struct conns *set); /* closes all; the epoll set stays open */
void conns_sweep_closed(struct conns *set);

/* Takes the accepted socket over. */
void conn_new(struct conns *set, int fd);
/* The only writer of a connection's state. */
void conn_shift(struct conns *set, struct conn *c, enum conn_state state);
void conn_close(struct conns *set, struct conn *c);
/* Which events it waits for (EPOLLIN or EPOLLOUT); readiness is told again.  false: it cannot.
 */
bool conn_watch(struct conns *set, struct conn *c, uint32_t events);
/* Makes room: the longest idle connection goes, unless a request has just come in on it;
 * without an idle one, who has waited longest.  false: there is none. */
bool conns_evict(struct conns *set);
/* When the first deadline is; INT64_MAX without any. */
int64_t conns_due_ns(const struct conns *set);

#endif
