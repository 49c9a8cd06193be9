/* The trait route. */
#include "suite.h"
#include "api/ask.h"

START_TEST(test_list)
{
	struct env *env = new_env();
	struct reply r = get(env, ALPHA_PATH "/traits", NULL);

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "traits.1.values.3.count"), "30");
	ck_assert(header(&r, "ETag").len > 0);
	r = get(env, "/api/collection/1/traits", NULL);
	ck_problem(env, &r, 400, "invalid_address");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_list)
