/* Migrations: applied once, in order, by one at a time; anything odd is refused in plain words.
 */
#include "lib/child.h"
#include "suite.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "lib/live_pg.h"
#include "net/migrate.h"
#include "net/migrate_files.h"
#include "net/pg.h"

#define FIRST                                                                                  \
	"CREATE TABLE such_market.instance (chain_id bigint);"                                 \
	"INSERT INTO such_market.instance VALUES (:chain_id);"                                 \
	"GRANT USAGE ON SCHEMA such_market TO :app_role, :maintenance_role;"                   \
	"GRANT SELECT ON ALL TABLES IN SCHEMA such_market TO :app_role"
#define SECOND "CREATE TABLE such_market.second (n int)"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 10000 };

static struct arena *arena;
static char dir[64];
static struct pg *pg;
static struct migrate_options how;
static int told_files;

static void write_file(const char *name, const char *text)
{
	struct str path = arena_printf(arena, "%s/%s", dir, name);
	FILE *out = fopen(path.ptr, "w");
	ck_assert_msg(out, "%s: %s", path.ptr, strerror(errno));
	fputs(text, out);
	fclose(out);
}

static void remove_file(const char *name)
{
	ck_assert_int_eq(unlink(arena_printf(arena, "%s/%s", dir, name).ptr), 0);
}

