/*
 * Farcaster users.
 *
 *	GET /api/users/{fid}                       who it is
 *	GET /api/users/{fid}/collections           what its wallets hold, together
 *	GET /api/nft-contracts/{fid}/normalized    what each of its wallets holds
 *	GET /api/nft-contracts/{fid}               the same under its older address
 */
#include "model/user.h"

#include <inttypes.h>
#include "api/call.h"
#include "api/routes.h"
#include "base/arena.h"

/* When the older address was deprecated (RFC 9745): 2026-11-01. */
#define DEPRECATED_SINCE "@1793491200"

static const struct param list_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	LIMIT,
	CURSOR,
	LIST_COUNT
};

static enum rc read_fid(struct call *call, uint64_t *ret)
{
	return path_u64(call->hole[0], "fid", INT64_MAX, ret, &call->problem);
}

enum rc user_show(struct call *call)
{
	struct answer answer;
	uint64_t fid;

	enum rc rc = read_fid(call, &fid);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, user_read(call->env, fid, &answer), &answer);
}

enum rc user_collections(struct call *call)
{
	struct param_value v[LIST_COUNT];
	struct user_query query;
	struct answer answer;

	if (read_fid(call, &query.fid) != RC_OK ||
	    call_query(call, list_params, LIST_COUNT, v) != RC_OK)
		return call->problem.rc;
	enum rc rc = call_page(call, v[LIMIT].num, &v[CURSOR],
			       user_collections_scope(call->env->arena, query.fid),
			       USER_COLLECTIONS_KEYS, &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, user_collections_read(call->env, &query, &answer), &answer);
}

enum rc user_contracts(struct call *call)
{
	struct answer answer;
	uint64_t fid;

	enum rc rc = read_fid(call, &fid);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, user_contracts_read(call->env, fid, &answer), &answer);
}

enum rc user_contracts_old(struct call *call)
{
	uint64_t fid;

	enum rc rc = read_fid(call, &fid);
	if (rc == RC_OK)
		rc = user_contracts(call);
	if (rc != RC_OK)
		return rc;
	response_header(call->res, "Deprecation", STR(DEPRECATED_SINCE));
	response_header(call->res, "Link",
			arena_printf(call->env->arena,
				     "</api/nft-contracts/%" PRIu64
				     "/normalized>; rel=\"successor-version\"",
				     fid));
	return RC_OK;
}
