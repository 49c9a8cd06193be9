/* The routes of users, the older one included. */
#include "suite.h"
#include "api/ask.h"
#include "lib/live_pg.h"

static struct env *env;

static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.fc_users (fid, username, custody_address)"
		    " VALUES (3, 'dwr', '\\x1000000000000000000000000000000000000001')");
}

START_TEST(test_users)
{
	env = new_env();
	struct reply r = get(env, "/api/users/3", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "username"), "\"dwr\"");
	r = get(env, "/api/users/3/collections", "limit=1");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "total"), "1");
	r = get(env, "/api/users/9223372036854775807", NULL);
	ck_problem(env, &r, 404, "user_not_found");
	r = get(env, "/api/users/9/collections", NULL);
	ck_problem(env, &r, 404, "user_not_found");
	r = get(env, "/api/users/9223372036854775808", NULL);
	ck_assert_int_eq(r.status, 400);
	r = get(env, "/api/users/-1", NULL);
	ck_assert_int_eq(r.status, 400);
	free_env(env);
}
END_TEST

START_TEST(test_contracts)
{
	env = new_env();
	struct reply now = get(env, "/api/nft-contracts/3/normalized", NULL);
	struct reply old = get(env, "/api/nft-contracts/3", NULL);

	ck_assert_int_eq(now.status, 200);
	ck_assert_int_eq(old.status, 200);
	ck_assert(str_eq(now.body, old.body));
	ck_assert(!header(&now, "Deprecation").ptr);
	ck_str(header(&old, "Deprecation"), "@1793491200");
	ck_str(header(&old, "Link"),
	       "</api/nft-contracts/3/normalized>; rel=\"successor-version\"");
	now = get(env, "/api/nft-contracts/4", NULL);
	ck_problem(env, &now, 404, "user_not_found");
	now = get(env, "/api/nft-contracts/dwr", NULL);
	ck_assert_int_eq(now.status, 400);
	free_env(env);
}
END_TEST

SUITE_WITH(start, world_done, 60, test_users, test_contracts)
