#include "api/call.h"

#include "base/arena.h"
#include "http/cursor.h"
#include "model/instance.h"
#include "model/render.h"

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
	return path_address(call->hole[hole], name, ret, &call->problem);
}

enum rc call_token(struct call *call, int hole, const char *name, struct u256 *ret)
{
	return path_token(call->hole[hole], name, ret, &call->problem);
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
