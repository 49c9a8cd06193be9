#include "jobs/performance.h"

#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "jobs/runner.h"
#include "model/env.h"
#include "net/pg.h"
#include "net/redis.h"

#define NS_PER_MS   INT64_C(1000000)
#define PAUSE_NS    NS_PER_MS /* of users under load: no more than 1,000 reads a second each */
#define CALM_READS  20
#define PATIENCE_NS (6000 * NS_PER_MS) /* a breaker is open for five seconds at most */
#define LOOK_NS     (50 * NS_PER_MS)
#define AGAIN_NS    (10 * NS_PER_MS) /* between looks for recovery */
#define STEPS       (2 + LOAD_STEPS + STRESS_STEPS + 1)

static const int load_users[LOAD_STEPS] = { 1, 5, 10, 25, 50 };
static const int stress_users[STRESS_STEPS] = { 10, 25, 50, LOAD_USERS };

struct test {
	struct job_run *run;
	struct performance p;
	uint32_t cold; /* the next number that nobody has read */
	int64_t done;
	const char *what;
};

static enum rc step(struct test *t, const char *what)
{
	t->what = what;
	return job_step(t->run, t->done++, STEPS, what);
}

/* --- health ------------------------------------------------------------------------------ */

static void measure_redis(struct test *t)
{
	struct env *env = t->run->env;
	int64_t start_ns = clock_mono_ns(), ns;

	t->p.redis_configured = env->redis && redis_configured(env->redis);
	if (!t->p.redis_configured)
		return;
	struct redis *fresh = redis_again(env->redis);
	t->p.redis_up = redis_ping(fresh, &ns) == RC_OK;
	t->p.connect_ns = clock_mono_ns() - start_ns;
	if (t->p.redis_up)
		t->p.redis_up = redis_ping(fresh, &t->p.ping_ns) == RC_OK;
	redis_free(fresh);
}

/* The runner's own connection leaves a Redis alone for a while that failed a moment ago; then
 * it is that which would be measured. */
static enum rc await_redis(struct test *t)
{
	int64_t until_ns = clock_mono_ns() + PATIENCE_NS, ns;
	enum rc rc = RC_OK;

	while (rc == RC_OK && t->p.redis_up && redis_ping(t->run->env->redis, &ns) != RC_OK) {
		int64_t now_ns = clock_mono_ns();

		if (now_ns >= until_ns)
			t->p.redis_up = false;
		else
			rc = job_step_until(t->run, t->done, STEPS, t->what, now_ns + LOOK_NS);
	}
	return rc;
}

static enum rc meet_redis(struct test *t)
{
	enum rc rc = step(t, "health");

	if (rc != RC_OK)
		return rc;
	measure_redis(t);
	return await_redis(t);
}

static enum rc measure_health(struct test *t)
{
	struct env *env = t->run->env;
	struct cache_state state;
	int64_t start_ns;

	cache_state(env->cache, &state);
	t->p.memory = state.memory_on;
	t->p.leased = state.leased;
	start_ns = clock_mono_ns();
	SCOPED(pg_result_done) struct pg_result row = pg_run(env->pg, STMT_ping, PG_NO_ARGS);
	t->p.database_ns = clock_mono_ns() - start_ns;
	return row.rc;
}

/* --- 100 operations ---------------------------------------------------------------------- */

static enum rc operate(struct test *t, int kind, uint32_t number, enum source *ret)
{
	struct env *env = t->run->env;

	*ret = SOURCE_DATABASE;
	if (kind == BASIC_FORGET)
		return probe_forget(env, number, 1);
	return probe_read(env, number, ret);
}

/* A number's life: made by the database, out of memory, out of Redis, forgotten. */
static void live_one(struct test *t, uint32_t number, int64_t ns[BASIC_KINDS])
{
	struct env *env = t->run->env;

	for (int kind = 0; kind < BASIC_KINDS; kind++) {
		struct load_figures *f = &t->p.basic[kind];
		enum source source;

		if (kind == BASIC_REDIS)
			probe_forget_memory(env, number);
		int64_t start_ns = clock_mono_ns();
		enum rc rc = operate(t, kind, number, &source);
		ns[kind] = clock_mono_ns() - start_ns;
		arena_reset(env->arena); /* keeps what was filled */
		f->operations++;
		f->elapsed_ns += ns[kind];
		f->max_ns = ns[kind] > f->max_ns ? ns[kind] : f->max_ns;
		f->failed += rc != RC_OK;
		if (kind != BASIC_FORGET && rc == RC_OK)
			f->from[source]++;
	}
}

static enum rc operate_all(struct test *t)
{
	int64_t ns[BASIC_KINDS][BASIC_EACH], one[BASIC_KINDS];

	for (int i = 0; i < BASIC_EACH; i++) {
		live_one(t, t->cold++, one);
		for (int kind = 0; kind < BASIC_KINDS; kind++)
			ns[kind][i] = one[kind];
	}
	for (int kind = 0; kind < BASIC_KINDS; kind++) {
		struct load_figures *f = &t->p.basic[kind];

		f->users = 1;
		f->mean_ns = f->elapsed_ns / BASIC_EACH;
		load_summarize(ns[kind], BASIC_EACH, f);
	}
	return RC_OK;
}

