/* Who asks: the key of a request and what it may do. */
#include "model/keyring.h"

#include "api/call.h"
#include "api/options.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/limit.h"

#define NS_PER_S INT64_C(1000000000)

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

static enum rc find(struct call *call, struct str key)
{
	struct env *env = call->env;
	enum rc rc = env->keys ? keyring_find(env->keys, key, clock_boot_ns(), &call->who)
			       : key_find(env->pg, env->arena, key, &call->who);

	if (rc != RC_OK)
		return rc;
	call->who.name = arena_dup(env->arena, call->who.name); /* the ring may forget it */
	call->role = call->who.role;
	return RC_OK;
}

/* Wrong keys are counted by all workers of the machine; calls without one are not. */
static enum rc refuse_wrong(struct call *call)
{
	int64_t most = call->options ? call->options->wrong_keys : 0, wait_s = 0;

	if (most && call->env->board) {
		struct limit_table *limits = board_limits(call->env->board);

		wait_s = limit_count(limits, limit_client(limits, call->req->remote_addr), most,
				     call->req->started_ns / NS_PER_S);
	}
	if (wait_s == 0)
		return problem_set(&call->problem, RC_UNAUTHENTICATED, NULL,
				   STR("This key is not known, or it was revoked"));
	call->problem.retry_after_s = wait_s;
	return problem_set(&call->problem, RC_LIMITED, "too_many_wrong_keys",
			   STR("Too many wrong keys came from this address"));
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
	rc = find(call, key);
	if (rc == RC_NOT_FOUND)
		return refuse_wrong(call);
	if (rc != RC_OK)
		return call_answer(call, rc, NULL);
	if (call->role < role)
		return problem_set(&call->problem, RC_FORBIDDEN, NULL,
				   str_of(rc_text(RC_FORBIDDEN)));
	return RC_OK;
}
