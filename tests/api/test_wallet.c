/* The routes of wallets. */
#include "suite.h"
#include "api/ask.h"
#include "base/arena.h"

#define WALLET_PATH "/api/wallets/" WALLET

static struct env *env;

START_TEST(test_collections)
{
	env = new_env();
	struct reply r = get(env, WALLET_PATH "1/collections", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "total"), "1");
	ck_str(BODY(env, r, "collections.0.collection.contractAddress"), "\"" ALPHA "\"");
	r = get(env, "/api/wallets/" NOWHERE "/collections", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "total"), "0");
	r = get(env, "/api/wallets/me.eth/collections", NULL);
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

START_TEST(test_nfts)
{
	env = new_env();
	struct reply r = get(env, WALLET_PATH "3/nfts", "pageSize=2&collection=" ALPHA);

	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(body_join(env, r.body, "nfts", "tokenId"), "3 8");
	struct str cursor = BODY(env, r, "nextCursor");
	const char *query =
		arena_printf(env->arena, "pageSize=2&collection=" ALPHA "&cursor=%.*s",
			     (int)cursor.len - 2, cursor.ptr + 1)
			.ptr;
	r = get(env, WALLET_PATH "3/nfts", query);
	ck_assert_str_eq(body_join(env, r.body, "nfts", "tokenId"), "13 18");
	r = get(env, WALLET_PATH "3/nfts", strstr(query, "cursor="));
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, WALLET_PATH "2/nfts", query);
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, WALLET_PATH "3/nfts", "page=1&pageSize=2");
	ck_assert_str_eq(body_join(env, r.body, "nfts", "tokenId"), "13 18");
	r = get(env, WALLET_PATH "3/nfts", "page=100&pageSize=100");
	ck_problem(env, &r, 400, "page_too_deep");
	r = get(env, WALLET_PATH "3/nfts", "collection=x");
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_collections, test_nfts)
