/*
 * Collections.
 *
 *	GET /api/collections                      all of them, searched, sorted
 *	GET /api/collection/{address}             one
 *	GET /api/collection/{address}/stats       its counts
 */
#include "model/collection.h"

#include "api/call.h"
#include "api/routes.h"

static const struct param list_params[] = {
	{ .name = "search", .kind = PARAM_TEXT },
	{ "sort", PARAM_CHOICE, .choices = "createdAt|name|tokenCount" },
	{ "order", PARAM_CHOICE, .choices = "asc|desc" },
	{ "limit", PARAM_INT, .min = 1, .max = 100, .preset = PAGE_ROWS },
	{ .name = "cursor", .kind = PARAM_CURSOR },
};
enum {
	SEARCH,
	SORT,
	ORDER,
	LIMIT,
	CURSOR,
	LIST_COUNT
};

enum rc collection_list(struct call *call)
{
	struct param_value v[LIST_COUNT];
	struct answer answer;
	enum rc rc = call_query(call, list_params, LIST_COUNT, v);

	if (rc != RC_OK)
		return rc;

	struct collection_query query = {
		.search = v[SEARCH].text,
		.sort = (enum collection_sort)v[SORT].num,
		.descending = v[ORDER].num == 1,
	};
	rc = call_page(call, v[LIMIT].num, &v[CURSOR],
		       collection_scope(call->env->arena, &query), COLLECTION_CURSOR_KEYS,
		       &query.page);
	if (rc != RC_OK)
		return rc;
	return call_answer(call, collection_page_read(call->env, &query, &answer), &answer);
}

enum rc collection_show(struct call *call)
{
	struct address contract;
	struct answer answer;
	enum rc rc = call_address(call, 0, "address", &contract);

	if (rc != RC_OK)
		return rc;
	return call_answer(call, collection_read(call->env, &contract, &answer), &answer);
}

enum rc collection_stats(struct call *call)
{
	struct address contract;
	struct answer answer;
	enum rc rc = call_address(call, 0, "address", &contract);

	if (rc != RC_OK)
		return rc;
	return call_answer(call, collection_stats_read(call->env, &contract, &answer), &answer);
}
