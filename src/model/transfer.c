#include "model/transfer.h"

#include "base/arena.h"
#include "model/env.h"
#include "model/owner.h"
#include "model/render.h"
#include "model/reads.h"
#include "net/pg.h"

enum transfer_col {
	CONTRACT, /* null: no row of the page */
	TOKEN,
	FROM,
	TO,
	QUANTITY,
	HASH,
	LOG_INDEX,
	BATCH_INDEX,
	BLOCK,
	TIME,
	KEY_TIME,
	KEY_BLOCK,
	KEY_ID
};

/* After the last row of any history. */
static const char *const newest[TRANSFER_CURSOR_KEYS] = { "253402300800000000",
							  "9223372036854775807",
							  "9223372036854775807" };

static struct pg_result find(struct env *env, const struct transfer_query *q)
{
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;
	const char *key[TRANSFER_CURSOR_KEYS];

	for (int i = 0; i < TRANSFER_CURSOR_KEYS; i++)
		key[i] = q->page.after ? q->page.key[i].ptr : newest[i];
	const struct pg_arg args[] = { pg_address(&q->contract), pg_text(key[0]),
				       pg_text(key[1]),          pg_text(key[2]),
				       pg_text(limit),           pg_text(q->token.dec) };
	return q->by_token ? pg_run(env->pg, STMT_transfer_of_token, args, 6)
			   : pg_run(env->pg, STMT_transfer_list, args, 5);
}

static void render_transfer(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_address(j, "contractAddress", rows, i, CONTRACT);
	render_str(j, "tokenId", rows, i, TOKEN);
	render_address(j, "from", rows, i, FROM);
	render_address(j, "to", rows, i, TO);
	render_str(j, "quantity", rows, i, QUANTITY);
	render_str(j, "transactionHash", rows, i, HASH);
	render_int(j, "logIndex", rows, i, LOG_INDEX);
	render_int(j, "batchIndex", rows, i, BATCH_INDEX);
	render_int(j, "blockNumber", rows, i, BLOCK);
	render_time(j, "blockTime", rows, i, TIME);
	json_end(j);
}

static void render_page(struct json *j, struct env *env, const struct transfer_query *q,
			const struct pg_result *rows)
{
	struct str last[TRANSFER_CURSOR_KEYS] = { STR_NONE, STR_NONE, STR_NONE };
	bool any = !pg_is_null(rows, 0, CONTRACT);

	json_object(j, NULL);
	json_array(j, "transfers");
	for (int i = 0; any && i < rows->count && i < q->page.limit; i++) {
		render_transfer(j, rows, i);
		last[0] = pg_str(rows, i, KEY_TIME);
		last[1] = pg_str(rows, i, KEY_BLOCK);
		last[2] = pg_str(rows, i, KEY_ID);
	}
	json_end(j);
	page_next(j, env, &q->page, rows->count > q->page.limit, last, TRANSFER_CURSOR_KEYS);
	json_end(j);
}

enum rc transfer_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	const struct transfer_query *q = args;
	struct json j;

	SCOPED(pg_result_done) struct pg_result rows = find(env, q);
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return q->by_token ? owner_missing(env, &q->contract, ret)
				   : answer_missing(env, ret, MISSING_COLLECTION);

	answer_begin(env, ret, &j);
	render_page(&j, env, q, &rows);
	return answer_end(ret);
}

enum rc transfer_page_read(struct env *env, const struct transfer_query *query,
			   struct answer *ret)
{
	return read_through(env, READ_transfers, query, ret);
}

struct str transfer_scope(struct arena *arena, const struct transfer_query *query)
{
	char address[ADDRESS_TEXT];

	address_write(&query->contract, address);
	return arena_printf(arena, "transfers|%s|%s", address,
			    query->by_token ? query->token.dec : "");
}
