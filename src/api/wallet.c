/*
 * Wallets.
 *
 *	GET /api/wallets/{address}/collections    collections it holds
 *	GET /api/wallets/{address}/nfts           tokens it holds, of all or of one collection
 */
#include "model/wallet.h"

#include "api/call.h"
#include "api/routes.h"
#include "model/nft.h"

static const struct param collections_params[] = {
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	LIMIT,
	LIMIT_CURSOR,
	COLLECTIONS_COUNT
};

static const struct param nfts_params[] = {
	{ "page", PARAM_INT, .min = 0, .max = INT32_MAX },
	{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ .name = "cursor", .kind = PARAM_CURSOR },
	{ .name = "collection", .kind = PARAM_ADDRESS },
};
enum {
	PAGE,
	PAGE_SIZE,
	CURSOR,
	COLLECTION,
	NFTS_COUNT
};

enum rc wallet_collections(struct call *call)
{
	struct param_value v[COLLECTIONS_COUNT];
	struct wallet_query query = { .by_collection = false };
	struct answer answer;

	if (call_address(call, 0, "address", &query.wallet) != RC_OK ||
	    call_query(call, collections_params, COLLECTIONS_COUNT, v) != RC_OK)
		return call->problem.rc;
	enum rc rc = call_page(call, v[LIMIT].num, &v[LIMIT_CURSOR],
			       wallet_scope(call->env->arena, "collections", &query),
			       WALLET_COLLECTIONS_KEYS, &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, wallet_collections_read(call->env, &query, &answer), &answer);
}

static enum rc check_page(struct call *call, const struct param_value *v)
{
	if (v[CURSOR].given && v[PAGE].given && v[PAGE].num > 0)
		return problem_parameter(&call->problem, NULL, STR("page"),
					 STR("give page or cursor, not both"));
	if (v[PAGE].num * v[PAGE_SIZE].num >= NFT_PAGE_ROWS)
		return problem_parameter(&call->problem, "page_too_deep", STR("page"),
					 STR("beyond 10,000 rows: use cursor"));
	return RC_OK;
}

enum rc wallet_nfts(struct call *call)
{
	struct param_value v[NFTS_COUNT];
	struct wallet_query query = { .by_collection = false };
	struct answer answer;

	if (call_address(call, 0, "address", &query.wallet) != RC_OK ||
	    call_query(call, nfts_params, NFTS_COUNT, v) != RC_OK ||
	    check_page(call, v) != RC_OK)
		return call->problem.rc;
	query.by_collection = v[COLLECTION].given;
	query.contract = v[COLLECTION].address;
	enum rc rc = call_page(call, v[PAGE_SIZE].num, &v[CURSOR],
			       wallet_scope(call->env->arena, "nfts", &query), WALLET_NFTS_KEYS,
			       &query.page);
	if (rc != RC_OK)
		return rc;
	query.page.number = query.page.after ? 0 : v[PAGE].num;
	return call_answer(call, wallet_nfts_read(call->env, &query, &answer), &answer);
}
