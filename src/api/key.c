/* Who asks: the key of a request and what it may do. */
#include "model/key.h"

#include "api/call.h"

/* "Bearer <key>"; *ret is absent when there is no such header.  Another scheme is no key. */
static struct str bearer(struct str header)
{
	struct str scheme = str_cut(&header, ' ');

	return str_eq_nocase(scheme, STR("Bearer")) ? str_trim(header) : STR_NONE;
}

static enum rc key_of(struct call *call, struct str *ret)
{
	struct str authorization = bearer(call->req->authorization);
	struct str plain = str_trim(call->req->api_key);

	if (authorization.len && plain.len && !str_eq(authorization, plain))
		return problem_set(&call->problem, RC_INVALID, "two_keys",
				   STR("Authorization and X-API-Key name different keys"));
	*ret = authorization.len ? authorization : plain;
	return RC_OK;
}

enum rc call_allow(struct call *call, enum role role)
{
	struct str key;
	enum rc rc = key_of(call, &key);

	if (rc != RC_OK)
		return rc;
	if (key.len == 0)
		return problem_set(&call->problem, RC_UNAUTHENTICATED, NULL,
				   str_of(rc_text(RC_UNAUTHENTICATED)));
	rc = key_find(call->env->pg, key, &call->role);
	if (rc == RC_NOT_FOUND)
		return problem_set(&call->problem, RC_UNAUTHENTICATED, NULL,
				   STR("This key is not known, or it was revoked"));
	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	if (call->role < role)
		return problem_set(&call->problem, RC_FORBIDDEN, NULL,
				   str_of(rc_text(RC_FORBIDDEN)));
	return RC_OK;
}
