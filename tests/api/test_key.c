/* Who may what: keys in two headers, roles. */
#include "suite.h"
#include "api/ask.h"
#include "api/call.h"
#include "base/arena.h"
#include "model/key.h"
#include "net/pg.h"

static struct env *env;

static enum rc allow(struct call *call, const char *authorization, const char *api_key,
		     enum role role)
{
	struct request *req = arena_zalloc(env->arena, sizeof(*req));

	req->authorization = str_of(authorization);
	req->api_key = str_of(api_key);
	*call = (struct call){ .env = env, .req = req };
	return call_allow(call, role);
}

START_TEST(test_roles)
{
	env = new_env();
	char viewer[KEY_TEXT], admin[KEY_TEXT];
	struct call call;

	ck_assert_int_eq(key_create(env, "viewer", ROLE_VIEWER, viewer), RC_OK);
	ck_assert_int_eq(key_create(env, "admin", ROLE_ADMIN, admin), RC_OK);
	ck_assert_int_eq(allow(&call, NULL, viewer, ROLE_VIEWER), RC_OK);
	ck_assert_int_eq(call.role, ROLE_VIEWER);
	ck_assert_int_eq(allow(&call, NULL, viewer, ROLE_OPERATOR), RC_FORBIDDEN);
	ck_assert_int_eq(call.problem.rc, RC_FORBIDDEN);
	ck_assert_int_eq(allow(&call, NULL, admin, ROLE_OPERATOR), RC_OK);
	ck_assert_int_eq(call.role, ROLE_ADMIN);
	ck_assert_int_eq(key_revoke(env, "admin"), RC_OK);
	ck_assert_int_eq(allow(&call, NULL, admin, ROLE_OPERATOR), RC_UNAUTHENTICATED);
	free_env(env);
}
END_TEST

START_TEST(test_headers)
{
	env = new_env();
	char key[KEY_TEXT];
	struct call call;

	ck_assert_int_eq(key_create(env, "headers", ROLE_VIEWER, key), RC_OK);
	const char *bearer = arena_printf(env->arena, "Bearer %s", key).ptr;
	const char *lower = arena_printf(env->arena, "bearer   %s ", key).ptr;

	ck_assert_int_eq(allow(&call, bearer, NULL, ROLE_VIEWER), RC_OK);
	ck_assert_int_eq(allow(&call, lower, NULL, ROLE_VIEWER), RC_OK);
	ck_assert_int_eq(allow(&call, bearer, key, ROLE_VIEWER), RC_OK);
	ck_assert_int_eq(allow(&call, bearer, "sm_other", ROLE_VIEWER), RC_INVALID);
	ck_assert_str_eq(call.problem.code, "two_keys");
	ck_assert_int_eq(allow(&call, "Basic dTpw", key, ROLE_VIEWER), RC_OK);
	ck_assert_int_eq(allow(&call, "Basic dTpw", NULL, ROLE_VIEWER), RC_UNAUTHENTICATED);
	ck_assert_int_eq(allow(&call, key, NULL, ROLE_VIEWER), RC_UNAUTHENTICATED);
	ck_assert_int_eq(allow(&call, "Bearer", NULL, ROLE_VIEWER), RC_UNAUTHENTICATED);
	ck_assert_int_eq(allow(&call, NULL, NULL, ROLE_VIEWER), RC_UNAUTHENTICATED);
	ck_assert_int_eq(allow(&call, NULL, "nonsense", ROLE_VIEWER), RC_UNAUTHENTICATED);
	free_env(env);
}
END_TEST

/* A public route asks no database about a key, not even a wrong one. */
START_TEST(test_public_routes_do_not_look)
{
	env = new_env();
	struct reply r = ask(env, &(struct ask){ .path = "/health/live",
						 .authorization = "Bearer nonsense",
						 .api_key = "other" });

	ck_assert_int_eq(r.status, 200);
	ck_assert(!pg_connected(env->pg));
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_roles, test_headers,
	   test_public_routes_do_not_look)
