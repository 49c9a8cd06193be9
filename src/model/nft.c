#include "model/nft.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/arena.h"
#include "model/env.h"
#include "model/nftpage.h"
#include "model/reads.h"

enum rc nft_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct token_args *a = args;
	struct json j;

	SCOPED(pg_result_done)
	struct pg_result row = pg_run(env->pg, STMT_nft_show,
				      PG_ARGS(pg_address(&a->contract), pg_text(a->token.dec)));
	if (row.rc != RC_OK)
		return row.rc;
	if (row.count == 0)
		return answer_missing(env, ret, MISSING_COLLECTION);
	if (pg_is_null(&row, 0, NFT_TOKEN))
		return answer_missing(env, ret, MISSING_TOKEN);

	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	render_nft(&j, &row, 0);
	render_raw(&j, "metadata", &row, 0, NFT_COLS);
	json_end(&j);
	ret->modified_us = pg_i64(&row, 0, NFT_UPDATED);
	return answer_end(ret);
}

enum rc nft_read(struct env *env, const struct address *contract, const struct u256 *token,
		 struct answer *ret)
{
	const struct token_args args = { *contract, *token };

	return read_through(env, READ_nft, &args, ret);
}

static int rows_of_page(const struct pg_result *rows, int64_t limit)
{
	int n = 0;

	while (n < rows->count && n < limit && !pg_is_null(rows, n, NFT_TOKEN))
		n++;
	return n;
}

static void render_list(struct json *j, const struct env *env, const struct nft_query *q,
			const struct nft_page *found)
{
	const struct pg_result *rows = &found->rows;
	int n = rows_of_page(rows, q->page.limit);

	json_object(j, NULL);
	json_array(j, "nfts");
	for (int i = 0; i < n; i++) {
		json_object(j, NULL);
		render_nft(j, rows, i);
		if (q->with_balance)
			render_str(j, "balance", rows, i, NFT_BALANCE);
		json_end(j);
	}
	json_end(j);
	if (q->page.after)
		json_null(j, "page");
	else
		json_int(j, "page", q->page.number);
	json_int(j, "pageSize", q->page.limit);
	json_int(j, "total", found->total);
	json_bool(j, "totalIsExact", found->exact);
	json_int(j, "totalPages", (found->total + q->page.limit - 1) / q->page.limit);

	struct str last[NFT_CURSOR_KEYS] = { STR_NONE, STR_NONE };
	if (n > 0) {
		last[0] = pg_str(rows, n - 1, NFT_KEY);
		last[1] = pg_str(rows, n - 1, NFT_TOKEN);
	}
	page_next(j, env, &q->page, rows->count > n && n > 0, last, NFT_CURSOR_KEYS);
	json_end(j);
}

enum rc nft_list_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct nft_query *q = args;
	struct nft_page found;
	struct json j;

	enum rc rc = nft_page_find(env, q, &found);
	if (rc == RC_NOT_FOUND)
		return answer_missing(env, ret, MISSING_COLLECTION);
	if (rc != RC_OK)
		return rc;
	answer_begin(env, ret, &j);
	render_list(&j, env, q, &found);
	tag_tokens(ret, &found.rows, rows_of_page(&found.rows, q->page.limit));
	pg_result_done(&found.rows);
	return answer_end(ret);
}

enum rc nft_page_read(struct env *env, const struct nft_query *query, struct answer *ret)
{
	return read_through(env, READ_nft_list, query, ret);
}

static int str_order(struct str a, struct str b)
{
	int c = memcmp(a.ptr ? a.ptr : "", b.ptr ? b.ptr : "", a.len < b.len ? a.len : b.len);

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int trait_order(const void *one, const void *other)
{
	const struct nft_trait *a = one, *b = other;
	int c = str_order(a->type, b->type);

	return c ? c : str_order(a->value, b->value);
}

/* Lengths keep "a" "bc" and "ab" "c" apart. */
static void scope_text(struct buf *out, char what, struct str text)
{
	buf_addf(out, "|%c%zu:", what, text.len);
	buf_adds(out, text);
}

struct str nft_scope(struct arena *arena, struct nft_query *query)
{
	char address[ADDRESS_TEXT];
	struct buf out;

	buf_init(&out, arena, BUF_NO_MAX);
	address_write(&query->contract, address);
	buf_adds(&out, query->with_balance ? STR("owned|") : STR("nfts|"));
	buf_adds(&out, str_of(address));
	buf_addc(&out, '|');
	buf_add_u64(&out, (uint64_t)query->sort);
	buf_addc(&out, '|');
	buf_add_u64(&out, query->descending);
	if (query->by_owner) {
		address_write(&query->owner, address);
		scope_text(&out, 'o', str_of(address));
	}
	if (query->search.len)
		scope_text(&out, 's', query->search);
	if (query->trait_count)
		qsort(query->traits, query->trait_count, sizeof(*query->traits), trait_order);
	for (size_t i = 0; i < query->trait_count; i++) {
		scope_text(&out, 't', query->traits[i].type);
		scope_text(&out, 'v', query->traits[i].value);
	}
	return buf_str(&out);
}
