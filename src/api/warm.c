/* POST /api/admin/cache/warm {"collections": ["0x…"], "top": n}: a job of this machine. */
#include "model/warm_order.h"

#include "api/call.h"
#include "api/gate_audit.h"
#include "api/job.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/jsonin.h"

static enum rc take_collections(struct call *call, const struct json_object *body,
				struct warm_order *ret)
{
	struct arena *arena = call->env->arena;
	struct json_object *list = jsonin_get(body, "collections");
	size_t n = jsonin_count(list);

	if (list && jsonin_type(list) != JSONIN_ARRAY)
		return problem_parameter(&call->problem, "invalid_body", STR("collections"),
					 STR("must be an array"));
	if (n > WARM_TOP_MAX)
		return problem_parameter(&call->problem, "invalid_body", STR("collections"),
					 STR("has more than 1000 elements"));
	ret->contract = arena_zalloc(arena, (n + 1) * sizeof(*ret->contract));
	for (size_t i = 0; i < n; i++) {
		if (address_read(jsonin_str(jsonin_at(list, i)), &ret->contract[i]) != RC_OK)
			problem_parameter(&call->problem, "invalid_body",
					  arena_printf(arena, "collections[%zu]", i),
					  STR("must be an address (0x and 40 hex digits)"));
		ret->count++;
	}
	return call->problem.count ? call->problem.rc : RC_OK;
}

static enum rc take_top(struct call *call, const struct json_object *body,
			struct warm_order *ret)
{
	if (!jsonin_has(body, "top"))
		return RC_OK;
	if (jsonin_i64(jsonin_get(body, "top"), &ret->top) && ret->top >= 1 &&
	    ret->top <= WARM_TOP_MAX)
		return RC_OK;
	return problem_parameter(&call->problem, "invalid_body", STR("top"),
				 STR("must be 1 to 1000"));
}

/* Memory is each machine's own, so the job is of the machine that was asked; what it puts into
 * Redis serves all.  The same order waits once. */
enum rc cache_warm(struct call *call)
{
	static const char *const members[] = { "collections", "top", NULL };
	struct warm_order order = { .count = 0 };
	struct json_object *body;
	struct job_order job;
	int64_t id;

	if (call_body(call, members, &body) != RC_OK ||
	    take_collections(call, body, &order) != RC_OK ||
	    take_top(call, body, &order) != RC_OK)
		return call->problem.rc;
	warm_order_job(&order, call->env->arena, &job);
	job.machine = call->env->machine;
	enum rc rc = gate_audit_enqueue(call, &job, &id, NULL);
	return rc == RC_OK ? call_job(call, job_state_name(JOB_QUEUED), id) : rc;
}
