/*
 * The event queue.
 *
 *	GET  /api/admin/events?status=&limit=&cursor=   newest first
 *	POST /api/admin/events/{id}/retry               one that failed, once more
 */
#include "model/event.h"

#include "api/call.h"
#include "api/gate_audit.h"
#include "api/routes.h"
#include "base/json.h"

static const struct param list_params[] = {
	{ "status", PARAM_CHOICE, .choices = EVENT_STATUS_CHOICES },
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	STATUS,
	LIMIT,
	CURSOR,
	LIST_COUNT
};

enum rc event_list(struct call *call)
{
	struct param_value v[LIST_COUNT];
	struct event_query query = { .status = EVENT_ANY };
	struct answer answer;

	enum rc rc = call_query(call, list_params, LIST_COUNT, v);
	if (rc != RC_OK)
		return rc;
	if (v[STATUS].given)
		query.status = (enum event_status)v[STATUS].num;
	rc = call_page(call, v[LIMIT].num, &v[CURSOR],
		       event_scope(call->env->arena, query.status), EVENT_CURSOR_KEYS,
		       &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, event_page_read(call->env, &query, &answer), &answer);
}

static enum rc answer_retried(struct call *call, int64_t id, enum event_outcome outcome,
			      int64_t by)
{
	struct buf body;
	struct json j;

	buf_init(&body, call->env->arena, BUF_NO_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_bool(&j, "success", true);
	json_int(&j, "id", id);
	json_int(&j, "retriedBy", by);
	json_bool(&j, "already", outcome == EVENT_ALREADY);
	json_end(&j);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&body));
	return RC_OK;
}

enum rc event_retry_one(struct call *call)
{
	enum event_outcome outcome;
	bool unknown = false;
	uint64_t id;
	int64_t by;

	if (!str_u64(call->hole[0], INT64_MAX, &id))
		return problem_parameter(&call->problem, "invalid_event", STR("id"),
					 STR("must be the number of an event"));
	enum rc rc = event_retry(call->env, (int64_t)id, &outcome, &by, &unknown);
	if (unknown)
		return gate_audit_unknown(
			call, STR("Nobody knows whether it was retried: ask again"));
	if (rc == RC_NOT_FOUND)
		return problem_set(&call->problem, RC_NOT_FOUND, "event_not_found",
				   STR("No such event is known, or it was forgotten"));
	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	if (outcome == EVENT_NOT_FAILED)
		return problem_set(&call->problem, RC_CONFLICT, "event_not_failed",
				   STR("This event has not failed"));
	return answer_retried(call, (int64_t)id, outcome, by);
}
