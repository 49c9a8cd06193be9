/*
 * A server that belongs to one test program.  A keeper process, forked from the program, starts
 * and stops it; when the last process of the program is gone, by whatever way, the keeper ends
 * the server and removes its directory.
 */
#ifndef LIB_KEEPER_H
#define LIB_KEEPER_H

#include <sys/types.h>

#define KEEPER_ARGS 24
#define KEEPER_PATH 256

struct keeper {
	int wire;                          /* to the keeper; -1: none */
	char dir[KEEPER_PATH];             /* removed at the end */
	const char *args[KEEPER_ARGS + 1]; /* of the server; borrowed */
	uid_t uid;                         /* who runs it */
	gid_t gid;
};

/* A new directory under /tmp, short enough for sockets, owned by uid. */
void keeper_dir(struct keeper *keeper, const char *what);
void keeper_open(struct keeper *keeper);
pid_t keeper_run(struct keeper *keeper);            /* starts the server; its pid */
pid_t keeper_pid(struct keeper *keeper);            /* of the server; 0: it does not run */
void keeper_end(struct keeper *keeper, int signal); /* signals it, and waits for its end */
void keeper_close(struct keeper *keeper);

void keeper_show(const char *log); /* on standard error: the directory will be gone */
/* Runs a command as uid, its output in log; shows it and ends the program on failure. */
void keeper_command(const struct keeper *keeper, const char *const *args, const char *log);
/* Ends the test program with a message on standard error. */
_Noreturn void keeper_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
