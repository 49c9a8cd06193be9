/*
 * The run directory: its lock makes one process the machine's master; pid file and sockets live
 * in it.  The lock belongs to the open file: children close theirs (rundir_child), so that it
 * is free the moment the master is gone.
 */
#ifndef APP_RUNDIR_H
#define APP_RUNDIR_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/rc.h"

struct app_options;
struct arena;

struct rundir {
	const char *path;
	int lock_fd;
	bool master; /* this process holds the lock */
};

/* Makes the folder when it is absent (owned by `user` when root) and tries for the lock. */
enum rc rundir_open(struct rundir *ret, const struct app_options *options, struct arena *arena,
		    const char **ret_error);
/* Again, for a copy that found it taken; true once it is this process's. */
bool rundir_take(struct rundir *rundir);
/* Who holds the lock, from the pid file; 0: unknown. */
pid_t rundir_holder(const struct rundir *rundir);
enum rc rundir_write_pid(const struct rundir *rundir, const char **ret_error);
void rundir_child(struct rundir *rundir);
/* Removes the pid file when it is ours, and lets go. */
void rundir_close(struct rundir *rundir);
/* The folder of the shared files, made when absent; arena text. */
enum rc rundir_shm(const struct app_options *options, struct arena *arena, const char **ret,
		   const char **ret_error);
/* A file in it, of whoever runs the server; nothing is made.  Arena text. */
const char *rundir_shared(const struct app_options *options, struct arena *arena,
			  const char *name);

#endif
