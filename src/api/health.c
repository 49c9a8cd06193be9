/*
 * Is it well?
 *
 *	GET /health/live     the process answers; asks nobody
 *	GET /health/ready    it can serve: from the database, whose schema fits, or while
 *	                     that is away from copies, flagged; else 503
 *	GET /health          every dependency, and what is raised on this machine;
 *	                     503 when it cannot serve.  Needs no key, names no hosts.
 */
#include "api/call.h"
#include "api/routes.h"
#include "base/board.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cache/cache.h"
#include "model/status.h"
#include "cache/replica.h"
#include "net/migrate.h"
#include "net/pg.h"
#include "net/redis.h"

#define PROBE_MS 500 /* longest a check may take once connected */
#define BODY_MAX 65536

struct check {
	const char *status; /* ok, off, down, mismatch */
	int64_t ns;         /* how long the answer took; 0: none came */
};

static struct check check_postgres(struct env *env)
{
	int64_t start = clock_mono_ns();
	const char *why;

	pg_set_deadline(env->pg, PROBE_MS);
	struct pg_result row = pg_run(env->pg, STMT_ping, PG_NO_ARGS);
	struct check check = { row.rc == RC_OK ? "ok" : "down", 0 };

	pg_result_done(&row);
	if (row.rc == RC_OK)
		check.ns = clock_mono_ns() - start;
	if (row.rc == RC_OK && env->migrate) {
		enum rc rc = migrate_check(env->pg, env->arena, env->migrate, &why);

		check.status = rc == RC_OK ? "ok" : rc == RC_CONFLICT ? "mismatch" : "down";
	}
	pg_set_deadline(env->pg, 0);
	return check;
}

static struct check check_redis(struct env *env)
{
	struct check check = { "off", 0 };

	if (!env->redis || !redis_configured(env->redis))
		return check;
	check.status = redis_ping(env->redis, &check.ns) == RC_OK ? "ok" : "down";
	return check;
}

static bool is_ok(struct check check)
{
	return strcmp(check.status, "ok") == 0;
}

static void begin(struct call *call, struct buf *body, struct json *j)
{
	buf_init(body, call->env->arena, BODY_MAX);
	json_init(j, body);
	json_object(j, NULL);
}

static enum rc send(struct call *call, int status, const struct buf *body)
{
	response_plain(call->res, call->req, status, "application/json", buf_str(body));
	return RC_OK;
}

enum rc health_live(struct call *call)
{
	struct buf body;
	struct json j;

	begin(call, &body, &j);
	json_strz(&j, "status", "ok");
	json_end(&j);
	return send(call, 200, &body);
}

/* Reads are answered, flagged: whoever balances load shall not take the machine away. */
static bool may_use_copies(const struct cache *cache)
{
	struct cache_state state;

	cache_state(cache, &state);
	return state.flagged;
}

enum rc health_ready(struct call *call)
{
	struct check postgres = check_postgres(call->env);
	bool truth = is_ok(postgres);
	struct buf body;
	struct json j;

	if (strcmp(postgres.status, "mismatch") == 0)
		return problem_set(
			&call->problem, RC_UNAVAILABLE, "schema_mismatch",
			STR("The database's schema is not the one this version needs"));
	if (!truth && !may_use_copies(call->env->cache))
		return problem_set(&call->problem, RC_UNAVAILABLE, "database_away",
				   STR("The database does not answer"));
	begin(call, &body, &j);
	json_strz(&j, "status", "ready");
	if (!truth) {
		json_strz(&j, "from", "copies");
		json_bool(&j, "stale", true);
	}
	json_end(&j);
	return send(call, 200, &body);
}

/* seen: what the ticker knows of it; since when it is up or down, and of the last answer. */
static void render_check(struct json *j, const char *name, struct check check,
			 const struct vital *seen, int64_t now_us)
{
	json_object(j, name);
	json_strz(j, "status", check.status);
	if (seen && seen->since_us)
		json_time(j, "since", seen->since_us);
	else
		json_null(j, "since");
	if (check.ns > 0)
		json_double(j, "latencyMs", (double)(check.ns / 1000) / 1e3);
	else
		json_null(j, "latencyMs");
	if (check.ns > 0)
		json_int(j, "ageMs", 0);
	else if (seen && seen->seen_us)
		json_int(j, "ageMs", status_age_ms(seen->seen_us, now_us));
	else
		json_null(j, "ageMs");
	json_end(j);
}

