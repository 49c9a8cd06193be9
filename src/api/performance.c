/* Performance tests: GET and POST /api/admin/cache/test/performance */
#include "api/call.h"
#include "api/gate_audit.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "model/job.h"

#define LOOK_BACK  20 /* jobs; older results are not looked for */
#define ANSWER_MAX ((size_t)512 * 1024)

struct report {
	struct job newest, last; /* last: the newest that left a result */
	bool any, done;
};

static enum rc look(struct call *call, struct report *ret)
{
	struct env *env = call->env;
	struct job *jobs;
	int n;
	enum rc rc = job_list(env->pg, env->arena, JOB_performance, 0, LOOK_BACK, &jobs, &n);

	if (rc != RC_OK)
		return rc;
	*ret = (struct report){ .any = n > 0 };
	if (n > 0)
		ret->newest = jobs[0];
	for (int i = 0; i < n && !ret->done; i++) {
		ret->done = jobs[i].state == JOB_DONE && jobs[i].result.ptr;
		ret->last = jobs[i];
	}
	return RC_OK;
}

static bool copy_member(void *ctx, struct str key, struct json_object *value)
{
	struct json *j = ctx;
	char name[64];

	if (key.len >= sizeof(name))
		return true;
	memcpy(name, key.ptr, key.len);
	name[key.len] = '\0';
	json_raw(j, name, jsonin_text(value));
	return true;
}

/* Its members, in the object that j is in. */
static enum rc write_result(struct call *call, const struct job *job, struct json *j)
{
	struct json_object *tree;
	const char *why;

	if (jsonin_parse(call->env->arena, job->result, 16, &tree, &why) != RC_OK)
		return RC_INTERNAL;
	json_int(j, "measuredBy", job->id);
	json_time(j, "measuredAt", job->finished_us);
	jsonin_each(tree, copy_member, j);
	return RC_OK;
}

static void write_newest(const struct report *report, struct json *j)
{
	if (!report->any) {
		json_strz(j, "status", "never_run");
		return;
	}
	json_strz(j, "status", job_state_name(report->newest.state));
	json_int(j, "jobId", report->newest.id);
	json_time(j, "requestedAt", report->newest.created_us);
	if (report->newest.state == JOB_RUNNING && report->newest.progress.ptr)
		json_raw(j, "progress", report->newest.progress);
	if (report->newest.state == JOB_FAILED)
		json_str(j, "error", report->newest.error);
}

enum rc performance_show(struct call *call)
{
	struct report report;
	struct buf body;
	struct json j;
	enum rc rc = look(call, &report);

	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	buf_init(&body, call->env->arena, ANSWER_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_bool(&j, "success", true);
	json_time(&j, "timestamp", call->env->now_us);
	write_newest(&report, &j);
	if (report.done)
		rc = write_result(call, &report.last, &j);
	json_end(&j);
	if (rc != RC_OK || buf_failed(&body))
		return call_answer(call, RC_INTERNAL, NULL);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&body));
	return RC_OK;
}

/* --- POST -------------------------------------------------------------------------------- */

/* One at a time: whoever asks while one waits or runs is told which. */
static enum rc run(struct call *call)
{
	const struct job_order order = { .kind = JOB_performance };
	struct report report;
	int64_t id;
	enum rc rc = look(call, &report);

	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	if (report.any &&
	    (report.newest.state == JOB_RUNNING || report.newest.state == JOB_QUEUED))
		return call_job(call, job_state_name(report.newest.state), report.newest.id);
	rc = gate_audit_enqueue(call, &order, &id, NULL);
	return rc == RC_OK ? call_job(call, job_state_name(JOB_QUEUED), id) : rc;
}

static enum rc forget(struct pg *pg, void *ctx)
{
	const struct report *report = ctx;
	enum rc rc = report->any ? job_cancel(pg, report->newest.id) : RC_OK;

	return rc == RC_OK || rc == RC_NOT_FOUND ? job_forget(pg, JOB_performance) : rc;
}

/* Results go; a test that waits or runs is stopped. */
static enum rc reset(struct call *call)
{
	struct report report;
	enum rc rc = look(call, &report);

	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	rc = gate_audit_run(call, 200, forget, &report);
	if (rc != RC_OK)
		return rc;
	response_plain(call->res, call->req, 200, "application/json",
		       STR("{\"success\":true,\"status\":\"reset\"}"));
	return RC_OK;
}

enum rc performance_do(struct call *call)
{
	static const char *const members[] = { "action", NULL };
	struct json_object *body;

	if (call_body(call, members, &body) != RC_OK)
		return call->problem.rc;
	struct str action = jsonin_str(jsonin_get(body, "action"));
	if (str_eqz(action, "run"))
		return run(call);
	if (str_eqz(action, "reset"))
		return reset(call);
	return problem_parameter(&call->problem, "invalid_action", STR("action"),
				 STR("must be \"run\" or \"reset\""));
}
