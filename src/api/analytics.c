/*
 * GET  /api/admin/cache/metrics                           the counters of all machines
 * GET  /api/admin/cache/metrics?snapshot=17               what they were when that was saved
 * POST /api/admin/cache/metrics {"action":"reset"|"save"}
 */
#include <inttypes.h>
#include <poll.h>
#include "api/analytics_report.h"
#include "api/call.h"
#include "api/gate_audit.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "base/stages.h"
#include "net/pg.h"

#define BODY_MAX  ((size_t)4 << 20)
#define GRACE_MS  500  /* beyond the ticker's interval, for it to write what was counted */
#define WAIT_MS   3000 /* at most: a worker waits, and nginx behind it */
#define LOOK_MS   5
#define NS_PER_MS INT64_C(1000000)

/* Of analytics_ranges, in its order. */
#define RANGE_CHOICES "1h|5m|6h|24h|7d|30d"

static const struct analytics_range *range_named(struct str name)
{
	for (size_t i = 0; i < ANALYTICS_RANGES; i++)
		if (str_eqz(name, analytics_ranges[i].name))
			return &analytics_ranges[i];
	return NULL;
}

static const struct param params[] = {
	{ .name = "range", .kind = PARAM_CHOICE, .choices = RANGE_CHOICES },
	{ "snapshot", PARAM_INT, .min = 1, .max = INT64_MAX }, /* of what is shown only */
};
enum {
	RANGE,
	SNAPSHOT,
	PARAMS
};

static const struct analytics_range *range_of(const struct param_value *value)
{
	struct str choices = STR(RANGE_CHOICES), name = STR_NONE;

	for (int64_t i = 0; i <= value->num; i++)
		name = str_cut(&choices, '|');
	return range_named(name);
}

static bool has_redis(const struct env *env)
{
	return env->analytics && env->analytics->redis &&
	       redis_configured(env->analytics->redis);
}

/* What this machine knows by itself. */
static void count_locally(struct env *env, struct report *r)
{
	*r->counts = (struct analytics_counts){ .points = 0 };
	r->local = true;
	if (!env->board)
		return;
	board_tally(env->board, &r->counts->sum);
	r->counts->tops = board_top(env->board, r->counts->top, ANALYTICS_TOP);
}

static struct report make_report(struct env *env, const struct analytics_range *range)
{
	struct report r = { .env = env, .range = range };

	r.counts = arena_alloc(env->arena, sizeof(*r.counts));
	if (!has_redis(env) ||
	    analytics_read(env->analytics, range, env->now_us, r.counts) != RC_OK)
		count_locally(env, &r);
	else if (analytics_machines(env->analytics, env->arena, env->machine, &r.machine,
				    &r.machines) != RC_OK)
		r.machines = 0;
	return r;
}

/* STR_NONE: it is larger than answers may be. */
static struct str write_report(struct env *env, const struct report *r)
{
	struct buf body;
	struct json j;

	buf_init(&body, env->arena, BODY_MAX);
	json_init(&j, &body);
	report_write(&j, r);
	return buf_failed(&body) ? STR_NONE : buf_str(&body);
}

/* As it was saved. */
static enum rc show_saved(struct call *call, int64_t id)
{
	struct arena *arena = call->env->arena;
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(call->env->pg, STMT_analytics_saved,
		       PG_ARGS(pg_text(arena_printf(arena, "%" PRId64, id).ptr)));

	if (row.rc != RC_OK)
		return call_answer(call, row.rc, NULL);
	if (row.count == 0)
		return problem_set(&call->problem, RC_NOT_FOUND, "snapshot_not_found",
				   STR("No such snapshot is known, or it was forgotten"));
	response_plain(call->res, call->req, 200, "application/json",
		       arena_dup(arena, pg_str(&row, 0, 0)));
	return RC_OK;
}

enum rc analytics_show(struct call *call)
{
	struct param_value v[PARAMS];

	if (call_query(call, params, PARAMS, v) != RC_OK)
		return call->problem.rc;
	if (v[SNAPSHOT].given)
		return show_saved(call, v[SNAPSHOT].num);
	const struct report r = make_report(call->env, range_of(&v[RANGE]));
	struct str body = write_report(call->env, &r);
	if (!body.ptr)
		return call_answer(call, RC_INTERNAL, NULL);
	response_plain(call->res, call->req, 200, "application/json", body);
	return RC_OK;
}

/* --- actions ------------------------------------------------------------------------------ */

static enum rc refuse_away(struct call *call)
{
	return problem_set(&call->problem, RC_UNAVAILABLE, "analytics_away",
			   STR("The Redis of the counters does not answer: nothing was done"));
}

