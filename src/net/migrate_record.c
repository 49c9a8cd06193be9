/* What the database remembers of migrations, and how that fits the files. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/hex.h"
#include "base/scope.h"
#include "net/migrate_run.h"

#define HINT_OLDER " - run `such-market migrate`"
#define HINT_NEWER " - this program is older than the database: install the newer one"

enum rc migrate_failed(struct run *run, enum rc rc, const char *what)
{
	SAY(run, "%s: %s", what, pg_error(run->pg));
	return rc;
}

/* 42501: the owner role lacks a right that only a superuser can give. */
bool migrate_denied(const struct run *run)
{
	return strcmp(pg_sqlstate(run->pg), "42501") == 0;
}

static enum rc exists(struct run *run, const char *regclass, bool *ret)
{
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec_args(run->pg, "SELECT to_regclass($1) IS NOT NULL",
					     PG_ARGS(pg_text(regclass)));
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "looking for such_market");
	*ret = pg_flag(&rows, 0, 0);
	return RC_OK;
}

enum rc record_make(struct run *run)
{
	bool have = false;
	enum rc rc = exists(run, "such_market.schema_migrations", &have);
	if (rc != RC_OK || have)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result made =
		pg_exec(run->pg, "CREATE SCHEMA IF NOT EXISTS such_market;"
				 "CREATE TABLE such_market.schema_migrations ("
				 " name text PRIMARY KEY,"
				 " version integer NOT NULL,"
				 " sha256 bytea NOT NULL,"
				 " applied_at timestamptz NOT NULL DEFAULT now(),"
				 " ms bigint NOT NULL)");
	if (made.rc == RC_OK)
		return RC_OK;
	if (!migrate_denied(run))
		return migrate_failed(run, made.rc, "making the schema such_market");
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec(
		run->pg, "SELECT quote_ident(current_database()), quote_ident(current_user)");
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "making the schema such_market");
	SAY(run,
	    "this role may not make the schema; a superuser has to run: "
	    "ALTER DATABASE " STR_FMT " OWNER TO " STR_FMT ";",
	    STR_ARG(pg_str(&rows, 0, 0)), STR_ARG(pg_str(&rows, 0, 1)));
	return RC_FORBIDDEN;
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
	const struct migration *file =
		*next < run->files.count ? &run->files.rows[*next] : last;
	if (file->version != version) {
		bool gap = file->version < version;
		SAY(run,
		    gap ? "%s comes before %s, which the database has already: a new "
			  "migration takes a number after the last"
			: "%s: the database has migration %s, which is missing here",
		    gap ? file->name : run->options->dir, arena_strz(run->arena, name));
		return RC_CONFLICT;
	}
	hex_write(file->sha256, sizeof(file->sha256), hex);
	if (!str_eqz(digest, hex) || !str_eqz(name, file->name)) {
		SAY(run,
		    "%s is not the file that was applied to the database: put back the "
		    "original, and make the change in a new migration",
		    file->name);
		return RC_CONFLICT;
	}
	++*next;
	return RC_OK;
}

/* *ret_next is the index of the first file that is not applied. */
enum rc record_compare(struct run *run, size_t *ret_next)
{
	size_t next = 0;
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec(
		run->pg,
		"SELECT version, name, encode(sha256, 'hex') "
		"FROM such_market.schema_migrations WHERE version > 0 ORDER BY version");
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "such_market.schema_migrations");
	for (int i = 0; i < rows.count; i++) {
		enum rc rc = compare_row(run, &rows, i, &next);
		if (rc != RC_OK)
			return rc;
	}
	*ret_next = next;
	return RC_OK;
}

enum rc record_chain(struct run *run)
{
	bool have = false;
	enum rc rc = exists(run, "such_market.instance", &have);
	if (rc != RC_OK || !have)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result rows = pg_exec(run->pg, "SELECT chain_id FROM such_market.instance");
	if (rows.rc != RC_OK)
		return migrate_failed(run, rows.rc, "such_market.instance");
	if (rows.count != 1 || pg_i64(&rows, 0, 0) == run->options->chain_id)
		return RC_OK;
	SAY(run,
	    "the database serves chain %" PRId64 " and the setting chain_id is %" PRId64
	    " - set chain_id = %" PRId64 ", or use another database",
	    pg_i64(&rows, 0, 0), run->options->chain_id, pg_i64(&rows, 0, 0));
	return RC_CONFLICT;
}

enum rc record_add(struct run *run, const struct migration *file, int64_t ns)
{
	char version[12], ms[24];
	snprintf(version, sizeof(version), "%d", file->version);
	snprintf(ms, sizeof(ms), "%" PRId64, ns / NS_PER_MS);
	struct str digest = { (const char *)file->sha256, sizeof(file->sha256) };
	SCOPED(pg_result_done)
	struct pg_result done = pg_exec_args(
		run->pg,
		"INSERT INTO such_market.schema_migrations (name, version, sha256, ms) "
		"VALUES ($1, $2, $3, $4)",
		PG_ARGS(pg_text(file->name), pg_text(version), pg_bytes(digest), pg_text(ms)));
	return done.rc;
}

static enum rc check_record(struct run *run)
{
	size_t next = 0;
	enum rc rc = record_compare(run, &next);
	const char *state = pg_sqlstate(run->pg);
	if (rc == RC_INTERNAL && strcmp(state, "42P01") == 0) {
		SAY(run, "the database has no tables of such-market" HINT_OLDER);
		return RC_CONFLICT;
	}
	if (rc == RC_INTERNAL && migrate_denied(run)) {
		SAY(run,
		    "the role of database_url may not read the schema such_market: it must be, "
		    "or be granted, %s",
		    identifier_quote(run->arena, run->options->app_role));
		return RC_CONFLICT;
	}
	if (rc == RC_OK && next < run->files.count) {
		SAY(run, "the database lacks migration %s" HINT_OLDER,
		    run->files.rows[next].name);
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
		rc = record_chain(&run);
	if (rc != RC_OK)
		*ret_error = run.error;
	return rc;
}
