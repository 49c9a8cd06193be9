/* Applying migrations. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/scope.h"
#include "net/migrate_run.h"

/* A migration may build indexes of big tables; only locks are waited for briefly. */
#define FILE_DEADLINE_MS (INT64_C(24) * 3600 * 1000)
#define LOCK_MS          10000
#define LOCK_KEY         "8317708087193200739" /* "smigrate", as bytes */

static enum rc command(struct run *run, const char *sql, const char *what)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(run->pg, sql);
	return done.rc == RC_OK ? RC_OK : migrate_failed(run, done.rc, what);
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

/* Operators give the roles LOGIN and a password, or grant them to roles that have them. */
static enum rc make_role(struct run *run, const char *name)
{
	const char *quoted = identifier_quote(run->arena, name);
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec_args(
		run->pg, "SELECT 1 FROM pg_roles WHERE rolname = $1", PG_ARGS(pg_text(name)));
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "looking for roles");
	if (rows.count > 0)
		return RC_OK;
	struct str sql = arena_printf(run->arena, "CREATE ROLE %s NOLOGIN", quoted);
	enum rc rc = command(run, sql.ptr, "making a role");
	if (rc == RC_OK || !migrate_denied(run))
		return rc;
	SAY(run,
	    "the role %s is missing and this role may not make it; a superuser has to run: %s;",
	    quoted, sql.ptr);
	return RC_FORBIDDEN;
}

static int64_t lock_ms(const struct run *run)
{
	return run->options->lock_ms ? run->options->lock_ms : LOCK_MS;
}

static enum rc explain(struct run *run, const struct migration *file, enum rc rc)
{
	if (strcmp(pg_sqlstate(run->pg), "55P03") == 0)
		SAY(run,
		    "%s: another session kept a lock that this migration needs, for more than "
		    "%" PRId64
		    " ms; nothing was changed: end that session, or try again later (%s)",
		    file->name, lock_ms(run), pg_error(run->pg));
	else
		SAY(run, "%s: %s", file->name, pg_error(run->pg));
	return rc;
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
	SCOPED(pg_result_done)
	struct pg_result done =
		pg_exec(run->pg, migration_fill(run->arena, file->text, placeholders,
						COUNT_OF(placeholders)));
	if (done.rc != RC_OK)
		return explain(run, file, done.rc);
	if (!pg_in_transaction(run->pg)) {
		SAY(run, "%s ends its transaction itself; a migration may not", file->name);
		return RC_INVALID;
	}
	enum rc rc = record_add(run, file, clock_mono_ns() - start);
	return rc == RC_OK ? RC_OK : explain(run, file, rc);
}

static enum rc apply_file(struct run *run, const struct migration *file)
{
	int64_t start = clock_mono_ns();
	struct str begin = arena_printf(run->arena, "BEGIN; SET LOCAL lock_timeout = %" PRId64,
					lock_ms(run));
	enum rc rc = command(run, begin.ptr, file->name);
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
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec_args(
		run->pg, "SELECT 1 FROM such_market.schema_migrations WHERE name = $1",
		PG_ARGS(pg_text(file.name)));
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "such_market.schema_migrations");
	return rows.count > 0 ? RC_OK : apply_file(run, &file);
}

static enum rc apply_all(struct run *run)
{
	size_t next = 0;
	enum rc rc = make_role(run, run->options->app_role);
	if (rc == RC_OK)
		rc = make_role(run, run->options->maintenance_role);
	if (rc == RC_OK)
		rc = record_make(run);
	if (rc == RC_OK)
		rc = record_compare(run, &next);
	if (rc == RC_OK)
		rc = record_chain(run);
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
			     "SELECT pg_advisory_lock(" LOCK_KEY ")",
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
	struct run run = {
		.pg = pg, .arena = arena, .options = options, .told = told, .ctx = ctx
	};
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
