/*
 * Users that read through the caches at the same time: child processes with connections of
 * their own, each a loop of reads of probe answers (below), for a bounded time.  They yield to
 * the processes that serve (nice), count into no metric, and end with their parent.
 *
 * A probe is an answer under the prefix test:{performance}: made by one small statement; it
 * takes the same way as any other (cache_through).
 */
#ifndef JOBS_LOAD_H
#define JOBS_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/answer.h"
#include "base/rc.h"

struct env;

#define PROBE_BYTES 700
#define PROBE_WARM  100   /* numbers 0 … 99: read again and again */
#define PROBE_MAX   20000 /* numbers above PROBE_WARM are read once each */
#define LOAD_USERS  100   /* at once */

/* One read: RC_OK, and the answer is what it must be; RC_INTERNAL: it is not. */
enum rc probe_read(struct env *env, uint32_t number, enum source *ret);
/* Removes its copies from this machine's memory and from Redis. */
enum rc probe_forget(struct env *env, uint32_t first, uint32_t count);
void probe_forget_memory(struct env *env, uint32_t number);

/* What was measured, of one or many reads.  Times in nanoseconds. */
struct load_figures {
	int users;
	uint64_t operations, failed;
	uint64_t from[SOURCE_STALE + 1]; /* answers, by where they came from */
	int64_t elapsed_ns, mean_ns, p50_ns, p95_ns, p99_ns, max_ns;
};

/* What a load needs of its surroundings. */
struct load_hooks {
	/* In a child: connections of its own, never to be closed.  NULL: none to be had. */
	struct env *(*connect)(void *ctx);
	/* In the parent, some 20 times a second: not RC_OK ends the load. */
	enum rc (*wait)(void *ctx, int64_t until_mono_ns);
	void *ctx;
};

struct load {
	int users;        /* at most LOAD_USERS */
	int64_t for_ns;   /* how long they read */
	int64_t pause_ns; /* of each user between two reads; 0: none */
	uint32_t cold;    /* the first number that nobody has read yet; moved on */
};

/* RC_UNAVAILABLE: no processes to be had; else what hooks->wait returned. */
enum rc load_run(struct load *load, const struct load_hooks *hooks, struct load_figures *ret);
/* Of samples, which are sorted. */
void load_summarize(int64_t *samples_ns, uint64_t n, struct load_figures *ret);

#endif
