/* What a connection reads of the installation. */
#include "suite.h"
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/instance.h"
#include "net/pg.h"

static struct str setting(struct env *env, const char *name)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec_args(env->pg, "SELECT current_setting($1)", PG_ARGS(pg_text(name)));

	ck_assert_int_eq(row.rc, RC_OK);
	return arena_dup(env->arena, pg_str(&row, 0, 0));
}

START_TEST(test_need)
{
	struct env *env = new_env(), *other = new_env();

	ck_assert_int_eq(env->chain_id, 0);
	ck_assert_uint_eq(env->cursor_secret.len, 0);
	ck_assert_int_eq(instance_need(env), RC_OK);
	ck_assert_int_eq(env->chain_id, LIVE_PG_CHAIN);
	ck_assert_uint_eq(env->cursor_secret.len, 32);
	ck_assert_int_eq(instance_need(other), RC_OK);
	ck_assert_msg(str_eq(env->cursor_secret, other->cursor_secret),
		      "all workers read each other's cursors");
	free_env(other);
	free_env(env);
}
END_TEST

START_TEST(test_session)
{
	struct env *env = new_env();

	ck_str(setting(env, "enable_seqscan"), "off");
	ck_str(setting(env, "max_parallel_workers_per_gather"), "0");
	free_env(env);
}
END_TEST

/* A connection to a replica: the same plans, and nothing is learned from it. */
START_TEST(test_session_alone)
{
	struct env *env = new_env();

	pg_on_connect(env->pg, instance_session, NULL);
	ck_str(setting(env, "enable_seqscan"), "off");
	ck_str(setting(env, "jit"), "off");
	ck_assert_int_eq(env->chain_id, 0);
	free_env(env);
}
END_TEST

/* Not migrated, or another program's: away, not an internal error. */
START_TEST(test_foreign_database)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 5000 };
	struct env *env = new_env();

	pg_free(env->pg);
	env->pg = pg_new(&options, live_pg_empty_database("elsewhere"));
	instance_attach(env);
	ck_assert_int_eq(instance_need(env), RC_UNAVAILABLE);
	ck_assert_int_eq(env->chain_id, 0);
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_need, test_session, test_session_alone,
	   test_foreign_database)
