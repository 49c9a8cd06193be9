/* Applying and checking migrations. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "net/internal.h"
#include "net/migrate.h"
#include "net/migrate_files.h"

/* A migration may build indexes of big tables; only locks are waited for briefly. */
#define FILE_DEADLINE_MS (INT64_C(24) * 3600 * 1000)
#define LOCK_KEY         "8317708087193200739" /* "smigrate", as bytes */

#define HINT_OLDER " - run `such-market migrate`"
#define HINT_NEWER " - this program is older than the database: install the newer one"

struct run {
	struct pg *pg;
	struct arena *arena;
	const struct migrate_options *options;
	struct migrations files;
	migrate_told *told;
	void *ctx;
	int applied;
	const char *error;
};

#define SAY(run, ...) ((run)->error = arena_printf((run)->arena, __VA_ARGS__).ptr)

static enum rc failed(struct run *run, enum rc rc, const char *what)
{
	SAY(run, "%s: %s", what, pg_error(run->pg));
	return rc;
}

static enum rc command(struct run *run, const char *sql, const char *what)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(run->pg, sql);
	return done.rc == RC_OK ? RC_OK : failed(run, done.rc, what);
}

/* 42501: the owner role lacks a right that only a superuser can give. */
static bool denied(const struct run *run)
{
	return strcmp(pg_sqlstate(run->pg), "42501") == 0;
}

static enum rc check_role_name(struct run *run, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ')
			len = 0;
	if (len > 0 && len <= 63)
		return RC_OK;
	SAY(run, "a role name has 1 to 63 bytes and no control characters");
	return RC_INVALID;
}

/* How the record and the files differ, if they do. */
static enum rc compare_row(struct run *run, const struct pg_result *rows, int i, size_t *next)
{
	struct str name = pg_str(rows, i, 1), digest = pg_str(rows, i, 2);
	char hex[2 * SHA256_BYTES + 1];
	int64_t version = pg_i64(rows, i, 0);
	const struct migration *last = &run->files.rows[run->files.count - 1];
	if (version > last->version) {
		SAY(run, "the database has migration " STR_FMT "%s", STR_ARG(name), HINT_NEWER);
		return RC_CONFLICT;
	}
	const struct migration *file = *next < run->files.count ? &run->files.rows[*next] : last;
	if (file->version != version) {
		bool gap = file->version < version;
		SAY(run, gap ? "%s comes before %s, which the database has already: a new "
			       "migration takes a number after the last"
			     : "%s: the database has migration %s, which is missing here",
		    gap ? file->name : run->options->dir, arena_strz(run->arena, name));
		return RC_CONFLICT;
	}
	hex_write(file->sha256, sizeof(file->sha256), hex);
	if (!str_eqz(digest, hex) || !str_eqz(name, file->name)) {
		SAY(run, "%s is not the file that was applied to the database: put back the "
			 "original, and make the change in a new migration",
		    file->name);
		return RC_CONFLICT;
	}
	++*next;
	return RC_OK;
}

/* *ret_next is the index of the first file that is not applied. */
static enum rc compare(struct run *run, size_t *ret_next)
{
	size_t next = 0;
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(
		run->pg, "SELECT version, name, encode(sha256, 'hex') "
			 "FROM such_market.schema_migrations WHERE version > 0 ORDER BY version");
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "such_market.schema_migrations");
	for (int i = 0; i < rows.count; i++) {
		enum rc rc = compare_row(run, &rows, i, &next);
		if (rc != RC_OK)
			return rc;
	}
	*ret_next = next;
	return RC_OK;
}

static enum rc exists(struct run *run, const char *regclass, bool *ret)
{
	SCOPED(pg_result_done) struct pg_result rows =
		pg_exec_args(run->pg, "SELECT to_regclass($1) IS NOT NULL",
			     PG_ARGS(pg_text(regclass)));
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "looking for such_market");
	*ret = pg_flag(&rows, 0, 0);
	return RC_OK;
}

static enum rc check_chain(struct run *run)
{
	bool have = false;
	enum rc rc = exists(run, "such_market.instance", &have);
	if (rc != RC_OK || !have)
		return rc;
	SCOPED(pg_result_done) struct pg_result rows =
		pg_exec(run->pg, "SELECT chain_id FROM such_market.instance");
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "such_market.instance");
	if (rows.count != 1 || pg_i64(&rows, 0, 0) == run->options->chain_id)
		return RC_OK;
	SAY(run, "the database serves chain %" PRId64 " and the setting chain_id is %" PRId64
		 " - set chain_id = %" PRId64 ", or use another database",
	    pg_i64(&rows, 0, 0), run->options->chain_id, pg_i64(&rows, 0, 0));
	return RC_CONFLICT;
}

