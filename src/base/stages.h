/*
 * Where the time of the request that is being answered went.  Who waits adds what it measured
 * anyway; nobody looks at a clock for this, so an answer from memory pays for a few additions
 * at most.  One of the process, like the metric page.
 */
#ifndef BASE_STAGES_H
#define BASE_STAGES_H

#include <stdint.h>

/*	name	what the time went into */
#define STAGES(X)                                                                              \
	X(read, "reading the request off its connection")                                      \
	X(gate, "route, key, parameters, memory: whatever is not below")                       \
	X(cache, "Redis, and waiting for somebody else's fill")                                \
	X(database, "PostgreSQL")                                                              \
	X(render, "making the answer of what was read")                                        \
	X(write, "handing the answer to the front")

enum stage {
#define X(name, what) STAGE_##name,
	STAGES(X)
#undef X
	STAGE_COUNT
};

void stages_begin(void); /* a request: all are zero */
void stages_add(enum stage stage, int64_t ns);
int64_t stages_ns(enum stage stage);

#endif
