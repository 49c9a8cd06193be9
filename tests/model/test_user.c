/* Farcaster users, and what their wallets hold. */
#include "suite.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/user.h"

static struct env *env;

/* 3: custody wallet 0, verified wallets 1 and 0 and one that holds nothing; 4: nothing at all;
 * the largest fid: wallet 3, of which an older system told too. */
static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.fc_users (fid, username, display_name, pfp_url,"
		    " custody_address, verified_addresses) VALUES"
		    " (3, 'dwr', 'Dan \"R\"', 'https://i.invalid/3',"
		    " '\\x1000000000000000000000000000000000000000',"
		    " ARRAY['\\x1000000000000000000000000000000000000001',"
		    " '\\x1000000000000000000000000000000000000000',"
		    " '\\x9000000000000000000000000000000000000009']::bytea[])");
	live_pg_sql("INSERT INTO such_market.fc_users (fid) VALUES (4)");
	live_pg_sql("INSERT INTO such_market.fc_users (fid, verified_addresses) VALUES"
		    " (9223372036854775807,"
		    " ARRAY['\\x1000000000000000000000000000000000000003']::bytea[])");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES "
		    "('\\x00000000000000000000000000000000000000bb',"
		    " 0, '\\x1000000000000000000000000000000000000001', " U256_MAX ")");
	live_pg_sql(
		"INSERT INTO such_market.wallet_contracts (wallet_address, contract_address,"
		" token_count, balance, name, symbol, source, last_updated_at) VALUES"
		" ('\\x1000000000000000000000000000000000000003',"
		" '\\x00000000000000000000000000000000000000aa', 99, 99, 'old', 'OLD', 'x', "
		"now()),"
		" ('\\x1000000000000000000000000000000000000003',"
		" '\\x00000000000000000000000000000000000000bb', 2, 5, 'told', 'TOLD', 'x', "
		"now())");
}

START_TEST(test_show)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(user_read(env, 3, &a), RC_OK);
	ck_str(buf_str(&a.body),
	       "{\"fid\":3,\"username\":\"dwr\",\"displayName\":\"Dan \\\"R\\\"\","
	       "\"pfpUrl\":\"https://i.invalid/3\",\"custodyAddress\":\"" WALLET
	       "0\",\"verifiedAddresses\":[\"" WALLET "1\", \"" WALLET
	       "0\", \"0x9000000000000000000000000000000000000009\"]}");
	ck_assert_int_gt(a.modified_us, EPOCH_US);
	ck_assert_int_eq(user_read(env, 4, &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"fid\":4,\"username\":null,\"displayName\":null,"
				 "\"pfpUrl\":null,\"custodyAddress\":null,"
				 "\"verifiedAddresses\":[]}");
	ck_assert_int_eq(user_read(env, INT64_MAX, &a), RC_OK);
	ck_str(AT(env, &a, "fid"), "9223372036854775807");
	ck_assert_int_eq(user_read(env, 5, &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "user");
	free_env(env);
}
END_TEST

START_TEST(test_collections)
{
	struct user_query q = { .fid = 3, .page = page_of(1, 0) };
	struct answer a;

	env = new_env();
	ck_assert_int_eq(user_collections_read(env, &q, &a), RC_OK);
	ck_str(AT(env, &a, "fid"), "3");
	ck_str(AT(env, &a, "total"), "2");
	ck_str(AT(env, &a, "collections.0.collection.name"), "\"Alpha Cats\"");
	/* Wallet 0 has 23 tokens, wallet 1 has 24 of which one is two pieces. */
	ck_str(AT(env, &a, "collections.0.tokenCount"), "47");
	ck_str(AT(env, &a, "collections.0.balance"), "\"48\"");
	ck_assert(page_after(env, &a, &q.page));
	ck_assert_int_eq(user_collections_read(env, &q, &a), RC_OK);
	ck_str(AT(env, &a, "collections.0.balance"), "\"" U256_MAX "\"");
	ck_assert(!page_after(env, &a, &q.page));
	q = (struct user_query){ .fid = 4, .page = page_of(20, 0) };
	ck_assert_int_eq(user_collections_read(env, &q, &a), RC_OK);
	ck_str(buf_str(&a.body),
	       "{\"fid\":4,\"collections\":[],\"total\":0,\"nextCursor\":null}");
	q.fid = 5;
	ck_assert_int_eq(user_collections_read(env, &q, &a), RC_NOT_FOUND);
	free_env(env);
}
END_TEST

START_TEST(test_contracts)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(user_contracts_read(env, 3, &a), RC_OK);
	ck_str(AT(env, &a, "user"),
	       "{\"fid\":3,\"username\":\"dwr\",\"displayName\":\"Dan \\\"R\\\"\"}");
	ck_str(AT(env, &a, "system"), "\"normalized\"");
	ck_assert_str_eq(JOIN(env, &a, "wallets", "walletAddress"),
			 WALLET "0 " WALLET "1 0x9000000000000000000000000000000000000009");
	ck_assert_str_eq(JOIN(env, &a, "wallets", "status"), "found found none");
	ck_assert_str_eq(JOIN(env, &a, "wallets", "totalCollectionsFound"), "1 2 0");
	ck_str(AT(env, &a, "wallets.0.message"), "\"normalized_db\"");
	ck_str(AT(env, &a, "wallets.1.contracts.0"),
	       "{\"address\":\"" ALPHA "\",\"name\":\"Alpha Cats\",\"symbol\":\"ALPHA\","
	       "\"tokenType\":\"ERC721\",\"totalBalance\":\"25\",\"numDistinctTokensOwned\":"
	       "24}");
	ck_str(AT(env, &a, "wallets.2.contracts"), "[]");
	free_env(env);
}
END_TEST

/* What is counted here stands before what was reported. */
START_TEST(test_reported)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(user_contracts_read(env, INT64_MAX, &a), RC_OK);
	ck_assert_str_eq(JOIN(env, &a, "wallets.0.contracts", "numDistinctTokensOwned"),
			 "24 2");
	ck_assert_str_eq(JOIN(env, &a, "wallets.0.contracts", "totalBalance"), "24 5");
	ck_str(AT(env, &a, "wallets.0.message"),
	       "\"normalized_db, with holdings an older system reported\"");
	ck_assert_int_eq(user_contracts_read(env, 4, &a), RC_OK);
	ck_str(AT(env, &a, "wallets"), "[]");
	ck_assert_int_eq(user_contracts_read(env, 5, &a), RC_NOT_FOUND);
	free_env(env);
}
END_TEST

SUITE_WITH(start, world_done, 60, test_show, test_collections, test_contracts, test_reported)
