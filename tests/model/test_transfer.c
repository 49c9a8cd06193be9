/* History, newest first: order, keys, what has no hash, what is missing. */
#include "suite.h"
#include "base/arena.h"
#include "base/scope.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/transfer.h"

#define PAST "0x00000000000000000000000000000000000000ed"

static struct env *env;

/* PAST: tokens 1 and 2; transfers 0 … 11 of token <n mod 2 + 1>, quantity n, of time n / 4
 * (0 … 2), block n / 2; 12 and 13 of token 1 without time or block, made up. */
static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address) VALUES"
		    " ('\\x00000000000000000000000000000000000000ed')");
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id) SELECT"
		    " '\\x00000000000000000000000000000000000000ed', n FROM generate_series(1, "
		    "3) n");
	live_pg_sql(
		"INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
		" to_address, quantity, origin, log_index, batch_index, block_number,"
		" block_time) SELECT '\\x00000000000000000000000000000000000000ed', n % 2 + 1,"
		" '\\x0000000000000000000000000000000000000000',"
		" '\\x1000000000000000000000000000000000000001', n,"
		" sha256(n::text::bytea), n, 1, n / 2, to_timestamp(1600000000 + n / 4)"
		" FROM generate_series(0, 11) n");
	live_pg_sql(
		"INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
		" to_address, quantity, origin, synthetic, log_index)"
		" SELECT '\\x00000000000000000000000000000000000000ed', 1,"
		" '\\x1000000000000000000000000000000000000001',"
		" '\\x1000000000000000000000000000000000000002', n, sha256('file'), true, n"
		" FROM generate_series(12, 13) n");
}

static enum rc read_page(const char *contract, const char *token, struct page page,
			 struct answer *ret)
{
	struct transfer_query q = { .contract = address_of(contract),
				    .by_token = token,
				    .page = page };

	if (token)
		ck_assert_int_eq(u256_read(str_of(token), &q.token), RC_OK);
	return transfer_page_read(env, &q, ret);
}

START_TEST(test_shape)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(read_page(PAST, NULL, page_of(20, 0), &a), RC_OK);
	ck_str(AT(env, &a, "transfers.0"),
	       "{\"contractAddress\":\"" PAST "\",\"tokenId\":\"2\","
	       "\"from\":\"0x0000000000000000000000000000000000000000\",\"to\":\"" WALLET "1\","
	       "\"quantity\":\"11\",\"transactionHash\":"
	       "\"0x4fc82b26aecb47d2868c4efbe3581732a3e7cbcc6c2efb32062c08170a05eeb8\","
	       "\"logIndex\":11,\"batchIndex\":1,\"blockNumber\":5,"
	       "\"blockTime\":\"2020-09-13T12:26:42.000Z\"}");
	ck_str(AT(env, &a, "transfers.12"),
	       "{\"contractAddress\":\"" PAST "\",\"tokenId\":\"1\",\"from\":\"" WALLET
	       "1\",\"to\":\"" WALLET "2\",\"quantity\":\"13\",\"transactionHash\":null,"
	       "\"logIndex\":null,\"batchIndex\":0,\"blockNumber\":null,\"blockTime\":null}");
	ck_str(AT(env, &a, "nextCursor"), "null");
	free_env(env);
}
END_TEST

/* All rows by cursors of `limit`, quantities joined. */
static const char *walk(const char *token, int64_t limit)
{
	struct page page = page_of(limit, 0);
	struct answer a;
	struct buf out;

	buf_init(&out, env->arena, BUF_NO_MAX);
	do {
		ck_assert_int_eq(read_page(PAST, token, page, &a), RC_OK);
		if (out.len)
			buf_addc(&out, ' ');
		buf_adds(&out, str_of(JOIN(env, &a, "transfers", "quantity")));
	} while (page_after(env, &a, &page));
	buf_addc(&out, '\0');
	return out.ptr;
}

START_TEST(test_walk)
{
	static const int64_t limits[] = { 1, 3, 100 };

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		ck_assert_str_eq(walk(NULL, limits[i]), "11 10 9 8 7 6 5 4 3 2 1 0 13 12");
		ck_assert_str_eq(walk("1", limits[i]), "10 8 6 4 2 0 13 12");
		ck_assert_str_eq(walk("2", limits[i]), "11 9 7 5 3 1");
	}
	free_env(env);
}
END_TEST

START_TEST(test_ends)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(read_page(PAST, "3", page_of(20, 0), &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"transfers\":[],\"nextCursor\":null}");
	ck_assert_int_eq(read_page(EMPTY, NULL, page_of(20, 0), &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"transfers\":[],\"nextCursor\":null}");
	ck_assert_int_eq(read_page(PAST, "4", page_of(20, 0), &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "token");
	ck_assert_int_eq(read_page(NOWHERE, "4", page_of(20, 0), &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "collection");
	ck_assert_int_eq(read_page(NOWHERE, NULL, page_of(20, 0), &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "collection");
	free_env(env);
}
END_TEST

SUITE_WITH(start, world_done, 60, test_shape, test_walk, test_ends)
