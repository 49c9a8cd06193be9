/* The import as a whole: options, connection, stages, merge, the list of rejects. */
#include "jobs/import.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "jobs/import_run.h"
#include "jobs/import_spool.h"
#include "net/pg.h"

#define STATEMENT_MS (30 * 60 * 1000) /* a sort of many millions of rows may take long */
#define LISTED_MIN   20               /* rejects that are listed though not tolerated */
#define LINE_ARENA   (64 * 1024)

static const char *const names[] = {
#define STMT(name, ...) #name,
#include "jobs/import_sql.inc"
};
static const char *const sqls[] = {
#define STMT(name, ...) __VA_ARGS__,
#include "jobs/import_sql.inc"
};

const char *import_sql_name(enum import_sql sql)
{
	return names[sql];
}

const char *import_sql_text(enum import_sql sql)
{
	return sqls[sql];
}

enum rc import_refuse(struct import *im, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	im->summary->error = arena_strz(im->arena, str_of(text));
	return RC_INVALID;
}

enum rc import_broken(struct import *im, enum rc rc)
{
	im->summary->error = arena_strz(im->arena, str_of(pg_error(im->pg)));
	return rc;
}

bool import_reject(struct import *im, const char *file, uint64_t line, const char *reason)
{
	struct import_summary *s = im->summary;
	uint64_t limit = (uint64_t)im->options->skip_bad + LISTED_MIN;
	s->rejected++;
	if (s->rejected <= limit) {
		if (s->reject_count == im->reject_cap) {
			size_t cap = im->reject_cap ? 2 * im->reject_cap : LISTED_MIN;
			struct import_reject *grown =
				arena_alloc(im->arena, cap * sizeof(*grown));
			if (s->reject_count)
				memcpy(grown, im->rejects, s->reject_count * sizeof(*grown));
			im->rejects = grown;
			im->reject_cap = cap;
			s->rejects = grown;
		}
		im->rejects[s->reject_count++] =
			(struct import_reject){ file, line,
						arena_strz(im->arena, str_of(reason)) };
	}
	return s->rejected < limit;
}

void import_tell(struct import *im, const char *verb, const char *what, uint64_t done,
		 uint64_t total)
{
	char text[128];
	const char *base = strrchr(what, '/');
	if (!im->told)
		return;
	snprintf(text, sizeof(text), "%s %s", verb, base ? base + 1 : what);
	im->told(im->ctx, &(struct import_progress){ text, done, total });
}

static enum rc check_options(struct import *im)
{
	const struct import_options *o = im->options;
	const char *const paths[] = { o->collection, o->nfts, o->owners, o->transfers,
				      o->users };
	int given = 0, stdins = 0;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		given += paths[i] != NULL;
		stdins += paths[i] && strcmp(paths[i], "-") == 0;
	}
	if (!given)
		return import_refuse(im, "nothing to import: name a file");
	if (stdins > 1)
		return import_refuse(im, "only one file can be standard input");
	if (o->skip_bad < 0 || o->skip_bad > IMPORT_SKIP_MAX)
		return import_refuse(im, "--skip-bad is a number from 0 to %d",
				     IMPORT_SKIP_MAX);
	if ((o->owners || o->transfers) && !o->collection)
		return import_refuse(im, "--%s needs --collection: its lines name no contract",
				     o->owners ? "owners" : "transfers");
	return RC_OK;
}

static enum rc run_sql(struct import *im, enum import_sql sql)
{
	SCOPED(pg_result_done) struct pg_result r = pg_exec(im->pg, import_sql_text(sql));
	return r.rc == RC_OK ? RC_OK : import_broken(im, r.rc);
}

static enum rc open_session(struct import *im)
{
	static const enum import_sql first[] = {
		SQL_import_session,
		SQL_import_exclusive,
	};
	const struct import_options *o = im->options;
	enum rc rc = pg_connect(im->pg);
	if (rc != RC_OK)
		return import_broken(im, rc);
	pg_set_deadline(im->pg, STATEMENT_MS);
	for (size_t i = 0; i < COUNT_OF(first) && rc == RC_OK; i++)
		rc = run_sql(im, first[i]);
	if (rc == RC_OK && o->nfts)
		rc = run_sql(im, SQL_import_nft_begin);
	if (rc == RC_OK && (o->owners || o->transfers || o->users))
		rc = run_sql(im, SQL_import_begin);
	if (strcmp(pg_sqlstate(im->pg), "55P03") == 0)
		im->summary->error = "another import is running in this database";
	return rc;
}

/* One deployment serves one chain. */
static enum rc check_chain(struct import *im)
{
	if (!im->has_meta || !im->meta.chain_text || im->options->any_chain)
		return RC_OK;
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec(im->pg, import_sql_text(SQL_import_chain));
	if (r.rc != RC_OK)
		return import_broken(im, r.rc);
	int64_t own = r.count ? pg_i64(&r, 0, 0) : 0;
	if (!im->meta.chain_known)
		return import_refuse(im, "%s: chain \"%s\" is not known (--any-chain takes it)",
				     im->options->collection, im->meta.chain_text);
	if (im->meta.chain != own)
		return import_refuse(im,
				     "%s: the collection is of chain %lld (%s), this database "
				     "serves chain %lld (--any-chain takes it)",
				     im->options->collection, (long long)im->meta.chain,
				     im->meta.chain_text, (long long)own);
	return RC_OK;
}

static enum rc judge(struct import *im)
{
	uint64_t n = im->summary->rejected;
	if (n <= (uint64_t)im->options->skip_bad)
		return RC_OK;
	return import_refuse(im, "%s%llu bad line%s, %lld tolerated: nothing was changed",
			     n > im->summary->reject_count ? "at least " : "",
			     (unsigned long long)n, n == 1 ? "" : "s",
			     (long long)im->options->skip_bad);
}

static enum rc run(struct import *im)
{
	enum rc rc = check_options(im);
	if (rc == RC_OK && im->options->collection)
		rc = import_read_meta(im);
	if (rc == RC_OK)
		rc = open_session(im);
	if (rc == RC_OK)
		rc = check_chain(im);
	if (rc == RC_OK)
		rc = import_stage(im);
	if (rc == RC_OK)
		rc = judge(im);
	if (rc != RC_OK)
		return rc;
	im->summary->merging = true;
	return import_merge(im);
}

enum rc import_run(struct pg *pg, struct arena *arena, const struct import_options *options,
		   import_told *told, void *ctx, struct import_summary *summary)
{
	int64_t began = clock_mono_ns();
	*summary = (struct import_summary){ 0 };
	struct import im = {
		.pg = pg,
		.arena = arena,
		.options = options,
		.told = told,
		.ctx = ctx,
		.summary = summary,
		.line_arena = arena_new(LINE_ARENA),
	};
	enum rc rc = run(&im);
	arena_free(im.line_arena);
	spool_free(im.holders);
	spool_free(im.tokens);
	/* With the session go its temporary tables, its settings and the lock. */
	pg_disconnect(pg);
	pg_set_deadline(pg, 0);
	summary->took_ns = clock_mono_ns() - began;
	return rc;
}
