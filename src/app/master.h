/*
 * The master: holds the sockets, the run directory and the board, starts and ends the others,
 * reads the configuration.  No connection to anything, so nothing can make it wait.
 */
#ifndef APP_MASTER_H
#define APP_MASTER_H

#include <signal.h>
#include "app/children.h"
#include "app/config.h"
#include "app/listen.h"
#include "app/precheck.h"
#include "app/rundir.h"

struct board;
struct cache_map;

struct master {
	const struct config_source *source;
	struct config *boot;   /* what the sockets and folders were made from */
	struct config *config; /* what processes are started with */
	struct config *next;   /* a reload waiting for its check; NULL: none */
	struct listeners listeners;
	struct rundir rundir;
	const char *slots_lock;
	struct board *board;
	const char *map_path;
	struct cache_map *map; /* of answers; NULL: its master has not made it yet */
	ino_t map_ino;
	struct children children;
	struct child_ops ops;
	struct precheck check;
	int signal_fd;
	int tell_fd[2];
	bool stopping, settled, attached;
	int64_t tick_ns;
};

/* master_start.c: everything up to the first child.  RC_OK, or *ret_error says why not. */
enum rc master_start(struct master *m, const struct config_source *source,
		     struct config *config, const char **ret_error);
void master_close(struct master *m);
/* master.c: until a signal ends it; the exit status. */
int master_run(struct master *m);
/* master_spawn.c: fork one process. */
pid_t master_spawn(void *ctx, struct child *child);
void master_signal(void *ctx, pid_t pid, int signo);
void master_gone(void *ctx, const struct child *child);
/* master_reload.c: SIGHUP, and the end of its check. */
void master_reload(struct master *m);
void master_reload_checked(struct master *m, enum fit fit);
/* Wants the processes of m->config. */
void master_begin(struct master *m);
/* master_map.c: the mapping.  The machine's master makes it, copies follow to each new one. */
enum rc master_map_open(struct master *m, const char **ret_error);
void master_map_follow(struct master *m);
void master_map_take(struct master *m); /* a copy became the machine's master */
void master_map_close(struct master *m);
/* master_watch.c: ends processes whose request takes too long. */
void master_watch(struct master *m, int64_t now_ns);

#endif
