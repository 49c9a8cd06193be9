#include "api/call.h"

#include "base/arena.h"
#include "base/jsonin.h"
#include "http/cursor.h"
#include "model/instance.h"
#include "model/render.h"

#define BODY_DEPTH   8
#define MEMBER_SHOWN 40 /* bytes of a client's own word that a problem repeats */

static const struct {
	const char *noun, *code, *detail;
} missing[] = {
	{ MISSING_COLLECTION, "collection_not_found", "No such collection is known here" },
	{ MISSING_TOKEN, "token_not_found", "This collection has no such token" },
	{ MISSING_USER, "user_not_found", "No such user is known here" },
};

static enum rc missing_problem(struct problem *p, struct str noun)
{
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (str_eqz(noun, missing[i].noun))
			return problem_set(p, RC_NOT_FOUND, missing[i].code,
					   str_of(missing[i].detail));
	return problem_set(p, RC_NOT_FOUND, NULL, str_of(rc_text(RC_NOT_FOUND)));
}

/* What went wrong below is not the client's doing, whatever PostgreSQL's class says. */
static enum rc failure_problem(struct problem *p, enum rc rc)
{
	switch (rc) {
	case RC_UNAVAILABLE:
	case RC_TIMEOUT:
		return problem_set(p, rc, NULL, str_of(rc_text(rc)));
	case RC_CONFLICT:
		return problem_set(p, RC_UNAVAILABLE, NULL, str_of(rc_text(RC_UNAVAILABLE)));
	default:
		return problem_set(p, RC_INTERNAL, NULL, str_of(rc_text(RC_INTERNAL)));
	}
}

enum rc call_answer(struct call *call, enum rc rc, const struct answer *answer)
{
	if (rc == RC_OK) {
		response_answer(call->res, call->req, call->http, answer);
		return RC_OK;
	}
	if (rc == RC_NOT_FOUND)
		return missing_problem(&call->problem, buf_str(&answer->body));
	return failure_problem(&call->problem, rc);
}

enum rc call_address(struct call *call, int hole, const char *name, struct address *ret)
{
	enum rc rc = path_address(call->hole[hole], name, ret, &call->problem);

	if (rc == RC_OK) {
		call->address = *ret;
		call->addressed = true;
	}
	return rc;
}

enum rc call_token(struct call *call, int hole, const char *name, struct u256 *ret)
{
	return path_token(call->hole[hole], name, ret, &call->problem);
}

enum rc call_json_type(struct call *call)
{
	struct str type = call->req->content_type;

	if (str_eq_nocase(str_trim(str_cut(&type, ';')), STR("application/json")))
		return RC_OK;
	return problem_set(&call->problem, RC_MEDIA_TYPE, NULL,
			   STR("The body must be application/json"));
}

struct members {
	struct call *call;
	const char *const *known;
};

static bool is_known(void *ctx, struct str key, struct json_object *value)
{
	const struct members *m = ctx;

	(void)value;
	for (const char *const *name = m->known; *name; name++)
		if (str_eqz(key, *name))
			return true;
	if (key.len > MEMBER_SHOWN)
		key.len = MEMBER_SHOWN;
	problem_parameter(&m->call->problem, "invalid_body", key,
			  STR("is no member of this body"));
	return false;
}

static enum rc invalid_body(struct call *call, struct str detail)
{
	return problem_set(&call->problem, RC_INVALID, "invalid_body", detail);
}

enum rc call_body(struct call *call, const char *const *members, struct json_object **ret)
{
	struct members known = { call, members };
	struct json_object *body;
	const char *why;

	if (call_json_type(call) != RC_OK)
		return call->problem.rc;
	if (jsonin_parse(call->env->arena, call->req->body, BODY_DEPTH, &body, &why) != RC_OK)
		return invalid_body(
			call, arena_printf(call->env->arena, "The body is not JSON: %s", why));
	if (jsonin_type(body) != JSONIN_OBJECT)
		return invalid_body(call, STR("The body must be a JSON object"));
	jsonin_each(body, is_known, &known);
	if (call->problem.count)
		return call->problem.rc;
	*ret = body;
	return RC_OK;
}

enum rc call_page(struct call *call, int64_t limit, const struct param_value *cursor,
		  struct str scope, size_t keys, struct page *ret)
{
	struct env *env = call->env;
	struct page page = { .limit = limit, .scope = scope, .seal = cursor_write };

	if (cursor->given) {
		enum rc rc = instance_need(env);

		if (rc != RC_OK)
			return failure_problem(&call->problem, rc);
		if (cursor_read(env->arena, env->cursor_secret, scope, cursor->text, page.key,
				keys) != RC_OK)
			return problem_parameter(
				&call->problem, "invalid_cursor", STR("cursor"),
				STR("not a cursor of this list and its filters"));
		page.after = true;
	}
	*ret = page;
	return RC_OK;
}
