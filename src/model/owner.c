#include "model/owner.h"

#include "base/arena.h"
#include "model/env.h"
#include "model/render.h"
#include "model/reads.h"
#include "net/pg.h"

/* Above every balance: 99 digits, where a balance has 98 at most. */
#define MORE_THAN_ALL                                                                          \
	"1000000000000000000000000000000000000000000000000"                                    \
	"00000000000000000000000000000000000000000000000000"

enum of_col {
	OF_ADDRESS, /* null: nobody holds it */
	OF_BALANCE,
	OF_VERIFIED
};

enum rc owner_missing(struct env *env, const struct address *contract, struct answer *ret)
{
	SCOPED(pg_result_done)
	struct pg_result known =
		pg_run(env->pg, STMT_owner_collection_known, PG_ARGS(pg_address(contract)));
	if (known.rc != RC_OK)
		return known.rc;
	return answer_missing(env, ret, known.count ? MISSING_TOKEN : MISSING_COLLECTION);
}

/* How many hold it and since when that is known; the rows say so unless they were cut. */
struct holders {
	int64_t count, verified_us;
	bool any;
};

static enum rc count_holders(struct env *env, const struct token_args *a,
			     const struct pg_result *rows, struct holders *ret)
{
	struct holders h = { .any = !pg_is_null(rows, 0, OF_ADDRESS) };

	if (rows->count > OWNER_SHOWN) {
		SCOPED(pg_result_done)
		struct pg_result all =
			pg_run(env->pg, STMT_owner_count,
			       PG_ARGS(pg_address(&a->contract), pg_text(a->token.dec)));
		if (all.rc != RC_OK)
			return all.rc;
		h.count = pg_i64(&all, 0, 0);
		h.verified_us = pg_i64(&all, 0, 1);
	} else if (h.any) {
		h.count = rows->count;
		h.verified_us = pg_i64(rows, 0, OF_VERIFIED);
		for (int i = 1; i < rows->count; i++)
			if (pg_i64(rows, i, OF_VERIFIED) < h.verified_us)
				h.verified_us = pg_i64(rows, i, OF_VERIFIED);
	}
	*ret = h;
	return RC_OK;
}

static void render_holders(struct json *j, const struct token_args *a,
			   const struct pg_result *rows, const struct holders *h)
{
	char address[ADDRESS_TEXT];

	address_write(&a->contract, address);
	json_object(j, NULL);
	json_strz(j, "contractAddress", address);
	json_strz(j, "tokenId", a->token.dec);
	if (h->count == 1)
		render_address(j, "owner", rows, 0, OF_ADDRESS);
	else
		json_null(j, "owner");
	json_int(j, "ownerCount", h->count);
	json_array(j, "owners");
	for (int i = 0; h->any && i < rows->count && i < OWNER_SHOWN; i++) {
		json_object(j, NULL);
		render_address(j, "address", rows, i, OF_ADDRESS);
		render_str(j, "balance", rows, i, OF_BALANCE);
		json_end(j);
	}
	json_end(j);
	if (h->any)
		json_time(j, "lastVerifiedAt", h->verified_us);
	else
		json_null(j, "lastVerifiedAt");
	json_end(j);
}

enum rc owner_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct token_args *a = args;
	struct holders holders;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_owner_of,
		       PG_ARGS(pg_address(&a->contract), pg_text(a->token.dec)));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return owner_missing(env, &a->contract, ret);
	enum rc rc = count_holders(env, a, &rows, &holders);
	if (rc != RC_OK)
		return rc;

	answer_begin(env, ret, &j);
	render_holders(&j, a, &rows, &holders);
	return answer_end(ret);
}

enum rc owner_read(struct env *env, const struct address *contract, const struct u256 *token,
		   struct answer *ret)
{
	const struct token_args args = { *contract, *token };

	return read_through(env, READ_owner, &args, ret);
}

enum list_col {
	LIST_OWNERS,
	LIST_BALANCE_OF_ALL,
	LIST_ADDRESS, /* null: no row of the page */
	LIST_TOKENS,
	LIST_BALANCE
};

static void render_owner(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_address(j, "address", rows, i, LIST_ADDRESS);
	render_int(j, "tokenCount", rows, i, LIST_TOKENS);
	render_str(j, "balance", rows, i, LIST_BALANCE);
	render_share(j, "share", pg_f64(rows, i, LIST_BALANCE),
		     pg_f64(rows, i, LIST_BALANCE_OF_ALL));
	json_end(j);
}

static void render_list(struct json *j, struct env *env, const struct owner_query *q,
			const struct pg_result *rows)
{
	struct str last[OWNER_CURSOR_KEYS] = { STR_NONE, STR_NONE };
	bool any = !pg_is_null(rows, 0, LIST_ADDRESS);

	json_object(j, NULL);
	json_array(j, "owners");
	for (int i = 0; any && i < rows->count && i < q->page.limit; i++) {
		render_owner(j, rows, i);
		last[0] = pg_str(rows, i, LIST_BALANCE);
		last[1] = pg_str(rows, i, LIST_ADDRESS);
	}
	json_end(j);
	render_int(j, "total", rows, 0, LIST_OWNERS);
	page_next(j, env, &q->page, rows->count > q->page.limit, last, OWNER_CURSOR_KEYS);
	json_end(j);
}

enum rc owner_list_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct owner_query *q = args;
	const char *balance = q->page.after ? q->page.key[0].ptr : MORE_THAN_ALL;
	const char *address = q->page.after ? q->page.key[1].ptr : "";
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(env->pg, STMT_owner_list,
				       PG_ARGS(pg_address(&q->contract), pg_text(balance),
					       pg_text(address), pg_text(limit)));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);

	answer_begin(env, ret, &j);
	render_list(&j, env, q, &rows);
	return answer_end(ret);
}

enum rc owner_page_read(struct env *env, const struct owner_query *query, struct answer *ret)
{
	return read_through(env, READ_owner_list, query, ret);
}

struct str owner_scope(struct arena *arena, const struct address *contract)
{
	char address[ADDRESS_TEXT];

	address_write(contract, address);
	return arena_printf(arena, "owners|%s", address);
}

enum distribution_col {
	DIST_OWNERS,
	DIST_TOKENS,
	DIST_HELD, /* null: nobody holds any */
	DIST_HOLDERS
};

enum rc owner_distribution_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	char address[ADDRESS_TEXT];
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_owner_distribution, PG_ARGS(pg_address(args)));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);

	address_write(args, address);
	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_strz(&j, "contractAddress", address);
	json_array(&j, "distribution");
	for (int i = 0; i < rows.count && !pg_is_null(&rows, i, DIST_HELD); i++) {
		json_object(&j, NULL);
		render_int(&j, "tokenCount", &rows, i, DIST_HELD);
		render_int(&j, "ownerCount", &rows, i, DIST_HOLDERS);
		json_end(&j);
	}
	json_end(&j);
	render_int(&j, "owners", &rows, 0, DIST_OWNERS);
	render_int(&j, "tokens", &rows, 0, DIST_TOKENS);
	json_end(&j);
	return answer_end(ret);
}

enum rc owner_distribution_read(struct env *env, const struct address *contract,
				struct answer *ret)
{
	return read_through(env, READ_owner_distribution, contract, ret);
}
