/* GET /api/admin/audit: who changed what, newest first. */
#include "model/audit.h"

#include "api/call.h"
#include "api/routes.h"
#include "base/clock.h"

static const struct param audit_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
	{ .name = "since", .kind = PARAM_TEXT },
	{ "key", PARAM_INT, .min = 1, .max = INT64_MAX },
	{ .name = "outcome",
	  .kind = PARAM_CHOICE,
	  .choices = "any|begun|done|refused|failed|unknown" },
};
enum {
	LIMIT,
	CURSOR,
	SINCE,
	KEY,
	OUTCOME,
	AUDIT_PARAMS
};

static const char *const outcomes[] = { NULL, "begun", "done", "refused", "failed", "unknown" };

enum rc audit_show(struct call *call)
{
	struct param_value v[AUDIT_PARAMS];
	struct audit_query query = { .since_us = 0 };
	struct answer answer = { .tier = TIER_NONE };

	enum rc rc = call_query(call, audit_params, AUDIT_PARAMS, v);
	if (rc != RC_OK)
		return rc;
	if (v[SINCE].given && !clock_rfc3339_read(v[SINCE].text, &query.since_us))
		return problem_parameter(&call->problem, NULL, STR("since"),
					 STR("must be a time like 2026-11-21T12:00:00Z"));
	query.key_id = v[KEY].given ? v[KEY].num : 0;
	query.outcome = outcomes[v[OUTCOME].num];
	rc = call_page(call, v[LIMIT].num, &v[CURSOR], audit_scope(call->env->arena, &query),
		       AUDIT_CURSOR_KEYS, &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, audit_list(call->env, &query, &answer), &answer);
}
