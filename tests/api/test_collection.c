/* The collection routes. */
#include "suite.h"
#include "api/ask.h"
#include "base/arena.h"

static struct env *env;

static const char *names(const struct reply *r)
{
	return body_join(env, r->body, "collections", "symbol");
}

START_TEST(test_list)
{
	env = new_env();
	struct reply r = get(env, "/api/collections", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(names(&r), "ALPHA null ZETA");
	ck_str(BODY(env, r, "nextCursor"), "null");
	r = get(env, "/api/collections", "sort=tokenCount&order=desc&limit=1");
	ck_assert_str_eq(names(&r), "ALPHA");
	struct str cursor = BODY(env, r, "nextCursor");
	r = get(env, "/api/collections",
		arena_printf(env->arena, "sort=tokenCount&order=desc&limit=2&cursor=%.*s",
			     (int)cursor.len - 2, cursor.ptr + 1)
			.ptr);
	ck_assert_str_eq(names(&r), "null ZETA");
	r = get(env, "/api/collections",
		arena_printf(env->arena, "sort=name&cursor=%.*s", (int)cursor.len - 2,
			     cursor.ptr + 1)
			.ptr);
	ck_problem(env, &r, 400, "invalid_cursor");
	r = get(env, "/api/collections", "search=zeta+%28100%25");
	ck_assert_str_eq(names(&r), "ZETA");
	r = get(env, "/api/collections", "limit=0");
	ck_problem(env, &r, 400, "invalid_parameter");
	free_env(env);
}
END_TEST

START_TEST(test_one)
{
	env = new_env();
	struct reply r = get(env, ALPHA_PATH, NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "symbol"), "\"ALPHA\"");
	r = get(env, "/api/collection/nonsense", NULL);
	ck_problem(env, &r, 400, "invalid_address");
	r = get(env, ALPHA_PATH "/stats", NULL);
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "nftCount"), "120");
	r = get(env, "/api/collection/0x/stats", NULL);
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_list, test_one)