/* An empty database, and two migrations that are enough to be checked. */
static void begin(const char *database)
{
	arena = arena_new(65536);
	snprintf(dir, sizeof(dir), "/tmp/such-market-migrations-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	pg = pg_new(&options, arena_strz(arena, str_of(live_pg_empty_database(database))));
	how = (struct migrate_options){ .dir = dir,
					.chain_id = 5,
					.app_role = "such_market_app",
					.maintenance_role = "such_market_maintenance" };
	write_file("0001_first.sql", FIRST);
	write_file("0002_second.sql", SECOND);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void end(void)
{
	pg_free(pg);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
}

static void count_told(void *ctx, const char *name, int64_t ns)
{
	ck_assert_ptr_eq(ctx, &told_files);
	ck_assert_ptr_nonnull(name);
	ck_assert_int_ge(ns, 0);
	told_files++;
}

static void apply_ok(int expected)
{
	const char *error = "";
	int applied = -1;
	told_files = 0;
	enum rc rc = migrate_apply(pg, arena, &how, count_told, &told_files, &applied, &error);
	ck_assert_msg(rc == RC_OK, "%s", error);
	ck_assert_int_eq(applied, expected);
	ck_assert_int_eq(told_files, expected);
}

static void apply_fails(enum rc expected, const char *words)
{
	const char *error = "";
	int applied = -1;
	enum rc rc = migrate_apply(pg, arena, &how, NULL, NULL, &applied, &error);
	ck_assert_msg(strstr(error, words), "%s", error);
	ck_assert_int_eq(rc, expected);
	ck_assert_int_eq(applied, 0);
}

static void check_fails(enum rc expected, const char *words)
{
	const char *error = "";
	enum rc rc = migrate_check(pg, arena, &how, &error);
	ck_assert_msg(strstr(error, words), "%s", error);
	ck_assert_int_eq(rc, expected);
}

static void check_ok(void)
{
	const char *error = "";
	ck_assert_msg(migrate_check(pg, arena, &how, &error) == RC_OK, "%s", error);
}

static int64_t number(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);
	ck_assert_msg(rows.rc == RC_OK, "%s", pg_error(pg));
	return rows.count ? pg_i64(&rows, 0, 0) : 0;
}

static void sql_ok(const char *sql)
{
	number(sql);
}

START_TEST(twice_is_once)
{
	begin("twice");
	check_fails(RC_CONFLICT, "run `such-market migrate`");
	apply_ok(2);
	apply_ok(0);
	check_ok();
	ck_assert_int_eq(number("SELECT chain_id FROM such_market.instance"), 5);
	ck_assert_int_eq(number("SELECT count(*) FROM such_market.schema_migrations"
				" WHERE octet_length(sha256) = 32 AND ms >= 0"),
			 2);
	write_file("0003_third.sql", "CREATE TABLE such_market.third (n int)");
	check_fails(RC_CONFLICT, "0003_third.sql - run `such-market migrate`");
	apply_ok(1);
	check_ok();
	end();
}
END_TEST

START_TEST(the_application_may_check)
{
	begin("app_checks");
	apply_ok(2);
	const char *host = strstr(live_pg_super_url(), "?host=");
	struct pg *owner = pg;
	pg = pg_new(
		&options,
		arena_printf(arena, "postgresql://such_market_app@/app_checks%s", host).ptr);
	check_ok();
	pg_free(pg);
	live_pg_sql("CREATE ROLE stranger LOGIN");
	pg = pg_new(&options,
		    arena_printf(arena, "postgresql://stranger@/app_checks%s", host).ptr);
	check_fails(RC_CONFLICT, "granted, \"such_market_app\"");
	pg_free(pg);
	pg = owner;
	end();
}
END_TEST

START_TEST(a_changed_file_is_refused)
{
	begin("changed");
	apply_ok(2);
	write_file("0001_first.sql", FIRST ";");
	apply_fails(RC_CONFLICT, "0001_first.sql is not the file that was applied");
	check_fails(RC_CONFLICT, "0001_first.sql is not the file that was applied");
	write_file("0001_first.sql", FIRST);
	check_ok();
	remove_file("0002_second.sql");
	write_file("0002_renamed.sql", SECOND);
	apply_fails(RC_CONFLICT, "0002_renamed.sql is not the file");
	end();
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
	begin("missing");
	write_file("0003_third.sql", "SELECT 1");
	apply_ok(3);
	remove_file("0002_second.sql");
	apply_fails(RC_CONFLICT, "migration 0002_second.sql, which is missing");
	check_fails(RC_CONFLICT, "migration 0002_second.sql, which is missing");
	end();
}
END_TEST

START_TEST(a_newer_database_is_refused)
{
	begin("newer");
	write_file("0003_third.sql", "SELECT 1");
	apply_ok(3);
	remove_file("0003_third.sql");
	apply_fails(RC_CONFLICT, "older than the database");
	check_fails(RC_CONFLICT, "older than the database");
	end();
}
END_TEST

START_TEST(a_file_that_comes_too_late_is_refused)
{
	begin("too_late");
	remove_file("0001_first.sql");
	apply_ok(1);
	write_file("0001_first.sql", FIRST);
	apply_fails(RC_CONFLICT, "0001_first.sql comes before 0002_second.sql");
	end();
}
END_TEST

START_TEST(another_chain_is_refused)
{
	begin("other_chain");
	apply_ok(2);
	how.chain_id = 8453;
	apply_fails(RC_CONFLICT, "serves chain 5 and the setting chain_id is 8453");
	check_fails(RC_CONFLICT, "set chain_id = 5");
	end();
}
END_TEST

START_TEST(a_failing_file_changes_nothing)
{
	const char *error = "";
	int applied = 0;
	begin("failing");
	write_file("0002_second.sql", SECOND ";\nSELECT nothing;");
	ck_assert_int_eq(migrate_apply(pg, arena, &how, NULL, NULL, &applied, &error),
			 RC_INTERNAL);
	ck_assert_msg(strstr(error, "0002_second.sql: ERROR:") && strstr(error, "LINE 2"), "%s",
		      error);
	ck_assert_int_eq(applied, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM pg_tables WHERE tablename = 'second'"),
			 0);
	write_file("0002_second.sql", SECOND);
	apply_ok(1);
	write_file("0003_third.sql", "CREATE TABLE such_market.third (n int); COMMIT");
	ck_assert_int_eq(migrate_apply(pg, arena, &how, NULL, NULL, &applied, &error),
			 RC_INVALID);
	ck_assert_msg(strstr(error, "ends its transaction itself"), "%s", error);
	end();
}
END_TEST

START_TEST(odd_directories_are_refused)
{
	begin("odd");
	write_file("0002_again.sql", "SELECT 1");
	apply_fails(RC_INVALID, "0002_again.sql and 0002_second.sql have the same number");
	remove_file("0002_again.sql");
	write_file("2_short.sql", "nonsense");
	write_file("0003_Upper.sql", "nonsense");
	write_file("0000_zero.sql", "nonsense");
	write_file("0003_x.sql~", "nonsense");
	apply_ok(2);
	struct str folder = arena_printf(arena, "%s/0003_folder.sql", dir);
	ck_assert_int_eq(mkdir(folder.ptr, 0755), 0);
	apply_fails(RC_INVALID, "0003_folder.sql: not readable as a text");
	ck_assert_int_eq(rmdir(folder.ptr), 0);
	ck_assert_int_eq(symlink("/dev/zero", folder.ptr), 0);
	apply_fails(RC_INVALID, "0003_folder.sql: not readable as a text");
	remove_file("0003_folder.sql");
	remove_file("0001_first.sql");
	remove_file("0002_second.sql");
	apply_fails(RC_NOT_FOUND, "no migrations there");
	how.dir = "/nonexistent";
	apply_fails(RC_NOT_FOUND, "/nonexistent: No such file");
	how.dir = dir;
	how.app_role = "bad\nname";
	write_file("0001_first.sql", FIRST);
	apply_fails(RC_INVALID, "role name");
	end();
}
END_TEST

START_TEST(roles_are_made_and_quoted)
{
	begin("roles");
	how.app_role = "odd \"app\" röle";
	how.maintenance_role = "such_market_other";
	apply_ok(2);
	ck_assert_int_eq(
		number("SELECT count(*) FROM pg_roles WHERE NOT rolcanlogin AND rolname IN"
		       " ('odd \"app\" röle', 'such_market_other')"),
		2);
	ck_assert_int_eq(number("SELECT has_table_privilege('odd \"app\" röle',"
				" 'such_market.second', 'SELECT')::int"),
			 0);
	ck_assert_int_eq(number("SELECT has_table_privilege('odd \"app\" röle',"
				" 'such_market.instance', 'SELECT')::int"),
			 1);
	end();
}
END_TEST

START_TEST(missing_rights_are_told_as_sql)
{
	begin("rights");
	live_pg_sql("CREATE ROLE humble LOGIN");
	const char *host = strstr(live_pg_super_url(), "?host=");
	struct pg *owner = pg;
	pg = pg_new(&options, arena_printf(arena, "postgresql://humble@/rights%s", host).ptr);
	how.app_role = "not there";
	apply_fails(RC_FORBIDDEN, "a superuser has to run: CREATE ROLE \"not there\" NOLOGIN;");
	how.app_role = "such_market_app";
	apply_fails(RC_FORBIDDEN, "ALTER DATABASE rights OWNER TO humble;");
	pg_free(pg);
	pg = owner;
	end();
}
END_TEST

/* Both start at once; each file is applied by exactly one of them. */
START_TEST(two_at_once_do_it_once)
{
	begin("at_once");
	write_file("0002_second.sql", SECOND "; SELECT pg_sleep(0.2)");
	pid_t pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = child_fork();
		if (pids[i] == 0) {
			const char *error = "";
			int applied = 0;
			enum rc rc =
				migrate_apply(pg, arena, &how, NULL, NULL, &applied, &error);
			if (rc != RC_OK)
				fprintf(stderr, "%s\n", error);
			_exit(rc == RC_OK ? applied : 99);
		}
	}
	int sum = 0;
	for (int i = 0; i < 2; i++) {
		int status = 0;
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		sum += WEXITSTATUS(status);
	}
	ck_assert_int_eq(sum, 2);
	check_ok();
	end();
}
END_TEST