static void render_checks(struct json *j, const struct env *env, struct check postgres,
			  struct check redis, int64_t now_us)
{
	const struct vitals *v = env->board ? board_vitals(env->board) : NULL;

	render_check(j, "postgres", postgres, v ? &v->postgres : NULL, now_us);
	render_check(j, "redis", redis, v ? &v->redis : NULL, now_us);
	if (v)
		status_vital(j, "analyticsRedis", &v->analytics, now_us);
}

/* ok: copies may be used; bypassed: nobody vouches for them now, every read asks the database.
 */
static void render_cache(struct json *j, const struct cache *cache)
{
	struct cache_state state;

	cache_state(cache, &state);
	json_object(j, "cache");
	json_strz(j, "status", !state.on ? "off" : state.leased ? "ok" : "bypassed");
	json_int(j, "entries", (int64_t)state.memory.entries);
	json_int(j, "bytes", (int64_t)state.memory.bytes);
	json_end(j);
}

/* An empty list: none are configured. */
static void render_replicas(struct json *j, const struct replicas *replicas)
{
	int64_t now_ns = clock_mono_ns();

	json_array(j, "replicas");
	for (size_t i = 0; i < replicas_count(replicas); i++) {
		struct replica_state state;

		replicas_state(replicas, i, now_ns, &state);
		json_object(j, NULL);
		json_strz(j, "status", state.status);
		if (state.age_ns < 0)
			json_null(j, "lagBytes");
		else
			json_int(j, "lagBytes", (int64_t)state.lag);
		json_end(j);
	}
	json_end(j);
}

static bool is_replica_down(const struct replicas *replicas)
{
	for (size_t i = 0; i < replicas_count(replicas); i++) {
		struct replica_state state;

		replicas_state(replicas, i, clock_mono_ns(), &state);
		if (strcmp(state.status, "down") == 0)
			return true;
	}
	return false;
}

/* How many processes are in each state; null without a board. */
static void render_processes(struct json *j, struct board *board)
{
	int64_t states[BOARD_DEAD + 1] = { 0 };

	if (!board) {
		json_null(j, "processes");
		return;
	}
	for (size_t i = 0; i < BOARD_SLOTS; i++)
		states[board_slot(board, i)->state]++;
	json_object(j, "processes");
	for (int s = BOARD_STARTING; s < BOARD_DEAD; s++)
		json_int(j, board_state_name((enum board_state)s), states[s]);
	json_end(j);
}

enum rc health_detail(struct call *call)
{
	struct env *env = call->env;
	struct check postgres = check_postgres(env), redis = check_redis(env);
	int64_t now_us = clock_wall_us(); /* looking may have taken a second */
	const struct replicas *replicas = cache_replicas(env->cache);
	bool worse = strcmp(redis.status, "down") == 0 || is_replica_down(replicas);
	const char *status = !is_ok(postgres) ? "down" : worse ? "degraded" : "ok";
	struct buf body;
	struct json j;

	begin(call, &body, &j);
	json_strz(&j, "status", status);
	json_strz(&j, "version", PACKAGE_VERSION);
	if (env->chain_id)
		json_int(&j, "chainId", env->chain_id);
	else
		json_null(&j, "chainId");
	json_int(&j, "uptime", env->started_us ? status_age_ms(env->started_us, now_us) : 0);
	json_time(&j, "timestamp", now_us);
	json_object(&j, "checks");
	render_checks(&j, env, postgres, redis, now_us);
	render_cache(&j, env->cache);
	render_replicas(&j, replicas);
	json_end(&j);
	render_processes(&j, env->board);
	status_raised(&j, "alerts", env->board);
	json_end(&j);
	return send(call, is_ok(postgres) ? 200 : 503, &body);
}
