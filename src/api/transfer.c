/*
 * History, newest first.
 *
 *	GET /api/collection/{address}/transfers                  of a collection
 *	GET /api/collection/{address}/nfts/{tokenId}/transfers   of one token
 */
#include "model/transfer.h"

#include "api/call.h"
#include "api/routes.h"

static const struct param list_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	LIMIT,
	CURSOR,
	LIST_COUNT
};

static enum rc answer_page(struct call *call, struct transfer_query *query)
{
	struct param_value v[LIST_COUNT];
	struct answer answer;

	enum rc rc = call_query(call, list_params, LIST_COUNT, v);
	if (rc != RC_OK)
		return rc;
	rc = call_page(call, v[LIMIT].num, &v[CURSOR], transfer_scope(call->env->arena, query),
		       TRANSFER_CURSOR_KEYS, &query->page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, transfer_page_read(call->env, query, &answer), &answer);
}

enum rc transfer_list(struct call *call)
{
	struct transfer_query query = { .by_token = false };

	enum rc rc = call_address(call, 0, "address", &query.contract);
	return rc == RC_OK ? answer_page(call, &query) : rc;
}

enum rc transfer_of_token(struct call *call)
{
	struct transfer_query query = { .by_token = true };

	if (call_address(call, 0, "address", &query.contract) != RC_OK ||
	    call_token(call, 1, "tokenId", &query.token) != RC_OK)
		return call->problem.rc;
	return answer_page(call, &query);
}
