/* The routes of history. */
#include "suite.h"
#include "api/ask.h"

static struct env *env;

START_TEST(test_list)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH "/transfers", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "transfers.0.tokenId"), "\"1\"");
	ck_str(BODY(env, r, "nextCursor"), "null");
	r = get(env, "/api/collection/" NOWHERE "/transfers", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	r = get(env, ALPHA_PATH "/transfers", "limit=0");
	ck_problem(env, &r, 400, "invalid_parameter");
	r = get(env, ALPHA_PATH "/transfers", "cursor=AAAA");
	ck_problem(env, &r, 400, "invalid_cursor");
	free_env(env);
}
END_TEST

START_TEST(test_of_token)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH "/nfts/1/transfers", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "transfers.0.to"), "\"" WALLET "1\"");
	r = get(env, ALPHA_PATH "/nfts/2/transfers", NULL);
	ck_str(r.body, "{\"transfers\":[],\"nextCursor\":null}");
	r = get(env, ALPHA_PATH "/nfts/121/transfers", NULL);
	ck_problem(env, &r, 404, "token_not_found");
	r = get(env, "/api/collection/" NOWHERE "/nfts/1/transfers", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_list, test_of_token)
