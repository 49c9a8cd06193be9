/*
 * Totals of ownership, and their recount.
 *
 *	GET  /api/admin/ownership/stats                     what the triggers have counted
 *	POST /api/admin/ownership/stats {"action":"sync"}   recounts in the background
 *	GET  /api/admin/ownership/stats?sync=true           the same
 *	GET  /api/admin/ownership/sync/{jobId}              what a recount found
 */
#include "model/ownership.h"

#include "api/call.h"
#include "api/gate_audit.h"
#include "api/job.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "model/job.h"

#define BUDGET_MS 500 /* for counting what changed since the last time */

static const struct param stats_params[] = { { .name = "sync", .kind = PARAM_BOOL } };
static const struct param page_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	LIMIT,
	CURSOR,
	PAGE_PARAMS
};

static enum rc answer(struct call *call, int status, const struct buf *body)
{
	response_plain(call->res, call->req, status, "application/json", buf_str(body));
	return RC_OK;
}

static enum rc queue(struct call *call)
{
	struct job_order order = { .kind = JOB_recount };
	int64_t id;
	bool fresh;
	enum rc rc = gate_audit_enqueue(call, &order, &id, &fresh);

	if (rc != RC_OK)
		return rc;
	struct str url =
		arena_printf(call->env->arena, "/api/admin/ownership/sync/%lld", (long long)id);
	struct buf body;
	struct json j;
	buf_init(&body, call->env->arena, BUF_NO_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_strz(&j, "status", "queued");
	json_int(&j, "jobId", id);
	json_str(&j, "statusUrl", url);
	json_bool(&j, "alreadyQueued", !fresh);
	json_end(&j);
	response_header(call->res, "Location", url);
	return answer(call, 202, &body);
}

/* A recount by GET is a write nevertheless: for operators, and on the audit log. */
static enum rc sync_by_get(struct call *call)
{
	enum rc rc = call_allow(call, ROLE_OPERATOR);

	gate_audit_begin(call);
	return rc == RC_OK ? queue(call) : rc;
}

enum rc ownership_stats(struct call *call)
{
	struct ownership_totals t;
	struct param_value sync;
	struct buf body;
	struct json j;

	enum rc rc = call_query(call, stats_params, 1, &sync);
	if (rc != RC_OK)
		return rc;
	if (sync.num && call->req->method == METHOD_GET)
		return sync_by_get(call);
	rc = ownership_totals(call->env, BUDGET_MS, &t);
	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	buf_init(&body, call->env->arena, BUF_NO_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_int(&j, "totalOwnershipRecords", t.holdings);
	json_int(&j, "totalUserCollections", t.users);
	json_int(&j, "totalWalletMappings", t.mappings);
	json_int(&j, "uniqueOwners", t.owners);
	json_int(&j, "uniqueCollections", t.collections);
	json_bool(&j, "isExact", t.exact);
	json_time(&j, "timestamp", call->env->now_us);
	json_end(&j);
	return answer(call, 200, &body);
}

enum rc ownership_act(struct call *call)
{
	static const char *const members[] = { "action", NULL };
	struct json_object *body;

	enum rc rc = call_body(call, members, &body);
	if (rc != RC_OK)
		return rc;
	if (!str_eqz(jsonin_str(jsonin_get(body, "action")), "sync"))
		return problem_parameter(&call->problem, "invalid_body", STR("action"),
					 STR("must be \"sync\""));
	return queue(call);
}

/* A recount; another job's id is as unknown as one that was forgotten. */
static enum rc find_job(struct call *call, struct job *ret)
{
	enum rc rc = call_job_find(call, ret);

	return rc == RC_OK && ret->kind != JOB_recount ? call_job_missing(call) : rc;
}

enum rc ownership_recount(struct call *call)
{
	struct answer answer = { .tier = TIER_NONE };
	struct param_value v[PAGE_PARAMS];
	struct page page;
	struct job job;

	enum rc rc = find_job(call, &job);
	if (rc == RC_OK)
		rc = call_query(call, page_params, PAGE_PARAMS, v);
	if (rc == RC_OK)
		rc = call_page(call, v[LIMIT].num, &v[CURSOR],
			       ownership_scope(call->env->arena, job.id), OWNERSHIP_CURSOR_KEYS,
			       &page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, ownership_recount_read(call->env, &job, &page, &answer),
			   &answer);
}
