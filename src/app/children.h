/*
 * The children of a master: who runs, who is to be started when, who leaves.  Decisions take
 * the time as an argument; starting and signalling go through functions, so that tests need
 * neither.
 *
 * A child is EMPTY, WAITING for its start, STARTING, READY or LEAVING.  One that dies while it
 * is wanted waits and starts again: at once when it had lived ten seconds, else after 0, 100,
 * 200, 400 … 5000 ms; for ever.  A generation is one configuration: children of older ones are
 * told to leave when all of the newest are ready.
 */
#ifndef APP_CHILDREN_H
#define APP_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "app/process.h"
#include "base/board.h"

enum child_state {
	CHILD_EMPTY,
	CHILD_WAITING,
	CHILD_STARTING,
	CHILD_READY,
	CHILD_LEAVING
};

struct child {
	enum child_state state;
	enum process_role role;
	int index, generation, slot;
	pid_t pid;
	int64_t started_ns, start_at_ns;
	int64_t kill_at_ns; /* 0: no end set */
	int failures;       /* short lives in a row */
	bool outworn;       /* a successor is on its way */
	int successor_of;   /* child to tell to leave when this is ready; -1: none */
};

struct child_ops {
	pid_t (*start)(void *ctx, struct child *child); /* sets slot; -1: try again */
	void (*signal)(void *ctx, pid_t pid, int signo);
	void (*gone)(void *ctx,
		     const struct child *child); /* its slot is not needed any more */
	void *ctx;
};

struct children {
	struct child child[BOARD_SLOTS];
	const struct child_ops *ops;
	int generation;
	int64_t drain_ns;
	bool stopping;
};

#define CHILD_LONG_LIFE_NS   10000000000
#define CHILD_BACKOFF_MAX_NS 5000000000

int64_t child_backoff_ns(int failures);

void children_init(struct children *c, const struct child_ops *ops);
/* Begins a generation: wants count[role] processes of each role, now. */
void children_begin(struct children *c, const int64_t count[PROCESS_ROLES], int64_t drain_ns,
		    int64_t now_ns);
/* Starts what is due, ends what overstays.  Returns when to be called again; INT64_MAX: never.
 */
int64_t children_step(struct children *c, int64_t now_ns);
void children_told(struct children *c, const struct told *told, int64_t now_ns);
/* A process ended; the child it was, or NULL when it was none of ours. */
const struct child *children_died(struct children *c, pid_t pid, int64_t now_ns);
/* Everybody leaves (TERM, KILL after the drain time), nobody is started again but tickers,
 * which leave when all others have. */
void children_stop(struct children *c, int64_t now_ns);
void children_signal(struct children *c, int signo);
bool children_gone(const struct children *c);
/* Every process of the newest generation is ready and older ones have been told to leave. */
bool children_settled(const struct children *c);
int children_ready(const struct children *c);

#endif
