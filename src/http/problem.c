#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "http/problem.h"

/* A deadline that passed is a part that is away: clients may try again, as with 503. */
static const int statuses[RC_COUNT] = {
	[RC_OK] = 200,
	[RC_INVALID] = 400,
	[RC_UNAUTHENTICATED] = 401,
	[RC_FORBIDDEN] = 403,
	[RC_NOT_FOUND] = 404,
	[RC_METHOD] = 405,
	[RC_NOT_ACCEPTABLE] = 406,
	[RC_CONFLICT] = 409,
	[RC_TOO_LARGE] = 413,
	[RC_URI_TOO_LONG] = 414,
	[RC_MEDIA_TYPE] = 415,
	[RC_UNPROCESSABLE] = 422,
	[RC_LIMITED] = 429,
	[RC_INTERNAL] = 500,
	[RC_UNAVAILABLE] = 503,
	[RC_TIMEOUT] = 503,
};

static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

int problem_status(enum rc rc)
{
	return rc < RC_COUNT ? statuses[rc] : 500;
}

const char *status_title(int status)
{
	for (size_t i = 0; i < COUNT_OF(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Unknown";
}

enum rc problem_set(struct problem *p, enum rc rc, const char *code, struct str detail)
{
	p->rc = rc;
	p->code = code;
	p->detail = detail;
	return rc;
}

enum rc problem_parameter(struct problem *p, const char *code, struct str parameter,
			  struct str detail)
{
	if (p->count == 0)
		problem_set(p, RC_INVALID, code ? code : "invalid_parameter", detail);
	if (p->count < PROBLEM_ERRORS) {
		p->errors[p->count].parameter = parameter;
		p->errors[p->count].detail = detail;
		p->count++;
	}
	return RC_INVALID;
}

static void write_errors(const struct problem *p, struct json *j)
{
	json_array(j, "errors");
	for (int i = 0; i < p->count; i++) {
		json_object(j, NULL);
		json_str(j, "parameter", p->errors[i].parameter);
		json_str(j, "detail", p->errors[i].detail);
		json_end(j);
	}
	json_end(j);
}

void problem_write(const struct problem *p, const char *request_id, struct buf *out)
{
	int status = problem_status(p->rc);
	const char *title = status_title(status);
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_strz(&j, "type", "about:blank");
	json_strz(&j, "title", title);
	json_int(&j, "status", status);
	json_str(&j, "detail", p->detail.ptr ? p->detail : str_of(rc_text(p->rc)));
	json_strz(&j, "code", p->code ? p->code : rc_code(p->rc));
	json_strz(&j, "error", title);
	json_strz(&j, "requestId", request_id);
	if (p->count)
		write_errors(p, &j);
	json_end(&j);
}
