#include "model/wallet.h"

#include "base/arena.h"
#include "model/env.h"
#include "model/render.h"
#include "model/reads.h"
#include "net/pg.h"

enum holding_col {
	HOLDING_TOTAL = COLLECTION_COLS,
	HOLDING_TOKENS,
	HOLDING_BALANCE,
	HOLDING_LAST_OWNED
};

enum token_col {
	TOKEN_TOTAL = NFT_COLS,
	TOKEN_BALANCE
};

static void render_holding(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	json_object(j, "collection");
	render_collection(j, rows, i);
	json_end(j);
	render_int(j, "tokenCount", rows, i, HOLDING_TOKENS);
	render_str(j, "balance", rows, i, HOLDING_BALANCE);
	render_time(j, "lastOwnedAt", rows, i, HOLDING_LAST_OWNED);
	json_end(j);
}

void wallet_render_collections(struct json *j, const struct env *env, const struct page *page,
			       const struct pg_result *rows)
{
	struct str last[WALLET_COLLECTIONS_KEYS] = { STR_NONE };
	bool any = !pg_is_null(rows, 0, COLLECTION_ADDRESS);

	json_array(j, "collections");
	for (int i = 0; any && i < rows->count && i < page->limit; i++) {
		render_holding(j, rows, i);
		last[0] = pg_str(rows, i, COLLECTION_ADDRESS);
	}
	json_end(j);
	render_int(j, "total", rows, 0, HOLDING_TOTAL);
	page_next(j, env, page, rows->count > page->limit, last, WALLET_COLLECTIONS_KEYS);
}

enum rc wallet_collections_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct wallet_query *q = args;
	const char *after = q->page.after ? q->page.key[0].ptr : "";
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;
	char address[ADDRESS_TEXT];
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_wallet_collections,
		       PG_ARGS(pg_address(&q->wallet), pg_text(after), pg_text(limit)));
	if (rows.rc != RC_OK)
		return rows.rc;

	address_write(&q->wallet, address);
	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_strz(&j, "walletAddress", address);
	wallet_render_collections(&j, env, &q->page, &rows);
	json_end(&j);
	tag_collections(ret, &rows, rows.count, COLLECTION_ADDRESS);
	return answer_end(ret);
}

enum rc wallet_collections_read(struct env *env, const struct wallet_query *query,
				struct answer *ret)
{
	return read_through(env, READ_wallet_collections, query, ret);
}

/* Of one collection the statement takes its address where the other takes the cursor's. */
static struct pg_result find_nfts(struct env *env, const struct wallet_query *q)
{
	const char *contract = q->page.after ? q->page.key[0].ptr : "";
	const char *token = q->page.after ? q->page.key[1].ptr : "-1";
	const char *offset = page_int(env->arena, page_offset(&q->page)).ptr;
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;

	return pg_run(env->pg, q->by_collection ? STMT_wallet_nfts_of : STMT_wallet_nfts,
		      PG_ARGS(pg_address(&q->wallet),
			      q->by_collection ? pg_address(&q->contract) : pg_text(contract),
			      pg_text(token), pg_text(offset), pg_text(limit)));
}

static void render_nfts(struct json *j, struct env *env, const struct wallet_query *q,
			const struct pg_result *rows)
{
	struct str last[WALLET_NFTS_KEYS] = { STR_NONE, STR_NONE };
	int64_t total = pg_i64(rows, 0, TOKEN_TOTAL);
	bool any = !pg_is_null(rows, 0, NFT_TOKEN);

	json_object(j, NULL);
	json_array(j, "nfts");
	for (int i = 0; any && i < rows->count && i < q->page.limit; i++) {
		json_object(j, NULL);
		render_nft(j, rows, i);
		render_str(j, "balance", rows, i, TOKEN_BALANCE);
		json_end(j);
		last[0] = pg_str(rows, i, NFT_CONTRACT);
		last[1] = pg_str(rows, i, NFT_TOKEN);
	}
	json_end(j);
	if (q->page.after)
		json_null(j, "page");
	else
		json_int(j, "page", q->page.number);
	json_int(j, "pageSize", q->page.limit);
	json_int(j, "total", total);
	json_bool(j, "totalIsExact", true);
	json_int(j, "totalPages", (total + q->page.limit - 1) / q->page.limit);
	page_next(j, env, &q->page, rows->count > q->page.limit, last, WALLET_NFTS_KEYS);
	json_end(j);
}

enum rc wallet_nfts_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	struct json j;

	SCOPED(pg_result_done) struct pg_result rows = find_nfts(env, args);
	if (rows.rc != RC_OK)
		return rows.rc;
	answer_begin(env, ret, &j);
	render_nfts(&j, env, args, &rows);
	tag_tokens(ret, &rows, rows.count);
	return answer_end(ret);
}

enum rc wallet_nfts_read(struct env *env, const struct wallet_query *query, struct answer *ret)
{
	return read_through(env, READ_wallet_nfts, query, ret);
}

struct str wallet_scope(struct arena *arena, const char *list, const struct wallet_query *query)
{
	char wallet[ADDRESS_TEXT], contract[ADDRESS_TEXT] = "";

	address_write(&query->wallet, wallet);
	if (query->by_collection)
		address_write(&query->contract, contract);
	return arena_printf(arena, "wallet:%s|%s|%s", list, wallet, contract);
}
