/*
 * One machine: such-market as built, and nginx with nginx/such-market.conf.in before it, in two
 * directories of its own, on unix sockets.  Several may run beside each other, over the one
 * PostgreSQL and the one Redis of live_pg.h and live_redis.h.  Failures end the program.
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "lib/keeper.h"

struct buf;

#define MACHINE_PATH 512

struct http;

struct machine {
	struct keeper market, front;
	pid_t *market_pid; /* shared: a process of the program may start the server again */
	pid_t front_pid;
	char program[MACHINE_PATH], option[MACHINE_PATH + 16];
	char conf[MACHINE_PATH], log[MACHINE_PATH], output[MACHINE_PATH];
	char socket[MACHINE_PATH], hot[MACHINE_PATH], slow[MACHINE_PATH];
};

/* settings: lines of such-market.conf.  PostgreSQL and Redis run already. */
void machine_start(struct machine *m, const char *settings);
void machine_done(struct machine *m);

struct http *machine_http(const struct machine *m); /* a client of its nginx */
void machine_wait_ready(const struct machine *m);   /* from the database */
/* Children of the master whose title holds the word ("worker", "relay"). */
size_t machine_children(const struct machine *m, const char *word, pid_t *ret, size_t max);
void machine_end(struct machine *m, int signal); /* of the master, and waits for its end */
void machine_begin(struct machine *m);           /* after that; does not wait */
/* such-market with these words after the configuration, NULL-terminated.  The exit status; what
 * it printed is in the file `output`. */
int machine_run(const struct machine *m, const char *const *args);
/* A snippet of nginx/snippets in the site, or none (NULL). */
void machine_snippet(const struct machine *m, const char *name);

/* A variable of the test run's environment, or otherwise. */
const char *machine_tree(const char *name, const char *otherwise);
/* Whole files as text; what cannot be read or written ends the program. */
void machine_read_file(const char *path, struct buf *ret);
void machine_write_file(const char *path, const char *text);

#endif
