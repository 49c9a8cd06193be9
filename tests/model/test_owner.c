/* Holders of a token, of a collection, and their distribution. */
#include "suite.h"
#include <stdio.h>
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/owner.h"
#include "net/pg.h"

#define CROWD "0x0000000000000000000000000000000000000c0d"

static struct env *env;

/* CROWD: token 1 held by 150 wallets, wallet n with n pieces but at most 140; token 2 by one.
 */
static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address) VALUES"
		    " ('\\x0000000000000000000000000000000000000c0d')");
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id) SELECT"
		    " '\\x0000000000000000000000000000000000000c0d', n FROM generate_series(1, "
		    "2) n");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance, last_verified_at)"
		    " SELECT '\\x0000000000000000000000000000000000000c0d', 1,"
		    " decode(lpad(to_hex(n), 40, '0'), 'hex'), least(n, 140),"
		    " to_timestamp(1000 - n) FROM generate_series(1, 150) n");
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES"
		    " ('\\x0000000000000000000000000000000000000c0d', 2,"
		    " '\\x0000000000000000000000000000000000000001', " U256_MAX ")");
}

static enum rc owner(const char *contract, const char *token, struct answer *ret)
{
	struct address address = address_of(contract);
	struct u256 id;

	ck_assert_int_eq(u256_read(str_of(token), &id), RC_OK);
	return owner_read(env, &address, &id, ret);
}

START_TEST(test_of)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(owner(ALPHA, "7", &a), RC_OK);
	ck_str(AT(env, &a, "contractAddress"), "\"" ALPHA "\"");
	ck_str(AT(env, &a, "tokenId"), "\"7\"");
	ck_str(AT(env, &a, "owner"), "\"" WALLET "2\"");
	ck_str(AT(env, &a, "ownerCount"), "1");
	ck_str(AT(env, &a, "owners"), "[{\"address\":\"" WALLET "2\",\"balance\":\"1\"}]");
	ck_assert_uint_eq(AT(env, &a, "lastVerifiedAt").len, 26);

	ck_assert_int_eq(owner(ALPHA, "6", &a), RC_OK);
	ck_str(AT(env, &a, "owner"), "null");
	ck_str(AT(env, &a, "ownerCount"), "2");
	ck_assert_str_eq(JOIN(env, &a, "owners", "balance"), "2 3");

	ck_assert_int_eq(owner(ALPHA, "5", &a), RC_OK);
	ck_str(AT(env, &a, "owner"), "null");
	ck_str(AT(env, &a, "ownerCount"), "0");
	ck_str(AT(env, &a, "owners"), "[]");
	ck_str(AT(env, &a, "lastVerifiedAt"), "null");
	ck_assert_int_eq(owner(WEIRD, U256_MAX, &a), RC_OK);
	free_env(env);
}
END_TEST

START_TEST(test_crowd)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(owner(CROWD, "1", &a), RC_OK);
	ck_str(AT(env, &a, "owner"), "null");
	ck_str(AT(env, &a, "ownerCount"), "150");
	ck_str(AT(env, &a, "owners.0.address"),
	       "\"0x0000000000000000000000000000000000000001\"");
	ck_str(AT(env, &a, "owners.99.balance"), "\"100\"");
	ck_str(AT(env, &a, "owners.100"), "null");
	ck_str(AT(env, &a, "lastVerifiedAt"), "\"1970-01-01T00:14:10.000Z\"");
	free_env(env);
}
END_TEST

