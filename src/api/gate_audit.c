#include "api/gate_audit.h"

#include <string.h>
#include "api/call.h"
#include "api/options.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "model/job.h"
#include "net/pg.h"

#define NS_PER_S INT64_C(1000000000)

void gate_audit_begin(struct call *call)
{
	const struct request *req = call->req;

	call->audit = (struct audit){
		.who = call->who,
		.client = req->remote_addr,
		.method = arena_strz(call->env->arena, req->method_text),
		.route = call->route->path,
		.target = req->path,
		.request_id = str_of(req->id),
		.query = req->query,
		.body = req->body,
	};
	call->env->audit = &call->audit;
}

enum rc gate_audit_unknown(struct call *call, struct str detail)
{
	call->audit.unknown = true;
	return problem_set(&call->problem, RC_UNAVAILABLE, "outcome_unknown", detail);
}

enum rc gate_audit_run(struct call *call, int status, enum rc (*body)(struct pg *pg, void *ctx),
		       void *ctx)
{
	bool unknown;
	enum rc rc = audit_run(call->env, status, body, ctx, &unknown);

	if (rc == RC_OK)
		return rc;
	if (unknown)
		return gate_audit_unknown(
			call, STR("Nobody knows whether this was done: look, and ask again"));
	return call_answer(call, rc, NULL);
}

struct queueing {
	const struct job_order *order;
	int64_t id;
	bool fresh;
};

static enum rc queue(struct pg *pg, void *ctx)
{
	struct queueing *q = ctx;

	return job_enqueue(pg, q->order, &q->id, &q->fresh);
}

enum rc gate_audit_enqueue(struct call *call, const struct job_order *order, int64_t *ret_id,
			   bool *ret_new)
{
	struct queueing q = { .order = order };
	enum rc rc = gate_audit_run(call, 202, queue, &q);

	if (rc != RC_OK)
		return rc;
	*ret_id = q.id;
	if (ret_new)
		*ret_new = q.fresh;
	return rc;
}

static bool is_bounded(const struct audit *audit, int status)
{
	return strcmp(audit_outcome(audit, status), "refused") == 0 ||
	       (status >= 400 && audit->who.id == 0);
}

/* One of each key that is known, so that a flood of nobody's hides no key's; one of all others.
 */
static uint64_t bucket_of(const struct limit_table *limits, const struct call *call)
{
	return limit_client(limits, call->who.id ? arena_printf(call->env->arena, "audit %lld",
								(long long)call->who.id)
						 : STR("audit"));
}

/* Its turn is over: somebody else's row will tell of it. */
static bool skip(struct limit_table *limits, const struct call *call)
{
	int64_t most = call->options ? call->options->audit_refused : LIMIT_MOST;

	if (limit_count(limits, bucket_of(limits, call), most,
			call->req->started_ns / NS_PER_S) == 0)
		return false;
	metric_add(COUNTER_audit_skipped, 1);
	atomic_fetch_add(&limits->skipped, 1);
	return true;
}

static void tell(const struct call *call, const struct audit *audit)
{
	metric_add(COUNTER_audit_failures, 1);
	log_error("no audit row", LOG_STR("actor", audit->who.name),
		  LOG_STR("method", str_of(audit->method)), LOG_STR("path", audit->target),
		  LOG_INT("status", call->res->status),
		  LOG_STR("database", str_of(pg_error(call->env->pg))));
}

static void end_bounded(struct call *call, const struct audit *audit)
{
	struct env *env = call->env;
	struct limit_table *limits = env->board ? board_limits(env->board) : NULL;
	uint64_t skipped = 0;

	if (limits && skip(limits, call))
		return;
	if (limits)
		skipped = atomic_exchange(&limits->skipped, 0);
	if (audit_add(env->pg, env->arena, audit, call->res->status, skipped) == RC_OK)
		return;
	if (limits)
		atomic_fetch_add(&limits->skipped, skipped + 1);
	tell(call, audit);
}

/* What nobody can look up later is not acknowledged. */
static void take_back(struct call *call)
{
	problem_set(&call->problem, RC_UNAVAILABLE, "outcome_unknown",
		    STR("This was done, but it could not be written down who did it: look, and "
			"ask again"));
	response_init(call->res, call->env->arena);
	response_problem(call->res, call->req, &call->problem);
}

void gate_audit_end(struct call *call)
{
	struct env *env = call->env;
	struct audit *audit = env->audit;
	int status = call->res->status;

	if (!audit)
		return;
	env->audit = NULL;
	audit->who = call->who;
	if (is_bounded(audit, status)) {
		end_bounded(call, audit);
		return;
	}
	if (status < 400 && audit->joined)
		return;
	if (audit_add(env->pg, env->arena, audit, status, 0) == RC_OK)
		return;
	tell(call, audit);
	if (status < 400)
		take_back(call);
}
