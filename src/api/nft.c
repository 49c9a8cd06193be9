/*
 * Tokens.
 *
 *	GET /api/collection/{address}/nfts              pages, filters, orders
 *	GET /api/collection/{address}/nfts/owned        those of one wallet, with its balance
 *	GET /api/collection/{address}/nfts/{tokenId}    one, with its metadata
 */
#include "model/nft.h"

#include <assert.h>
#include "api/call.h"
#include "api/routes.h"
#include "base/arena.h"

static_assert(QUERY_TRAITS_MAX <= NFT_TRAITS_MAX, "the model takes what a query may hold");

static const struct param list_params[] = {
	{ "page", PARAM_INT, .min = 0, .max = INT32_MAX },
	{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = PAGE_ROWS },
	{ .name = "cursor", .kind = PARAM_CURSOR },
	{ "sort", PARAM_CHOICE, .choices = "tokenId|rarity|updatedAt" },
	{ "order", PARAM_CHOICE, .choices = "asc|desc" },
	{ .name = "owner", .kind = PARAM_ADDRESS },
	{ .name = "search", .kind = PARAM_TEXT },
	{ .name = "attributes", .kind = PARAM_TRAITS },
};
enum {
	PAGE,
	PAGE_SIZE,
	CURSOR,
	SORT,
	ORDER,
	OWNER,
	SEARCH,
	ATTRIBUTES,
	LIST_COUNT
};

static const struct param owned_params[] = {
	{ "page", PARAM_INT, .min = 0, .max = INT32_MAX },
	{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = PAGE_ROWS },
	{ .name = "cursor", .kind = PARAM_CURSOR },
	{ "sort", PARAM_CHOICE, .choices = "tokenId|rarity|updatedAt" },
	{ "order", PARAM_CHOICE, .choices = "asc|desc" },
	{ .name = "userAddress", .kind = PARAM_ADDRESS, .required = true },
};
enum {
	OWNED_COUNT = OWNER + 1
};

static void take_traits(struct arena *arena, const struct param_value *v,
			struct nft_query *query)
{
	query->trait_count = v->trait_count;
	query->traits = arena_alloc(arena, v->trait_count * sizeof(*query->traits));
	for (size_t i = 0; i < v->trait_count; i++)
		query->traits[i] = (struct nft_trait){ v->traits[i].type, v->traits[i].value };
}

/* Page numbers are for people who leaf; who reads everything takes the cursor. */
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

/* What both lists share: v begins as list_params does. */
static enum rc answer_list(struct call *call, const struct param_value *v,
			   struct nft_query *query)
{
	struct answer answer;
	enum rc rc = check_page(call, v);

	if (rc != RC_OK)
		return rc;
	query->sort = (enum nft_sort)v[SORT].num;
	query->descending = v[ORDER].num == 1;
	query->by_owner = v[OWNER].given;
	query->owner = v[OWNER].address;
	rc = call_page(call, v[PAGE_SIZE].num, &v[CURSOR], nft_scope(call->env->arena, query),
		       NFT_CURSOR_KEYS, &query->page);
	if (rc != RC_OK)
		return rc;
	query->page.number = query->page.after ? 0 : v[PAGE].num;
	return call_answer(call, nft_page_read(call->env, query, &answer), &answer);
}

enum rc nft_list(struct call *call)
{
	struct param_value v[LIST_COUNT];
	struct nft_query query = { 0 };

	if (call_address(call, 0, "address", &query.contract) != RC_OK ||
	    call_query(call, list_params, LIST_COUNT, v) != RC_OK)
		return call->problem.rc;
	query.search = v[SEARCH].text;
	take_traits(call->env->arena, &v[ATTRIBUTES], &query);
	return answer_list(call, v, &query);
}

enum rc nft_owned(struct call *call)
{
	struct param_value v[OWNED_COUNT];
	struct nft_query query = { .with_balance = true };

	if (call_address(call, 0, "address", &query.contract) != RC_OK ||
	    call_query(call, owned_params, OWNED_COUNT, v) != RC_OK)
		return call->problem.rc;
	return answer_list(call, v, &query);
}

enum rc nft_show(struct call *call)
{
	struct address contract;
	struct u256 token;
	struct answer answer;

	if (call_address(call, 0, "address", &contract) != RC_OK ||
	    call_token(call, 1, "tokenId", &token) != RC_OK)
		return call->problem.rc;
	return call_answer(call, nft_read(call->env, &contract, &token, &answer), &answer);
}
