/* Keys: made, found, listed, revoked. */
#include "suite.h"
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "lib/child.h"
#include "lib/commit_hold.h"
#include "model/fixture.h"
#include "model/key.h"
#include "net/pg.h"

static struct env *env;

START_TEST(test_life)
{
	env = new_env();
	char key[KEY_TEXT], other[KEY_TEXT];
	struct key_who who;

	ck_assert_int_eq(key_create(env, "ops", ROLE_OPERATOR, key), RC_OK);
	ck_assert_uint_eq(strlen(key), KEY_TEXT - 1);
	ck_assert(str_starts(str_of(key), STR("sm_")));
	ck_assert(key_looks_right(str_of(key)));
	ck_assert_int_eq(key_find(env->pg, env->arena, str_of(key), &who), RC_OK);
	ck_assert_int_eq(who.role, ROLE_OPERATOR);
	ck_assert_int_eq(key_create(env, "ops", ROLE_ADMIN, other), RC_CONFLICT);
	ck_assert_int_eq(key_revoke(env, "ops"), RC_OK);
	ck_assert_int_eq(key_revoke(env, "ops"), RC_NOT_FOUND);
	ck_assert_int_eq(key_find(env->pg, env->arena, str_of(key), &who), RC_NOT_FOUND);
	ck_assert_int_eq(key_create(env, "ops", ROLE_ADMIN, other), RC_OK);
	ck_assert_str_ne(key, other);
	ck_assert_int_eq(key_find(env->pg, env->arena, str_of(other), &who), RC_OK);
	ck_assert_int_eq(who.role, ROLE_ADMIN);
	free_env(env);
}
END_TEST

START_TEST(test_list)
{
	env = new_env();
	char key[KEY_TEXT];
	struct key_row *rows;
	int count, before;

	ck_assert_int_eq(key_list(env->pg, env->arena, &rows, &before), RC_OK);
	ck_assert_int_eq(key_create(env, "list \"me\" \u00e9", ROLE_VIEWER, key), RC_OK);
	ck_assert_int_eq(key_list(env->pg, env->arena, &rows, &count), RC_OK);
	ck_assert_int_eq(count, before + 1);
	ck_str(rows[before].name, "list \"me\" \u00e9");
	ck_assert_int_eq(rows[before].role, ROLE_VIEWER);
	ck_assert_uint_eq(rows[before].hint.len, KEY_HINT - 1);
	ck_assert(str_starts(str_of(key), rows[before].hint));
	ck_assert_int_gt(rows[before].created_us, 0);
	ck_assert_int_eq(rows[before].revoked_us, 0);
	ck_assert_int_eq(key_revoke(env, "list \"me\" \u00e9"), RC_OK);
	ck_assert_int_eq(key_list(env->pg, env->arena, &rows, &count), RC_OK);
	ck_assert_int_gt(rows[before].revoked_us, 0);
	free_env(env);
}
END_TEST

/* Whoever has the application's password makes no viewer's key an admin's. */
START_TEST(test_only_revoked)
{
	static const struct {
		const char *sql, *state;
	} tries[] = {
		{ "UPDATE such_market.api_keys SET role = 'admin'", "42501" },
		{ "UPDATE such_market.api_keys SET digest = sha256('mine')", "42501" },
		{ "DELETE FROM such_market.api_keys", "42501" },
		{ "TRUNCATE such_market.api_keys", "42501" },
		{ "UPDATE such_market.api_keys SET revoked_at = now() WHERE name = 'no one'",
		  "" },
	};

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(tries); i++) {
		SCOPED(pg_result_done) struct pg_result done = pg_exec(env->pg, tries[i].sql);

		ck_assert_msg(strcmp(done.rc == RC_OK ? "" : pg_sqlstate(env->pg),
				     tries[i].state) == 0,
			      "%s: %s", tries[i].sql, pg_error(env->pg));
	}
	free_env(env);
}
END_TEST

START_TEST(test_not_stored_in_clear)
{
	env = new_env();
	char key[KEY_TEXT];

	ck_assert_int_eq(key_create(env, "hidden", ROLE_VIEWER, key), RC_OK);
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec_args(env->pg,
			     "SELECT count(*), count(*) FILTER (WHERE digest = "
			     "sha256(convert_to($1, 'UTF8')))"
			     " FROM such_market.api_keys k WHERE k.name = 'hidden'"
			     " AND position($1 IN k::text) = 0",
			     PG_ARGS(pg_text(key)));
	ck_assert_int_eq(row.rc, RC_OK);
	ck_assert_int_eq(pg_i64(&row, 0, 0), 1);
	ck_assert_int_eq(pg_i64(&row, 0, 1), 1);
	free_env(env);
}
END_TEST

START_TEST(test_bad_names)
{
	env = new_env();
	char key[KEY_TEXT], name[400];

	ck_assert_int_eq(key_create(env, "", ROLE_VIEWER, key), RC_INVALID);
	ck_assert_int_eq(key_create(env, "a\nb", ROLE_VIEWER, key), RC_INVALID);
	ck_assert_int_eq(key_create(env, "\xff", ROLE_VIEWER, key), RC_INVALID);
	memset(name, 'x', sizeof(name));
	name[KEY_NAME_MAX + 1] = '\0';
	ck_assert_int_eq(key_create(env, name, ROLE_VIEWER, key), RC_INVALID);
	name[KEY_NAME_MAX] = '\0';
	ck_assert_int_eq(key_create(env, name, ROLE_VIEWER, key), RC_OK);
	free_env(env);
}
END_TEST

START_TEST(test_what_is_no_key)
{
	static const char *const texts[] = {
		"",
		"sm_",
		"sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* short */
		"sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* long */
		"sx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+/",
		"sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* stray bits */
	};
	struct key_who who;

	env = new_env();
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		ck_assert_msg(!key_looks_right(str_of(texts[i])), "%s", texts[i]);
		ck_assert_int_eq(key_find(env->pg, env->arena, str_of(texts[i]), &who),
				 RC_NOT_FOUND);
	}
	ck_assert_msg(!pg_connected(env->pg), "no database is asked about them");
	free_env(env);
}
END_TEST

static int revoke_in_doubt(void)
{
	env = new_env();
	enum rc rc = key_revoke(env, "revoked in doubt");

	free_env(env);
	return rc != RC_TIMEOUT;
}

/* Neither says that it did nothing: both did. */
START_TEST(test_nobody_knows)
{
	char key[KEY_TEXT] = "";
	int status;

	env = new_env();
	ck_assert_int_eq(key_create(env, "revoked in doubt", ROLE_VIEWER, key), RC_OK);
	commits_hold();
	pid_t child = child_fork();
	if (child == 0)
		_exit(revoke_in_doubt());
	key[0] = '\0';
	ck_assert_int_eq(key_create(env, "made in doubt", ROLE_VIEWER, key), RC_TIMEOUT);
	ck_assert_str_eq(key, "");
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	commits_release();
	while (key_revoke(env, "made in doubt") != RC_OK)
		;
	while (key_revoke(env, "revoked in doubt") != RC_NOT_FOUND)
		;
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_life, test_list, test_only_revoked,
	   test_not_stored_in_clear, test_bad_names, test_what_is_no_key, test_nobody_knows)