START_TEST(a_held_lock_is_told)
{
	begin("held");
	apply_ok(2);
	write_file("0003_third.sql", "ALTER TABLE such_market.second ADD m int");
	struct pg *other =
		pg_new(&options, arena_printf(arena, "postgresql://such_market_owner@/held%s",
					      strstr(live_pg_super_url(), "?host="))
					 .ptr);
	struct pg_result done = pg_exec(other, "BEGIN; LOCK TABLE such_market.second");
	ck_assert_int_eq(done.rc, RC_OK);
	pg_result_done(&done);
	how.lock_ms = 50;
	apply_fails(RC_CONFLICT, "another session kept a lock");
	pg_free(other);
	how.lock_ms = 0;
	apply_ok(1);
	end();
}
END_TEST

START_TEST(optional_ones_run_when_named_and_once)
{
	begin("optional");
	ck_assert_int_eq(mkdir(arena_printf(arena, "%s/optional", dir).ptr, 0755), 0);
	write_file("optional/extra.sql", "CREATE TABLE such_market.extra (n int)");
	apply_ok(2);
	ck_assert_int_eq(number("SELECT count(*) FROM pg_tables WHERE tablename = 'extra'"), 0);
	how.optional = "extra";
	apply_ok(1);
	apply_ok(0);
	sql_ok("SELECT * FROM such_market.extra");
	check_ok();
	how.optional = "nowhere";
	apply_fails(RC_NOT_FOUND, "optional/nowhere.sql");
	how.optional = "../0001_first";
	apply_fails(RC_INVALID, "a-z, 0-9 and _");
	end();
}
END_TEST

START_TEST(placeholders_are_words)
{
	static const struct placeholder words[] = { { "chain_id", "7" },
						    { "app_role", "\"a\"" } };
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "x :chain_id y", "x 7 y" },
		{ ":chain_id", "7" },
		{ ":chain_id:app_role", "7\"a\"" },
		{ "::chain_id", "::chain_id" },
		{ ":chain_idx :chain_id2 :chain_", ":chain_idx :chain_id2 :chain_" },
		{ "a::text, :app_role;", "a::text, \"a\";" },
		{ "", "" },
		{ ":", ":" },
	};
	arena = arena_new(4096);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_str_eq(
			migration_fill(arena, str_of(rows[i].in), words, COUNT_OF(words)),
			rows[i].out);
	ck_assert_str_eq(identifier_quote(arena, "a\"b"), "\"a\"\"b\"");
	arena_free(arena);
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 60, twice_is_once, the_application_may_check,
	   a_changed_file_is_refused, a_missing_file_is_refused, a_newer_database_is_refused,
	   a_file_that_comes_too_late_is_refused, another_chain_is_refused,
	   a_failing_file_changes_nothing, odd_directories_are_refused,
	   roles_are_made_and_quoted, missing_rights_are_told_as_sql, two_at_once_do_it_once,
	   a_held_lock_is_told, optional_ones_run_when_named_and_once, placeholders_are_words)