static bool is_clean(const struct env *env, int64_t since_ns)
{
	return __atomic_load_n(&board_ledger(env->board)->clean_ns, __ATOMIC_ACQUIRE) >
	       since_ns;
}

/* Until Redis has everything that this machine had counted when this was called; false: it was
 * not to be awaited. */
static bool wait_flushed(const struct env *env)
{
	int64_t start_ns = clock_mono_ns(), now_ns = start_ns;
	int64_t wait_ms = env->analytics->options->interval_ms + GRACE_MS;
	int64_t end_ns = start_ns + (wait_ms < WAIT_MS ? wait_ms : WAIT_MS) * NS_PER_MS;

	if (!env->board)
		return false;
	while (!is_clean(env, start_ns) && now_ns <= end_ns) {
		poll(NULL, 0, LOOK_MS);
		now_ns = clock_mono_ns();
	}
	stages_add(STAGE_cache, now_ns - start_ns);
	return is_clean(env, start_ns);
}

/* Who is not there is not waited for. */
static bool answers(const struct env *env)
{
	return has_redis(env) && analytics_answers(env->analytics);
}

static enum rc send_done(struct call *call, const char *action, bool flushed, struct str id,
			 int64_t saved_us)
{
	struct buf body;
	struct json j;

	buf_init(&body, call->env->arena, BODY_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_bool(&j, "success", true);
	json_strz(&j, "action", action);
	json_time(&j, "timestamp", call->env->now_us);
	json_bool(&j, "flushed", flushed);
	if (id.ptr) {
		json_raw(&j, "snapshotId", id);
		json_str(&j, "snapshotUrl",
			 arena_printf(call->env->arena,
				      "/api/admin/cache/metrics?snapshot=" STR_FMT,
				      STR_ARG(id)));
		json_time(&j, "savedAt", saved_us);
	}
	json_end(&j);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&body));
	return RC_OK;
}

static enum rc reset(struct call *call, const struct analytics_range *range)
{
	struct env *env = call->env;

	(void)range;
	if (!answers(env))
		return refuse_away(call);
	bool flushed = wait_flushed(env);
	enum rc rc = audit_begun(env);
	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	bool unknown;
	rc = analytics_reset(env->analytics, env->arena, clock_wall_us(), &unknown);
	if (rc != RC_OK && unknown)
		return gate_audit_unknown(call, STR("Redis did not answer: it may have been "
						    "reset; look, and ask again"));
	if (rc != RC_OK)
		return refuse_away(call);
	FAILPOINT(after_reset);
	return send_done(call, "reset", flushed, STR_NONE, 0);
}

struct snapshot {
	struct env *env;
	const char *range, *text;
	struct str id;
	int64_t saved_us;
};

static enum rc keep(struct pg *pg, void *ctx)
{
	struct snapshot *s = ctx;
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_analytics_save, PG_ARGS(pg_text(s->range), pg_text(s->text)));

	if (row.rc != RC_OK)
		return row.rc;
	s->id = arena_dup(s->env->arena, pg_str(&row, 0, 0));
	s->saved_us = pg_i64(&row, 0, 1);
	return RC_OK;
}

static enum rc save(struct call *call, const struct analytics_range *range)
{
	struct env *env = call->env;
	struct snapshot s = { .env = env, .range = range->name };

	if (!answers(env))
		return refuse_away(call);
	bool flushed = wait_flushed(env);
	const struct report r = make_report(env, range);
	if (r.local)
		return refuse_away(call);
	struct str text = write_report(env, &r);
	if (!text.ptr)
		return call_answer(call, RC_INTERNAL, NULL);
	s.text = arena_strz(env->arena, text);
	enum rc rc = gate_audit_run(call, 200, keep, &s);
	return rc == RC_OK ? send_done(call, "save", flushed, s.id, s.saved_us) : rc;
}

static const struct {
	const char *name;
	enum rc (*run)(struct call *call, const struct analytics_range *range);
} actions[] = { { "reset", reset }, { "save", save } };

enum rc analytics_do(struct call *call)
{
	static const char *const members[] = { "action", NULL };
	struct param_value range;
	struct json_object *body;

	if (call_query(call, params, 1, &range) != RC_OK ||
	    call_body(call, members, &body) != RC_OK)
		return call->problem.rc;
	struct str action = jsonin_str(jsonin_get(body, "action"));
	for (size_t i = 0; i < COUNT_OF(actions); i++)
		if (str_eqz(action, actions[i].name))
			return actions[i].run(call, range_of(&range));
	return problem_parameter(&call->problem, "invalid_action", STR("action"),
				 STR("must be \"reset\" or \"save\""));
}
