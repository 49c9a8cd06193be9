/* GET /api/admin/jobs/{jobId}: what became of work that was queued. */
#include "api/job.h"

#include "api/call.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/json.h"
#include "model/job.h"

#define ANSWER_MAX ((size_t)512 * 1024) /* what a job leaves is at most half of it */

struct str call_job_url(struct arena *arena, int64_t id)
{
	return arena_printf(arena, "/api/admin/jobs/%lld", (long long)id);
}

enum rc call_job(struct call *call, const char *state, int64_t id)
{
	struct str url = call_job_url(call->env->arena, id);
	struct buf body;
	struct json j;

	buf_init(&body, call->env->arena, BUF_NO_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	json_bool(&j, "success", true);
	json_strz(&j, "status", state);
	json_int(&j, "jobId", id);
	json_str(&j, "statusUrl", url);
	json_end(&j);
	response_header(call->res, "Location", url);
	response_plain(call->res, call->req, 202, "application/json", buf_str(&body));
	return RC_OK;
}

enum rc call_job_missing(struct call *call)
{
	return problem_set(&call->problem, RC_NOT_FOUND, "job_not_found",
			   STR("No such job is known here, or it was forgotten"));
}

enum rc call_job_find(struct call *call, struct job *ret)
{
	uint64_t id;

	if (path_u64(call->hole[0], "jobId", INT64_MAX, &id, &call->problem) != RC_OK)
		return call->problem.rc;
	enum rc rc = job_read(call->env->pg, call->env->arena, (int64_t)id, ret);
	if (rc == RC_NOT_FOUND)
		return call_job_missing(call);
	return rc == RC_OK ? rc : call_answer(call, rc, NULL);
}

enum rc job_show(struct call *call)
{
	struct job job;
	struct buf body;
	struct json j;
	enum rc rc = call_job_find(call, &job);

	if (rc != RC_OK)
		return rc;
	buf_init(&body, call->env->arena, ANSWER_MAX);
	json_init(&j, &body);
	json_object(&j, NULL);
	job_render(&j, &job);
	if (job.result.ptr)
		json_raw(&j, "result", job.result);
	else
		json_null(&j, "result");
	json_end(&j);
	if (buf_failed(&body))
		return call_answer(call, RC_INTERNAL, NULL);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&body));
	return RC_OK;
}
