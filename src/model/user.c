#include "model/user.h"

#include <inttypes.h>
#include "base/arena.h"
#include "model/env.h"
#include "model/render.h"
#include "model/wallet.h"
#include "model/reads.h"
#include "net/pg.h"

static const char *fid_text(struct env *env, uint64_t fid)
{
	return arena_printf(env->arena, "%" PRIu64, fid).ptr;
}

enum rc user_fill(void *ctx, const void *args, struct answer *ret)
{
	enum {
		FID,
		USERNAME,
		DISPLAY_NAME,
		PICTURE,
		CUSTODY,
		VERIFIED,
		UPDATED
	};
	struct env *env = ctx;
	const uint64_t *fid = args;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(env->pg, STMT_user_show, PG_ARGS(pg_text(fid_text(env, *fid))));
	if (row.rc != RC_OK)
		return row.rc;
	if (row.count == 0)
		return answer_missing(env, ret, MISSING_USER);

	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	render_int(&j, "fid", &row, 0, FID);
	render_str(&j, "username", &row, 0, USERNAME);
	render_str(&j, "displayName", &row, 0, DISPLAY_NAME);
	render_str(&j, "pfpUrl", &row, 0, PICTURE);
	render_address(&j, "custodyAddress", &row, 0, CUSTODY);
	render_raw(&j, "verifiedAddresses", &row, 0, VERIFIED);
	json_end(&j);
	ret->modified_us = pg_i64(&row, 0, UPDATED);
	return answer_end(ret);
}

enum rc user_read(struct env *env, uint64_t fid, struct answer *ret)
{
	return read_through(env, READ_user, &fid, ret);
}

/* Whether or not a wallet holds anything yet, what it gets changes the user's answer. */
static enum rc depend_on_wallets(struct env *env, uint64_t fid, struct answer *ret)
{
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_user_wallets, PG_ARGS(pg_text(fid_text(env, fid))));
	if (rows.rc == RC_OK)
		tag_wallets(ret, &rows, rows.count, 0);
	return rows.rc;
}

enum rc user_collections_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct user_query *q = args;
	const char *after = q->page.after ? q->page.key[0].ptr : "";
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;
	struct json j;

	enum rc rc = depend_on_wallets(env, q->fid, ret);
	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_user_collections,
		       PG_ARGS(pg_text(fid_text(env, q->fid)), pg_text(after), pg_text(limit)));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return answer_missing(env, ret, MISSING_USER);

	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_int(&j, "fid", (int64_t)q->fid);
	wallet_render_collections(&j, env, &q->page, &rows);
	json_end(&j);
	tag_collections(ret, &rows, rows.count, COLLECTION_ADDRESS);
	return answer_end(ret);
}

enum rc user_collections_read(struct env *env, const struct user_query *query,
			      struct answer *ret)
{
	return read_through(env, READ_user_collections, query, ret);
}

struct str user_collections_scope(struct arena *arena, uint64_t fid)
{
	return arena_printf(arena, "user:collections|%" PRIu64, fid);
}

enum contract_col {
	FID,
	USERNAME,
	DISPLAY_NAME,
	UPDATED,
	WALLET,   /* null: a user without wallets */
	CONTRACT, /* null: a wallet without contracts */
	NAME,
	SYMBOL,
	TYPE,
	BALANCE,
	TOKENS,
	REPORTED /* by an older system, not counted here */
};

static void render_contract(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_address(j, "address", rows, i, CONTRACT);
	render_str(j, "name", rows, i, NAME);
	render_str(j, "symbol", rows, i, SYMBOL);
	render_str(j, "tokenType", rows, i, TYPE);
	render_str(j, "totalBalance", rows, i, BALANCE);
	render_int(j, "numDistinctTokensOwned", rows, i, TOKENS);
	json_end(j);
}

/* The rows from i on that are of the same wallet; returns the row after them. */
static int render_wallet(struct json *j, const struct pg_result *rows, int i)
{
	struct str wallet = pg_str(rows, i, WALLET);
	bool any = !pg_is_null(rows, i, CONTRACT), reported = false;
	int end = i;

	for (; end < rows->count && str_eq(pg_str(rows, end, WALLET), wallet); end++)
		reported = reported || pg_flag(rows, end, REPORTED);
	json_object(j, NULL);
	render_address(j, "walletAddress", rows, i, WALLET);
	json_strz(j, "status", any ? "found" : "none");
	json_strz(j, "message",
		  reported ? "normalized_db, with holdings an older system reported"
			   : "normalized_db");
	json_array(j, "contracts");
	for (int k = i; any && k < end; k++)
		render_contract(j, rows, k);
	json_end(j);
	json_int(j, "totalCollectionsFound", any ? end - i : 0);
	json_end(j);
	return end;
}

static void render_contracts(struct json *j, const struct pg_result *rows)
{
	json_object(j, NULL);
	json_object(j, "user");
	render_int(j, "fid", rows, 0, FID);
	render_str(j, "username", rows, 0, USERNAME);
	render_str(j, "displayName", rows, 0, DISPLAY_NAME);
	json_end(j);
	json_array(j, "wallets");
	for (int i = 0; i < rows->count && !pg_is_null(rows, i, WALLET);)
		i = render_wallet(j, rows, i);
	json_end(j);
	json_strz(j, "system", "normalized");
	json_end(j);
}

enum rc user_contracts_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const uint64_t *fid = args;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_user_contracts, PG_ARGS(pg_text(fid_text(env, *fid))));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return answer_missing(env, ret, MISSING_USER);

	answer_begin(env, ret, &j);
	render_contracts(&j, &rows);
	tag_wallets(ret, &rows, rows.count, WALLET);
	tag_collections(ret, &rows, rows.count, CONTRACT);
	return answer_end(ret);
}

enum rc user_contracts_read(struct env *env, uint64_t fid, struct answer *ret)
{
	return read_through(env, READ_user_contracts, &fid, ret);
}
