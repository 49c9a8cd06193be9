/*
 * Jobs: work in the background, a row each in such_market.jobs.  Anybody queues them, runners
 * take them (jobs/runner.h).  A job that runs belongs to its holder for as long as the lease
 * is renewed; whoever holds an attempt that is over learns it by RC_CONFLICT, and stops.
 */
#ifndef MODEL_JOB_H
#define MODEL_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct json;
struct pg;

#define JOB_LEASE_MS      INT64_C(30000) /* twice a statement's longest and more */
#define JOB_SUBJECT_MAX   200
#define JOB_ARGUMENTS_MAX (64 * 1024)

enum job_kind {
#define JOB(name, at_once, attempts, seconds, function, help) JOB_##name,
#include "model/jobs.def"
	JOB_KINDS
};

struct job_kind_row {
	const char *name;
	bool exclusive;
	int attempts;
	int64_t bound_ms;
	const char *help;
};
extern const struct job_kind_row job_kinds[JOB_KINDS];
bool job_kind_read(struct str name, enum job_kind *ret);

enum job_state {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELLED,
	JOB_STATES
};
const char *job_state_name(enum job_state state);

/* A row; texts are the arena's, absent where the row has none. */
struct job {
	int64_t id;
	enum job_kind kind;
	enum job_state state;
	bool cancelling;                 /* it runs and was asked to stop */
	int64_t attempts, most_attempts; /* begun; may begin */
	struct str subject;              /* what it is about ("0x…"); may be empty */
	struct str arguments;            /* JSON */
	struct str machine;              /* only this one's runner takes it; absent: any */
	struct str progress;             /* JSON: {"done":n,"total":n,"what":"…"} */
	struct str result;               /* JSON, of one that is done */
	struct str error;                /* of the last attempt that failed: for operators */
	int64_t created_us, started_us, finished_us; /* 0: not yet */
};

struct job_order {
	enum job_kind kind;
	const char *subject; /* NULL: none.  Of one subject (and machine) one waits at a time */
	const char *arguments; /* a JSON object; NULL: {} */
	const char *machine;   /* NULL: any */
};

/* Members of the object that j is in; all but arguments and result. */
void job_render(struct json *j, const struct job *job);

/* *ret_new may be NULL; false: the same job waits already, and *ret_id is it. */
enum rc job_enqueue(struct pg *pg, const struct job_order *order, int64_t *ret_id,
		    bool *ret_new);
/* RC_NOT_FOUND: none, or it was forgotten. */
enum rc job_read(struct pg *pg, struct arena *arena, int64_t id, struct job *ret);
/* Of a kind, newest first; before: ids below it, 0: from the newest. */
enum rc job_list(struct pg *pg, struct arena *arena, enum job_kind kind, int64_t before,
		 int most, struct job **ret, int *ret_count);
/* One that waits is cancelled; one that runs is asked to stop.  RC_NOT_FOUND: it has ended. */
enum rc job_cancel(struct pg *pg, int64_t id);

/* Forgets those of a kind that have ended. */
enum rc job_forget(struct pg *pg, enum job_kind kind);

/* --- for runners ------------------------------------------------------------------------- */

/* The oldest one that may run now; RC_NOT_FOUND: none. */
enum rc job_claim(struct pg *pg, struct arena *arena, const char *machine, struct job *ret);
/* Renews the lease; progress: JSON, NULL: as it was.  RC_CONFLICT: it is another's. */
enum rc job_hold(struct pg *pg, const struct job *job, const char *machine,
		 const char *progress, bool *ret_cancelling);
/* Ends it; result: JSON, error: text; NULL: none. */
enum rc job_finish(struct pg *pg, const struct job *job, const char *machine,
		   enum job_state state, const char *result, const char *error);
/* For another attempt, not before wait_ms; counts: this one was an attempt.  RC_CONFLICT also:
 * it was asked to stop. */
enum rc job_put_back(struct pg *pg, const struct job *job, const char *machine, int64_t wait_ms,
		     const char *error, bool counts);
/* Jobs of runners that are gone: of processes of this machine that do not exist any more, and
 * of anybody whose lease has ended.  found: called for each, may be NULL. */
enum rc job_recover(struct pg *pg, struct arena *arena, const char *machine,
		    void (*found)(void *ctx, const struct job *job), void *ctx);
/* Forgets jobs that ended keep_ms ago. */
enum rc job_prune(struct pg *pg, int64_t keep_ms);

#endif
