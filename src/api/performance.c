/* Performance tests: GET and POST /api/admin/cache/test/performance */
#include "api/call.h"
#include "api/gate_audit.h"
#include "api/job.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "model/job.h"

#define LOOK_BACK  20 /* jobs; older results are not looked for */
#define ANSWER_MAX ((size_t)512 * 1024)

struct report {
	struct job *job; /* newest first */
	int jobs;
	struct job last; /* the newest that left a result */
	bool done;
};

static enum rc look(struct call *call, struct report *ret)
{
	struct env *env = call->env;
	struct report r = { .jobs = 0 };
	enum rc rc =
		job_list(env->pg, env->arena, JOB_performance, 0, LOOK_BACK, &r.job, &r.jobs);

	if (rc != RC_OK)
		return rc;
	for (int i = 0; i < r.jobs && !r.done; i++) {
		r.done = r.job[i].state == JOB_DONE && r.job[i].result.ptr;
		r.last = r.job[i];
	}
	*ret = r;
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
	const struct job *newest = report->job;

	if (!report->jobs) {
		json_strz(j, "status", "never_run");
		return;
	}
	json_strz(j, "status", job_state_name(newest->state));
	json_int(j, "jobId", newest->id);
	json_time(j, "requestedAt", newest->created_us);
	if (newest->state == JOB_RUNNING && newest->progress.ptr)
		json_raw(j, "progress", newest->progress);
	if (newest->state == JOB_FAILED)
		json_str(j, "error", newest->error);
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

/* It waits or runs, and will measure: it was not asked to stop, and is no second attempt, which
 * only clears away what the first one left. */
static bool will_measure(const struct job *job)
{
	return !job->cancelling && ((job->state == JOB_QUEUED && job->attempts == 0) ||
				    (job->state == JOB_RUNNING && job->attempts == 1));
}

/* One at a time: whoever asks while one waits or runs is told which. */
static enum rc run(struct call *call)
{
	const struct job_order order = { .kind = JOB_performance };
	struct report report;
	int64_t id;
	enum rc rc = look(call, &report);

	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	for (int i = 0; i < report.jobs; i++)
		if (will_measure(&report.job[i]))
			return call_job(call, job_state_name(report.job[i].state),
					report.job[i].id);
	rc = gate_audit_enqueue(call, &order, &id, NULL);
	return rc == RC_OK ? call_job(call, job_state_name(JOB_QUEUED), id) : rc;
}

static enum rc forget(struct pg *pg, void *ctx)
{
	const struct report *report = ctx;

	for (int i = 0; i < report->jobs; i++) {
		enum rc rc = RC_OK;

		if (report->job[i].state == JOB_QUEUED || report->job[i].state == JOB_RUNNING)
			rc = job_cancel(pg, report->job[i].id);
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return rc;
	}
	return job_forget(pg, JOB_performance);
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
