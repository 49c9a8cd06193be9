/*
 * The multiplexing FastCGI server: the only user of libfcgi.  One epoll set holds the listening
 * socket and many kept-alive connections, one FCGX_Request each; one request is answered at a
 * time; an idle connection, half a request and a peer that does not read cost nothing and block
 * nobody.
 *
 *	struct fcgi *f = fcgi_new(&options, serve, ctx);
 *	while (!stop)
 *		fcgi_poll(f, timeout_ms, NULL);  answers what is ready
 *	fcgi_drain(f, deadline_ms);              stops accepting; answers kept connections until
 *closed
 *
 * A request is read once, and shown to libfcgi (fcgi_feed.h) when fcgi_scan.h has found it
 * whole, so libfcgi neither waits nor parses what is malformed; the answer goes past its
 * streams (fcgi_send.h).  Counts fcgi_connections, fcgi_malformed and request_seconds; who
 * serves counts the answers.
 */
#ifndef HTTP_FCGI_H
#define HTTP_FCGI_H

#include <stdbool.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"
#include "http/response.h"

struct board_slot;
struct fcgi;
struct request;

/* An answer is out, or lost: how long it took since its first byte came.  Called before the
 * arena is emptied; the stages read and write were added (base/stages.h). */
typedef void fcgi_told(void *ctx, const struct request *req, const struct response *res,
		       int64_t ns);

struct fcgi_options {
	int listen_fd;           /* made non-blocking by fcgi_new */
	int64_t read_ms;         /* longest wait for the rest of a begun request */
	int64_t write_ms;        /* longest wait for a peer that does not read */
	int64_t body_max;        /* bytes; more is 413 */
	int64_t connections_max; /* kept by this worker; one more closes the longest idle */
	struct board_slot *slot; /* states are shown here; may be NULL */
	fcgi_told *told;         /* with the ctx of fcgi_serve; may be NULL */
};
extern const struct conf_key fcgi_keys[];

/* Answers one request: fill *res.  Called with a fresh arena in req->arena, which is reset
 * after the answer.  When the request was malformed the problem is given and is to be answered.
 */
struct problem;
typedef void fcgi_serve(void *ctx, struct request *req, const struct problem *bad,
			struct response *res);

/* To be called after the fork.  SIGPIPE is ignored from here on; no other signal is touched.
 * NULL: errno says why. */
struct fcgi *fcgi_new(const struct fcgi_options *options, fcgi_serve *serve, void *ctx);
void fcgi_free(struct fcgi *f);
/* Waits at most timeout_ms (-1: no end) for something and answers it.  Returns requests
 * answered.  A signal that was blocked before fcgi_new and that sigmask lets in (NULL: none)
 * ends the wait, and gets in after the turn it came in. */
int fcgi_poll(struct fcgi *f, int timeout_ms, const void *sigmask);
/* Stops accepting; keeps answering until every connection is closed or deadline_ms have passed.
 * In the second half of that time a connection is closed together with its answer, since a busy
 * front never lets go of it by itself. */
void fcgi_drain(struct fcgi *f, int64_t deadline_ms);
int fcgi_connections(const struct fcgi *f);
uint64_t fcgi_served(const struct fcgi *f);

#endif