/* Lets the roles exist; operators give them a password and LOGIN, or grant them to one who has. */
static enum rc make_role(struct run *run, const char *name)
{
	const char *quoted = identifier_quote(run->arena, name);
	SCOPED(pg_result_done) struct pg_result rows = pg_exec_args(
		run->pg, "SELECT 1 FROM pg_roles WHERE rolname = $1", PG_ARGS(pg_text(name)));
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "looking for roles");
	if (rows.count > 0)
		return RC_OK;
	struct str sql = arena_printf(run->arena, "CREATE ROLE %s NOLOGIN", quoted);
	enum rc rc = command(run, sql.ptr, "making a role");
	if (rc == RC_OK || !denied(run))
		return rc;
	SAY(run, "the role %s is missing and this role may not make it; a superuser has to run: %s;",
	    quoted, sql.ptr);
	return RC_FORBIDDEN;
}

static enum rc make_home(struct run *run)
{
	bool have = false;
	enum rc rc = exists(run, "such_market.schema_migrations", &have);
	if (rc != RC_OK || have)
		return rc;
	rc = command(run,
		     "CREATE SCHEMA IF NOT EXISTS such_market;"
		     "CREATE TABLE such_market.schema_migrations ("
		     " name text PRIMARY KEY,"
		     " version integer NOT NULL,"
		     " sha256 bytea NOT NULL,"
		     " applied_at timestamptz NOT NULL DEFAULT now(),"
		     " ms bigint NOT NULL)",
		     "making the schema such_market");
	if (rc == RC_OK || !denied(run))
		return rc;
	SCOPED(pg_result_done) struct pg_result rows =
		pg_exec(run->pg, "SELECT quote_ident(current_database()), quote_ident(current_user)");
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "making the schema such_market");
	SAY(run, "this role may not make the schema; a superuser has to run: "
		 "ALTER DATABASE " STR_FMT " OWNER TO " STR_FMT ";",
	    STR_ARG(pg_str(&rows, 0, 0)), STR_ARG(pg_str(&rows, 0, 1)));
	return RC_FORBIDDEN;
}

static enum rc explain(struct run *run, const struct migration *file, enum rc rc)
{
	if (strcmp(pg_sqlstate(run->pg), "55P03") == 0)
		SAY(run, "%s: a session holds a lock that this migration needs, for more than 10 s; "
			 "nothing was changed: end that session, or try again later (%s)",
		    file->name, pg_error(run->pg));
	else
		SAY(run, "%s: %s", file->name, pg_error(run->pg));
	return rc;
}

static enum rc record(struct run *run, const struct migration *file, int64_t ns)
{
	char version[12], ms[24];
	snprintf(version, sizeof(version), "%d", file->version);
	snprintf(ms, sizeof(ms), "%" PRId64, ns / NS_PER_MS);
	struct str digest = { (const char *)file->sha256, sizeof(file->sha256) };
	SCOPED(pg_result_done) struct pg_result done = pg_exec_args(
		run->pg,
		"INSERT INTO such_market.schema_migrations (name, version, sha256, ms) "
		"VALUES ($1, $2, $3, $4)",
		PG_ARGS(pg_text(file->name), pg_text(version), pg_bytes(digest), pg_text(ms)));
	return done.rc;
}

static enum rc execute(struct run *run, const struct migration *file, int64_t start)
{
	char chain[24];
	snprintf(chain, sizeof(chain), "%" PRId64, run->options->chain_id);
	const struct placeholder placeholders[] = {
		{ "chain_id", chain },
		{ "app_role", identifier_quote(run->arena, run->options->app_role) },
		{ "maintenance_role",
		  identifier_quote(run->arena, run->options->maintenance_role) },
	};
	SCOPED(pg_result_done) struct pg_result done =
		pg_exec(run->pg, migration_fill(run->arena, file->text, placeholders,
						COUNT_OF(placeholders)));
	if (done.rc != RC_OK)
		return explain(run, file, done.rc);
	if (!pg_in_transaction(run->pg)) {
		SAY(run, "%s ends its transaction itself; a migration may not", file->name);
		return RC_INVALID;
	}
	enum rc rc = record(run, file, clock_mono_ns() - start);
	return rc == RC_OK ? RC_OK : explain(run, file, rc);
}

