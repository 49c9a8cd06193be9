/*
 * The job "sweep": removes from Redis what a cleared glob names, some hundred keys a step, and
 * has the memories walked once more for what came from there meanwhile.  Redis away: it waits.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "jobs/runner.h"
#include "model/env.h"
#include "model/purge.h"

#define STEP_NS     INT64_C(5000000) /* of SCAN and UNLINK no more than 200 a second */
#define PAUSE_NS    INT64_C(200000000)
#define PATIENCE_NS INT64_C(5000000000)

static void tell_result(struct job_run *run, uint64_t removed)
{
	struct json j;

	json_init(&j, &run->result);
	json_object(&j, NULL);
	json_int(&j, "removed", (int64_t)removed);
	json_end(&j);
}

/* A Redis that is just being started is waited for; one that is away longer is tried by a later
 * attempt, and other jobs have their turn. */
static enum rc sweep_step(struct job_run *run, struct str glob, struct redis_sweep *sweep)
{
	int64_t until_ns = clock_mono_ns() + PATIENCE_NS, pause_ns = STEP_NS;
	enum rc rc, swept;

	do {
		swept = redis_tier_sweep(cache_redis(run->env->cache), run->env->arena, glob,
					 sweep);
		if (swept != RC_OK)
			pause_ns = PAUSE_NS;
		rc = job_step_until(run, (int64_t)sweep->removed, 0, "removing",
				    clock_mono_ns() + pause_ns);
	} while (rc == RC_OK && swept != RC_OK && clock_mono_ns() < until_ns);
	return rc == RC_OK ? swept : rc;
}

enum rc job_sweep(struct job_run *run)
{
	struct str glob = jsonin_str(jsonin_get(run->arguments, "glob"));
	struct redis_sweep sweep = { .done = false };

	if (!glob.ptr)
		return RC_INVALID;
	while (!sweep.done) {
		enum rc rc = sweep_step(run, glob, &sweep);

		if (rc != RC_OK)
			return rc;
	}
	tell_result(run, sweep.removed);
	return purge_glob_again(run->env, glob);
}
