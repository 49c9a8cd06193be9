/* The routes of holders: parameters, cursors, refusals. */
#include "suite.h"
#include "api/ask.h"
#include "base/arena.h"

static struct env *env;

START_TEST(test_of)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH "/nfts/0x7/owner", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "tokenId"), "\"7\"");
	ck_str(BODY(env, r, "owner"), "\"" WALLET "2\"");
	ck_assert(header(&r, "ETag").len > 0);
	r = get(env, ALPHA_PATH "/nfts/121/owner", NULL);
	ck_problem(env, &r, 404, "token_not_found");
	r = get(env, "/api/collection/" NOWHERE "/nfts/1/owner", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	r = get(env, ALPHA_PATH "/nfts/-1/owner", NULL);
	ck_problem(env, &r, 400, "invalid_token_id");
	free_env(env);
}
END_TEST

START_TEST(test_list)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH "/owners", "limit=2");

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "total"), "5");
	ck_assert_str_eq(body_join(env, r.body, "owners", "balance"), "27 25");
	struct str cursor = BODY(env, r, "nextCursor");
	const char *query = arena_printf(env->arena, "limit=5&cursor=%.*s", (int)cursor.len - 2,
					 cursor.ptr + 1)
				    .ptr;
	r = get(env, ALPHA_PATH "/owners", query);
	ck_assert_str_eq(body_join(env, r.body, "owners", "balance"), "24 24 23");
	ck_str(BODY(env, r, "nextCursor"), "null");
	r = get(env, "/api/collection/" EMPTY "/owners", query);
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, ALPHA_PATH "/transfers", query);
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, ALPHA_PATH "/owners", "limit=101");
	ck_problem(env, &r, 400, "invalid_parameter");
	r = get(env, "/api/collection/" NOWHERE "/owners", NULL);
	ck_problem(env, &r, 404, "collection_not_found");
	free_env(env);
}
END_TEST

START_TEST(test_distribution)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH "/owners/distribution", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "owners"), "5");
	r = get(env, "/api/collection/x/owners/distribution", NULL);
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_of, test_list, test_distribution)