static enum rc apply_file(struct run *run, const struct migration *file)
{
	int64_t start = clock_mono_ns();
	enum rc rc = command(run, "BEGIN; SET LOCAL lock_timeout = '10s'", file->name);
	if (rc != RC_OK)
		return rc;
	rc = execute(run, file, start);
	if (rc != RC_OK) {
		if (pg_in_transaction(run->pg))
			pg_disconnect(run->pg);
		return rc;
	}
	rc = command(run, "COMMIT", file->name);
	if (rc != RC_OK)
		return rc;
	run->applied++;
	if (run->told)
		run->told(run->ctx, file->name, clock_mono_ns() - start);
	return RC_OK;
}

static enum rc apply_optional(struct run *run)
{
	struct migration file;
	enum rc rc = migration_optional(run->arena, run->options->dir, run->options->optional,
					&file, &run->error);
	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done) struct pg_result rows = pg_exec_args(
		run->pg, "SELECT 1 FROM such_market.schema_migrations WHERE name = $1",
		PG_ARGS(pg_text(file.name)));
	if (rows.rc != RC_OK)
		return failed(run, rows.rc, "such_market.schema_migrations");
	return rows.count > 0 ? RC_OK : apply_file(run, &file);
}

static enum rc apply_all(struct run *run)
{
	size_t next = 0;
	enum rc rc = make_role(run, run->options->app_role);
	if (rc == RC_OK)
		rc = make_role(run, run->options->maintenance_role);
	if (rc == RC_OK)
		rc = make_home(run);
	if (rc == RC_OK)
		rc = compare(run, &next);
	if (rc == RC_OK)
		rc = check_chain(run);
	for (size_t i = next; rc == RC_OK && i < run->files.count; i++)
		rc = apply_file(run, &run->files.rows[i]);
	if (rc == RC_OK && run->options->optional)
		rc = apply_optional(run);
	return rc;
}

/* The session's lock: it ends with the connection, whatever happens. */
static enum rc apply_locked(struct run *run)
{
	enum rc rc = command(run,
			     "SET lock_timeout = '60s';"
			     "SELECT pg_advisory_lock(" LOCK_KEY ");"
			     "SET lock_timeout = '10s'",
			     "waiting for another `such-market migrate`");
	if (rc == RC_OK) {
		run->pg->pinned = true; /* a new connection would not have the lock */
		rc = apply_all(run);
		run->pg->pinned = false;
	}
	pg_disconnect(run->pg);
	return rc;
}

enum rc migrate_apply(struct pg *pg, struct arena *arena, const struct migrate_options *options,
		      migrate_told *told, void *ctx, int *ret_applied, const char **ret_error)
{
	struct run run = { .pg = pg, .arena = arena, .options = options, .told = told, .ctx = ctx };
	enum rc rc = migrations_load(arena, options->dir, &run.files, &run.error);
	if (rc == RC_OK)
		rc = check_role_name(&run, options->app_role);
	if (rc == RC_OK)
		rc = check_role_name(&run, options->maintenance_role);
	if (rc == RC_OK) {
		pg_set_deadline(pg, FILE_DEADLINE_MS);
		rc = apply_locked(&run);
		pg_set_deadline(pg, 0);
	}
	*ret_applied = run.applied;
	if (rc != RC_OK)
		*ret_error = run.error;
	return rc;
}

static enum rc check_record(struct run *run)
{
	size_t next = 0;
	enum rc rc = compare(run, &next);
	const char *state = pg_sqlstate(run->pg);
	if (rc == RC_INTERNAL && strcmp(state, "42P01") == 0) {
		SAY(run, "the database has no tables of such-market" HINT_OLDER);
		return RC_CONFLICT;
	}
	if (rc == RC_INTERNAL && denied(run)) {
		SAY(run, "the role of database_url may not read the schema such_market: it has to be, "
			 "or be granted, %s",
		    identifier_quote(run->arena, run->options->app_role));
		return RC_CONFLICT;
	}
	if (rc == RC_OK && next < run->files.count) {
		SAY(run, "the database lacks migration %s" HINT_OLDER, run->files.rows[next].name);
		return RC_CONFLICT;
	}
	return rc;
}

enum rc migrate_check(struct pg *pg, struct arena *arena, const struct migrate_options *options,
		      const char **ret_error)
{
	struct run run = { .pg = pg, .arena = arena, .options = options };
	enum rc rc = migrations_load(arena, options->dir, &run.files, &run.error);
	if (rc == RC_OK)
		rc = check_record(&run);
	if (rc == RC_OK)
		rc = check_chain(&run);
	if (rc != RC_OK)
		*ret_error = run.error;
	return rc;
}