/* --- many users -------------------------------------------------------------------------- */

static struct env *connect_child(void *ctx)
{
	struct test *t = ctx;

	return job_connect(t->run);
}

static enum rc wait_parent(void *ctx, int64_t until_mono_ns)
{
	struct test *t = ctx;

	return job_step_until(t->run, t->done, STEPS, t->what, until_mono_ns);
}

static enum rc crowd(struct test *t, int users, int64_t pause_ns, const char *what,
		     struct load_figures *ret)
{
	const struct load_hooks hooks = { connect_child, wait_parent, t };
	struct load load = { .users = users,
			     .for_ns = t->run->options->step_ms * NS_PER_MS,
			     .pause_ns = pause_ns,
			     .cold = t->cold };
	enum rc rc = step(t, what);

	if (rc == RC_OK)
		rc = load_run(&load, &hooks, ret);
	t->cold = load.cold < PROBE_MAX ? load.cold : PROBE_MAX;
	return rc;
}

/* The 95th percentile of some reads of copies, with nobody else testing; one that fails took as
 * long as can be. */
static int64_t calm(struct test *t)
{
	struct load_figures f = { .users = 1 };
	int64_t ns[CALM_READS];
	enum source source;

	for (uint32_t i = 0; i < CALM_READS; i++) {
		int64_t start_ns = clock_mono_ns();

		enum rc rc = probe_read(t->run->env, i, &source);
		ns[i] = rc == RC_OK ? clock_mono_ns() - start_ns : RECOVERY_MAX_NS;
		arena_reset(t->run->env->arena);
	}
	load_summarize(ns, CALM_READS, &f);
	return f.p95_ns;
}

static enum rc recover(struct test *t, int64_t before_ns)
{
	struct recovery r;
	bool over = false;
	enum rc rc;

	recovery_begin(&r, clock_mono_ns(), before_ns);
	rc = step(t, "recovery");
	while (rc == RC_OK && !over) {
		int64_t p95_ns = calm(t), now_ns = clock_mono_ns();

		over = recovery_see(&r, p95_ns, now_ns);
		if (!over)
			rc = job_step_until(t->run, t->done, STEPS, t->what, now_ns + AGAIN_NS);
	}
	t->p.recovery_ns = r.took_ns;
	return rc;
}

static enum rc stress(struct test *t)
{
	int64_t before_ns = calm(t);
	enum rc rc = RC_OK;

	for (int i = 0; i < STRESS_STEPS && rc == RC_OK && !t->p.breaking; i++) {
		rc = crowd(t, stress_users[i], 0, "stress", &t->p.stress[i]);
		if (rc == RC_OK)
			t->p.stresses = i + 1;
		t->p.breaking = performance_breaking(&t->p);
	}
	return rc == RC_OK ? recover(t, before_ns) : rc;
}

/* --- the job ----------------------------------------------------------------------------- */

static enum rc measure(struct test *t)
{
	enum source source;
	enum rc rc = measure_health(t);

	if (rc == RC_OK)
		rc = step(t, "operations");
	if (rc == RC_OK)
		rc = operate_all(t);
	for (uint32_t i = 0; i < PROBE_WARM && rc == RC_OK; i++) {
		rc = probe_read(t->run->env, i, &source);
		arena_reset(t->run->env->arena);
	}
	for (int i = 0; i < LOAD_STEPS && rc == RC_OK; i++)
		rc = crowd(t, load_users[i], PAUSE_NS, "load", &t->p.load[i]);
	return rc == RC_OK ? stress(t) : rc;
}

static void leave(struct test *t)
{
	struct json j;

	json_init(&j, &t->run->result);
	json_object(&j, NULL);
	performance_write(&t->p, &j);
	json_end(&j);
}

/* Nobody asked for a second test: another attempt only clears away what the first one left. */
static enum rc give_up(struct test *t)
{
	t->run->error =
		t->p.cleaned
			? "its runner was lost; what it had put into the caches was removed"
			: "its runner was lost; what it had put into Redis goes after "
			  "cache_ttl_hot";
	return RC_INTERNAL;
}

enum rc job_performance(struct job_run *run)
{
	struct test t = { .run = run, .cold = PROBE_WARM };
	enum rc rc = meet_redis(&t);

	t.p.cleaned = probe_forget(run->env, 0, PROBE_MAX) == RC_OK;
	if (rc == RC_OK && run->job->attempts > 1)
		return give_up(&t);
	if (rc == RC_OK)
		rc = measure(&t);
	t.p.cleaned = probe_forget(run->env, 0, t.cold) == RC_OK;
	if (rc == RC_OK)
		leave(&t);
	if (rc == RC_OK || run->stop != JOB_GO)
		return rc;
	run->error = rc_text(rc);
	return RC_INTERNAL;
}
