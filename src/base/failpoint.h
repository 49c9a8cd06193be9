/*
 * Places where a test makes a process slow or lets it die, to widen races that are a
 * microsecond wide otherwise:
 *
 *	SUCH_MARKET_FP="after_commit:20ms,before_ack:kill"
 *
 * Each point may be given a pause (1ms … 60000ms), "kill" (SIGKILL) or "stop" (SIGSTOP).  The
 * environment is read at the first point a process passes; a text that is not understood ends
 * it.  Compiled in only by --enable-failpoints: else a point is nothing.
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include <stdbool.h>
#include <stdint.h>

/*	name           where */
#define FAILPOINTS(X)                                                                          \
	X(before_bump, "a write has run, its tags are not in the mapping")                     \
	X(before_commit, "its transaction is in the slots of its tags")                        \
	X(after_commit, "it is committed")                                                     \
	X(before_gen, "the write counter is raised, no generation is")                         \
	X(before_ack, "the mapping knows it")                                                  \
	X(after_read, "a filler has read its data, the answer is not kept yet")                \
	X(after_reset, "the counters are gone, the audit log has no row of the call's end")

enum failpoint {
#define X(name, where) FAILPOINT_##name,
	FAILPOINTS(X)
#undef X
	FAILPOINT_COUNT
};

enum failpoint_does {
	FAILPOINT_NOTHING,
	FAILPOINT_SLEEP,
	FAILPOINT_KILL,
	FAILPOINT_STOP
};

struct failpoint_plan {
	enum failpoint_does does[FAILPOINT_COUNT];
	uint32_t ms[FAILPOINT_COUNT];
};

/* NULL plans nothing.  False: not understood. */
bool failpoint_read(const char *text, struct failpoint_plan *ret);

#ifdef ENABLE_FAILPOINTS
void failpoint_pass(enum failpoint point);
#define FAILPOINT(name) failpoint_pass(FAILPOINT_##name)
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
