/* Work in the background, in answers: what was queued, and where to ask what became of it. */
#ifndef API_JOB_H
#define API_JOB_H

#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct call;
struct job;

/* The path of a job's status. */
struct str call_job_url(struct arena *arena, int64_t id);
/* Answers 202 with the number of a job, its state, and where to ask for it. */
enum rc call_job(struct call *call, const char *state, int64_t id);
/* The job whose number stands in the path's first hole; else the problem is set. */
enum rc call_job_find(struct call *call, struct job *ret);
/* RC_NOT_FOUND, with the problem set. */
enum rc call_job_missing(struct call *call);

#endif
