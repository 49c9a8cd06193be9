#include "model/collection.h"

#include <math.h>
#include "base/arena.h"
#include "model/env.h"
#include "model/render.h"
#include "model/search.h"
#include "model/reads.h"
#include "net/pg.h"

enum rc collection_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result row = pg_run(env->pg, STMT_collection_show, PG_ARGS(pg_address(args)));
	if (row.rc != RC_OK)
		return row.rc;
	if (row.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);

	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	render_collection(&j, &row, 0);
	json_end(&j);
	ret->modified_us = pg_i64(&row, 0, COLLECTION_UPDATED);
	return answer_end(ret);
}

enum rc collection_read(struct env *env, const struct address *contract, struct answer *ret)
{
	return read_through(env, READ_collection, contract, ret);
}

/* At most three decimals; 0 of nothing. */
static double average(double sum, double count)
{
	return count > 0 ? round(sum / count * 1e3) / 1e3 : 0;
}

static void render_stats(struct json *j, const struct address *contract,
			 const struct pg_result *row)
{
	enum {
		TOKENS,
		OWNERS,
		BALANCE,
		TRANSFERS,
		LAST_TRANSFER,
		HOLDINGS
	};
	char address[ADDRESS_TEXT];
	double tokens = pg_f64(row, 0, TOKENS), owners = pg_f64(row, 0, OWNERS);
	double holdings = pg_f64(row, 0, HOLDINGS);

	address_write(contract, address);
	json_object(j, NULL);
	json_strz(j, "contractAddress", address);
	render_int(j, "nftCount", row, 0, TOKENS);
	render_int(j, "ownerCount", row, 0, OWNERS);
	render_int(j, "transferCount", row, 0, TRANSFERS);
	render_str(j, "totalBalance", row, 0, BALANCE);
	render_share(j, "uniqueOwnerShare", owners, pg_f64(row, 0, BALANCE));
	json_double(j, "averageTokensPerOwner", average(holdings, owners));
	json_double(j, "averageOwnersPerToken", average(holdings, tokens));
	render_time(j, "lastTransferAt", row, 0, LAST_TRANSFER);
	json_end(j);
}

enum rc collection_stats_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(env->pg, STMT_collection_stats, PG_ARGS(pg_address(args)));
	if (row.rc != RC_OK)
		return row.rc;
	if (row.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);

	answer_begin(env, ret, &j);
	render_stats(&j, args, &row);
	return answer_end(ret);
}

enum rc collection_stats_read(struct env *env, const struct address *contract,
			      struct answer *ret)
{
	return read_through(env, READ_stats, contract, ret);
}

struct str collection_scope(struct arena *arena, const struct collection_query *query)
{
	return arena_printf(arena, "collections|%d|%d|" STR_FMT, (int)query->sort,
			    query->descending, STR_ARG(query->search));
}

/* Before the first row of an order. */
static const struct {
	enum stmt stmt[2];
	const char *before[2]; /* key of ascending, descending */
} orders[COLLECTION_SORTS] = {
	[COLLECTION_BY_CREATED] = { { STMT_collection_list_created_asc,
				      STMT_collection_list_created_desc },
				    { "-62135596800000000", "253402300800000000" } },
	[COLLECTION_BY_NAME] = { { STMT_collection_list_name_asc,
				   STMT_collection_list_name_desc },
				 { "", "\U0010ffff\U0010ffff" } },
	[COLLECTION_BY_TOKENS] = { { STMT_collection_list_tokens_asc,
				     STMT_collection_list_tokens_desc },
				   { "-1", "9223372036854775807" } },
};

static struct pg_result list_all(struct env *env, const struct collection_query *q,
				 const char *rows)
{
	const char *key =
		q->page.after ? q->page.key[0].ptr : orders[q->sort].before[q->descending];
	const char *contract = q->page.after ? q->page.key[1].ptr : "";

	return pg_run(env->pg, orders[q->sort].stmt[q->descending],
		      PG_ARGS(pg_text(rows), pg_text(key), pg_text(contract)));
}

static struct pg_result list_found(struct env *env, const struct collection_query *q,
				   const char *rows)
{
	static const char *const sorts[COLLECTION_SORTS] = { "0", "1", "2" };
	struct search search = search_read(env->arena, q->search);
	const char *key = q->page.after ? q->page.key[0].ptr : NULL;
	const char *contract = q->page.after ? q->page.key[1].ptr : NULL;

	return pg_run(env->pg,
		      q->descending ? STMT_collection_search_desc : STMT_collection_search_asc,
		      PG_ARGS(pg_text(rows), pg_text(key), pg_text(contract),
			      pg_text(sorts[q->sort]), pg_text(search.pattern),
			      pg_text(search_words(env->arena, q->search))));
}

enum rc collection_list_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct collection_query *q = args;
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows =
		q->search.len ? list_found(env, q, limit) : list_all(env, q, limit);
	if (rows.rc != RC_OK)
		return rows.rc;

	int n = rows.count < q->page.limit ? rows.count : (int)q->page.limit;
	struct str last[COLLECTION_CURSOR_KEYS] = { STR_NONE, STR_NONE };

	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_array(&j, "collections");
	for (int i = 0; i < n; i++) {
		json_object(&j, NULL);
		render_collection(&j, &rows, i);
		json_end(&j);
		last[0] = pg_str(&rows, i, COLLECTION_COLS);
		last[1] = pg_str(&rows, i, COLLECTION_ADDRESS);
	}
	json_end(&j);
	page_next(&j, env, &q->page, rows.count > n, last, COLLECTION_CURSOR_KEYS);
	json_end(&j);
	tag_collections(ret, &rows, n, COLLECTION_ADDRESS);
	return answer_end(ret);
}

enum rc collection_page_read(struct env *env, const struct collection_query *query,
			     struct answer *ret)
{
	return read_through(env, READ_collection_list, query, ret);
}
