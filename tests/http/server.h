/*
 * A FastCGI server of a test's own: a child that runs the worker loop on a socket in a
 *temporary folder, with a few paths that behave:
 *
 *	/constant   700 bytes        /bytes?n=N  N bytes        /echo   the request's body
 *	/params     what was read of the request, one line each
 */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <stdint.h>
#include <sys/types.h>
#include "base/metric.h"
#include "http/fcgi.h"

struct server_shared {
	struct metric_cells cells;
	_Atomic uint64_t served, connections; /* after each turn of the loop */
};

struct server {
	pid_t pid;
	char folder[64], path[96];
	struct server_shared *shared;
};

#define SERVER_OPTIONS                                                                         \
	((struct fcgi_options){ .read_ms = 800,                                                \
				.write_ms = 800,                                               \
				.body_max = 1 << 20,                                           \
				.connections_max = 1024 })

int server_listen(const char *path);
/* options.listen_fd is made here.  drain_ms: how long SIGTERM lets it answer. */
void server_start(struct server *s, struct fcgi_options options, int drain_ms);
/* SIGTERM only; the server drains. */
void server_term(const struct server *s);
/* Ends it and checks that it ended well (a sanitizer's finding is a bad end). */
void server_stop(struct server *s);
uint64_t server_count(const struct server *s, enum counter c);
int server_descriptors(const struct server *s);
/* Polls until the server has so many connections; false after five seconds. */
bool server_settles(const struct server *s, uint64_t connections);

#endif