START_TEST(test_missing)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(owner(ALPHA, "121", &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "token");
	ck_assert_int_eq(owner(NOWHERE, "1", &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "collection");
	free_env(env);
}
END_TEST

static enum rc list(const char *contract, struct page page, struct answer *ret)
{
	struct owner_query q = { .contract = address_of(contract), .page = page };

	return owner_page_read(env, &q, ret);
}

START_TEST(test_list)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(list(CROWD, page_of(40, 0), &a), RC_OK);
	ck_str(AT(env, &a, "total"), "150");
	ck_str(AT(env, &a, "owners.0.address"),
	       "\"0x0000000000000000000000000000000000000001\"");
	ck_str(AT(env, &a, "owners.0.tokenCount"), "2");
	ck_str(AT(env, &a, "owners.0.share"), "1");
	ck_str(AT(env, &a, "owners.1.address"),
	       "\"0x000000000000000000000000000000000000008c\"");
	ck_str(AT(env, &a, "owners.11.balance"), "\"140\"");
	ck_str(AT(env, &a, "owners.12.balance"), "\"139\"");
	free_env(env);
}
END_TEST

struct walk {
	char seen[256];
	int rows, before;
};

static const char *cell(const struct answer *a, int row, const char *key)
{
	const char *path = arena_printf(env->arena, "owners.%d.%s", row, key).ptr;

	return arena_strz(env->arena, AT(env, a, path));
}

/* False after the last row. */
static bool walk_row(struct walk *w, const struct answer *a, int row)
{
	const char *address = cell(a, row, "address");
	unsigned wallet = 0;
	int balance = 0;

	if (sscanf(address, "\"0x%*38c%2x\"", &wallet) != 1)
		return false;
	ck_assert_int_eq(w->seen[wallet]++, 0);
	if (wallet != 1) {
		ck_assert_int_eq(sscanf(cell(a, row, "balance"), "\"%d", &balance), 1);
		ck_assert_int_le(balance, w->before);
		w->before = balance;
	}
	w->rows++;
	return true;
}

/* Every holder exactly once, largest first, whatever the page size. */
START_TEST(test_walk)
{
	static const int sizes[] = { 1, 7, 100 };
	struct page page = page_of(sizes[_i], 0);
	struct walk w = { .before = 1000 };
	struct answer a;

	env = new_env();
	do {
		ck_assert_int_eq(list(CROWD, page, &a), RC_OK);
		for (int row = 0; row < sizes[_i] && walk_row(&w, &a, row); row++)
			;
	} while (page_after(env, &a, &page));
	ck_assert_int_eq(w.rows, 150);
	free_env(env);
}
END_TEST

START_TEST(test_list_ends)
{
	struct answer a;

	env = new_env();
	ck_assert_int_eq(list(EMPTY, page_of(20, 0), &a), RC_OK);
	ck_str(buf_str(&a.body), "{\"owners\":[],\"total\":0,\"nextCursor\":null}");
	ck_assert_int_eq(list(NOWHERE, page_of(20, 0), &a), RC_NOT_FOUND);
	ck_str(buf_str(&a.body), "collection");
	free_env(env);
}
END_TEST

START_TEST(test_distribution)
{
	struct address alpha = address_of(ALPHA), empty = address_of(EMPTY);
	struct address nowhere = address_of(NOWHERE);
	struct answer a;

	env = new_env();
	ck_assert_int_eq(owner_distribution_read(env, &alpha, &a), RC_OK);
	/* 120 tokens over five wallets; 5 is nobody's, 6 is of two. */
	ck_str(AT(env, &a, "distribution"), "[{\"tokenCount\":23,\"ownerCount\":1},"
					    "{\"tokenCount\":24,\"ownerCount\":3},"
					    "{\"tokenCount\":25,\"ownerCount\":1}]");
	ck_str(AT(env, &a, "owners"), "5");
	ck_str(AT(env, &a, "tokens"), "120");
	ck_assert_int_eq(owner_distribution_read(env, &empty, &a), RC_OK);
	ck_str(AT(env, &a, "distribution"), "[]");
	ck_assert_int_eq(owner_distribution_read(env, &nowhere, &a), RC_NOT_FOUND);
	free_env(env);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, start, world_done);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_of);
	tcase_add_test(tc, test_crowd);
	tcase_add_test(tc, test_missing);
	tcase_add_test(tc, test_list);
	tcase_add_loop_test(tc, test_walk, 0, 3);
	tcase_add_test(tc, test_list_ends);
	tcase_add_test(tc, test_distribution);
}

SUITE_OF(add)
