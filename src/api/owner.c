/*
 * Holders.
 *
 *	GET /api/collection/{address}/nfts/{tokenId}/owner    of one token
 *	GET /api/collection/{address}/owners                  of a collection, largest first
 *	GET /api/collection/{address}/owners/distribution     how many hold how many
 */
#include "model/owner.h"

#include "api/call.h"
#include "api/routes.h"

static const struct param list_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = PAGE_ROWS },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	LIMIT,
	CURSOR,
	LIST_COUNT
};

enum rc owner_of(struct call *call)
{
	struct address contract;
	struct u256 token;
	struct answer answer;

	if (call_address(call, 0, "address", &contract) != RC_OK ||
	    call_token(call, 1, "tokenId", &token) != RC_OK)
		return call->problem.rc;
	return call_answer(call, owner_read(call->env, &contract, &token, &answer), &answer);
}

enum rc owner_list(struct call *call)
{
	struct param_value v[LIST_COUNT];
	struct owner_query query;
	struct answer answer;

	if (call_address(call, 0, "address", &query.contract) != RC_OK ||
	    call_query(call, list_params, LIST_COUNT, v) != RC_OK)
		return call->problem.rc;
	enum rc rc = call_page(call, v[LIMIT].num, &v[CURSOR],
			       owner_scope(call->env->arena, &query.contract),
			       OWNER_CURSOR_KEYS, &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, owner_page_read(call->env, &query, &answer), &answer);
}

enum rc owner_distribution(struct call *call)
{
	struct address contract;
	struct answer answer;
	enum rc rc = call_address(call, 0, "address", &contract);

	if (rc != RC_OK)
		return rc;
	return call_answer(call, owner_distribution_read(call->env, &contract, &answer),
			   &answer);
}
