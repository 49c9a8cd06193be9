/* What a wallet holds. */
#include "suite.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/wallet.h"

#define RICH "0x2000000000000000000000000000000000000000"

static struct env *env;

/* RICH: of collections 0x…d1 to 0x…d5 tokens 1 and 2, three pieces each; those of …d3 given up.
 */
static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name)"
		    " SELECT decode(lpad('d' || n, 40, '0'), 'hex'), 'D' || n"
		    " FROM generate_series(1, 5) n");
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id, name)"
		    " SELECT decode(lpad('d' || n, 40, '0'), 'hex'), t, n || '/' || t"
		    " FROM generate_series(1, 5) n, generate_series(1, 2) t");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) SELECT decode(lpad('d' || n, 40, '0'), 'hex'), t,"
		    " '\\x2000000000000000000000000000000000000000', 3"
		    " FROM generate_series(1, 5) n, generate_series(1, 2) t");
	live_pg_sql("DELETE FROM such_market.nft_ownership"
		    " WHERE contract_address = decode(lpad('d3', 40, '0'), 'hex')");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES (decode(lpad('d1', 40, '0'), 'hex'), 1,"
		    " '\\x1000000000000000000000000000000000000000', 1)");
}

static struct wallet_query query_of(const char *wallet, const char *contract, struct page page)
{
	struct wallet_query q = { .wallet = address_of(wallet),
				  .by_collection = contract,
				  .page = page };

	if (contract)
		q.contract = address_of(contract);
	return q;
}

START_TEST(test_collections)
{
	struct wallet_query q = query_of(RICH, NULL, page_of(3, 0));
	struct answer a;

	env = new_env();
	ck_assert_int_eq(wallet_collections_read(env, &q, &a), RC_OK);
	ck_str(AT(env, &a, "walletAddress"), "\"" RICH "\"");
	ck_str(AT(env, &a, "total"), "4");
	ck_str(AT(env, &a, "collections.0.collection.name"), "\"D1\"");
	ck_str(AT(env, &a, "collections.2.collection.name"), "\"D4\"");
	ck_assert_str_eq(JOIN(env, &a, "collections", "tokenCount"), "2 2 2");
	ck_assert_str_eq(JOIN(env, &a, "collections", "balance"), "6 6 6");
	ck_assert_uint_eq(AT(env, &a, "collections.0.lastOwnedAt").len, 26);
	ck_assert(page_after(env, &a, &q.page));
	ck_assert_int_eq(wallet_collections_read(env, &q, &a), RC_OK);
	ck_str(AT(env, &a, "collections.0.collection.name"), "\"D5\"");
	ck_str(AT(env, &a, "total"), "4");
	ck_assert(!page_after(env, &a, &q.page));
	free_env(env);
}
END_TEST

START_TEST(test_nfts)
{
	struct wallet_query q = query_of(RICH, NULL, page_of(5, 0));
	struct answer a;

	env = new_env();
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "nfts", "name"), "1/1 1/2 2/1 2/2 4/1");
	ck_assert_str_eq(JOIN(env, &a, "nfts", "balance"), "3 3 3 3 3");
	ck_assert_str_eq(JOIN(env, &a, "nfts", "ownerCount"), "2 1 1 1 1");
	ck_str(AT(env, &a, "nfts.0.owner"), "null");
	ck_str(AT(env, &a, "nfts.1.owner"), "\"" RICH "\"");
	ck_str(AT(env, &a, "total"), "8");
	ck_str(AT(env, &a, "totalPages"), "2");
	ck_str(AT(env, &a, "page"), "0");
	ck_assert(page_after(env, &a, &q.page));
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "nfts", "name"), "4/2 5/1 5/2");
	ck_str(AT(env, &a, "page"), "null");
	ck_assert(!page_after(env, &a, &q.page));

	q = query_of(RICH, NULL, page_of(5, 1));
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "nfts", "name"), "4/2 5/1 5/2");
	free_env(env);
}
END_TEST

START_TEST(test_nfts_of_one)
{
	struct wallet_query q =
		query_of(RICH, "0x00000000000000000000000000000000000000d4", page_of(1, 0));
	struct answer a;

	env = new_env();
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "nfts", "name"), "4/1");
	ck_str(AT(env, &a, "total"), "2");
	ck_assert(page_after(env, &a, &q.page));
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "nfts", "name"), "4/2");
	ck_assert(!page_after(env, &a, &q.page));
	free_env(env);
}
END_TEST

START_TEST(test_unknown)
{
	struct wallet_query q = query_of(NOWHERE, NULL, page_of(20, 0));
	struct answer a;

	env = new_env();
	ck_assert_int_eq(wallet_collections_read(env, &q, &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"walletAddress\":\"" NOWHERE
				 "\",\"collections\":[],\"total\":0,\"nextCursor\":null}");
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"nfts\":[],\"page\":0,\"pageSize\":20,\"total\":0,"
				 "\"totalIsExact\":true,\"totalPages\":0,\"nextCursor\":null}");
	q = query_of(RICH, NOWHERE, page_of(20, 0));
	ck_assert_int_eq(wallet_nfts_read(env, &q, &a), RC_OK);
	ck_str(AT(env, &a, "total"), "0");
	free_env(env);
}
END_TEST

SUITE_WITH(start, world_done, 60, test_collections, test_nfts, test_nfts_of_one, test_unknown)
