/*
 * Owners into a collection that nobody holds anything of: nothing to compare with.  Wallet by
 * wallet, 10,000 rows a transaction, so that each wallet's summaries are touched once; by two
 * connections in turns, so that one writes rows while the other brings the summaries up to
 * date.
 *
 * A chunk is one statement: it writes its rows before it takes the collection.  Another writer
 * may have taken the collection first and wait for such a row; therefore lock_timeout is
 * shorter here than that of others, and it is the chunk that gives way: it waits until the
 * collection is free, and is merged into what is there by then.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/scope.h"
#include "jobs/import_run.h"
#include "net/pg.h"
#include "net/tx.h"

#define CHUNK_ROWS 10000
#define SESSIONS   2
#define RECORD_MAX SPOOL_RECORD_MAX
#define ATTEMPTS   20 /* of a chunk to be merged */

/* A connection and the chunk that it is at. */
struct filler {
	struct import *im;
	struct pg *pg;
	bool busy;
	struct holder *holders; /* their bytes are in records */
	char *records;
	struct buf rows;
};

struct fill {
	struct import *im;
	struct filler of[SESSIONS];
	size_t count; /* of them that are connected */
	uint64_t chunks, begun;
	bool drained; /* there are no more holders */
};

static enum rc run_sql(struct pg *pg, enum import_sql sql)
{
	SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, import_sql_text(sql));
	return r.rc;
}

static enum rc broken(struct filler *f, enum rc rc)
{
	f->im->summary->error = arena_strz(f->im->arena, str_of(pg_error(f->pg)));
	return rc;
}

static struct holder kept(char *record, const struct holder *h)
{
	size_t len = (size_t)(h->balance - h->owner) + packed_size(h->balance);
	memcpy(record, h->owner, len);
	return holder_read((struct str){ record, len });
}

/* The next chunk's rows, in the order of the primary key.  false: there are none. */
static bool take_chunk(struct fill *fill, struct filler *f)
{
	struct holder h;
	size_t n = 0;
	while (n < CHUNK_ROWS && import_holder_next(fill->im, &h)) {
		f->holders[n] = kept(f->records + n * RECORD_MAX, &h);
		n++;
	}
	fill->drained = n < CHUNK_ROWS;
	qsort(f->holders, n, sizeof(*f->holders), holder_compare);
	buf_clear(&f->rows);
	rows_begin(&f->rows);
	for (size_t i = 0; i < n; i++)
		holder_row(&f->rows, &fill->im->meta.contract, &f->holders[i]);
	rows_end(&f->rows);
	return n > 0;
}

static enum rc send_chunk(struct fill *fill, struct filler *f)
{
	if (!take_chunk(fill, f))
		return import_holders_checked(fill->im);
	import_tell(fill->im, "merging", "owners", fill->begun++, fill->chunks);
	enum rc rc =
		pg_copy_send(f->pg, import_sql_text(SQL_import_fill_add), buf_str(&f->rows));
	f->busy = rc == RC_OK;
	return rc == RC_OK ? RC_OK : broken(f, rc);
}

static enum rc merge_body(struct pg *pg, void *ctx)
{
	const struct filler *f = ctx;
	int64_t rows;
	enum rc rc = pg_copy_begin(pg, import_sql_text(SQL_import_fill_copy));
	if (rc == RC_OK)
		rc = pg_copy_put(pg, buf_str(&f->rows));
	if (rc == RC_OK)
		rc = pg_copy_end(pg, NULL, &rows);
	return rc == RC_OK ? run_sql(pg, SQL_import_fill_merge) : rc;
}

/* Until whoever holds the collection has ended. */
static enum rc wait_body(struct pg *pg, void *ctx)
{
	const struct filler *f = ctx;
	enum rc rc = run_sql(pg, SQL_import_fill_patience);
	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec_args(pg, import_sql_text(SQL_import_lock),
					  PG_ARGS(pg_address(&f->im->meta.contract)));
	return r.rc;
}

static enum rc merge_chunk(struct filler *f)
{
	struct tx_options once = { .attempts = 1 };
	bool unknown = false;
	enum rc rc = RC_CONFLICT;
	for (int i = 0; i < ATTEMPTS && rc == RC_CONFLICT; i++) {
		rc = tx_run(f->pg, &once, wait_body, f, &unknown);
		if (rc == RC_OK)
			rc = tx_run(f->pg, &once, merge_body, f, &unknown);
	}
	return rc == RC_OK ? RC_OK : broken(f, rc);
}

/* The answer of one; met: it gave way to another writer. */
static enum rc finish(struct filler *f, bool *ret_met)
{
	int64_t rows = 0;
	enum rc rc = pg_copy_answer(f->pg, &rows);
	f->busy = false;
	*ret_met = rc == RC_CONFLICT;
	return rc == RC_OK || rc == RC_CONFLICT ? RC_OK : broken(f, rc);
}

/* Merges the chunk of one that gave way, and those of others that do meanwhile. */
static enum rc give_way(struct fill *fill, struct filler *first)
{
	bool met[SESSIONS] = { false };
	enum rc rc = RC_OK;
	for (size_t i = 0; i < fill->count && rc == RC_OK; i++) {
		if (&fill->of[i] == first)
			met[i] = true;
		else if (fill->of[i].busy)
			rc = finish(&fill->of[i], &met[i]);
	}
	for (size_t i = 0; i < fill->count && rc == RC_OK; i++) {
		if (met[i])
			rc = merge_chunk(&fill->of[i]);
	}
	return rc;
}

static enum rc finish_any(struct fill *fill)
{
	struct pg *pgs[SESSIONS];
	struct filler *busy[SESSIONS];
	size_t n = 0;
	bool met = false;
	for (size_t i = 0; i < fill->count; i++) {
		if (fill->of[i].busy) {
			pgs[n] = fill->of[i].pg;
			busy[n++] = &fill->of[i];
		}
	}
	struct filler *f = busy[pg_copy_any(pgs, n)];
	enum rc rc = finish(f, &met);
	return rc == RC_OK && met ? give_way(fill, f) : rc;
}

static bool is_busy(const struct fill *fill)
{
	for (size_t i = 0; i < fill->count; i++) {
		if (fill->of[i].busy)
			return true;
	}
	return false;
}

static enum rc work(struct fill *fill)
{
	enum rc rc = RC_OK;
	while (rc == RC_OK) {
		for (size_t i = 0; i < fill->count && rc == RC_OK && !fill->drained; i++) {
			if (!fill->of[i].busy)
				rc = send_chunk(fill, &fill->of[i]);
		}
		if (rc == RC_OK && !is_busy(fill))
			return RC_OK;
		if (rc == RC_OK)
			rc = finish_any(fill);
	}
	return rc;
}

/* Without a second connection, the first does it alone. */
static void open_second(struct fill *fill)
{
	struct filler *f = &fill->of[1];
	f->pg = pg_twin(fill->im->pg);
	if (pg_connect(f->pg) == RC_OK && run_sql(f->pg, SQL_import_session) == RC_OK &&
	    run_sql(f->pg, SQL_import_fill_second) == RC_OK &&
	    run_sql(f->pg, SQL_import_fill_begin) == RC_OK)
		fill->count = 2;
}

static void prepare(struct fill *fill, struct filler *f)
{
	f->im = fill->im;
	f->holders = mem_alloc(CHUNK_ROWS * sizeof(*f->holders));
	f->records = mem_alloc((size_t)CHUNK_ROWS * RECORD_MAX);
	buf_init(&f->rows, NULL, BUF_NO_MAX);
}

static enum rc fill_all(struct fill *fill)
{
	struct filler *first = &fill->of[0];
	first->pg = fill->im->pg;
	enum rc rc = run_sql(first->pg, SQL_import_fill_begin);
	if (rc != RC_OK)
		return broken(first, rc);
	if (fill->chunks > 1)
		open_second(fill);
	rc = work(fill);
	if (rc != RC_OK)
		return rc;
	rc = run_sql(first->pg, SQL_import_fill_done);
	return rc == RC_OK ? RC_OK : broken(first, rc);
}

enum rc import_fill(struct import *im)
{
	struct fill fill = { .im = im,
			     .count = 1,
			     .chunks = (im->holding + CHUNK_ROWS - 1) / CHUNK_ROWS };
	if (!im->holding)
		return RC_OK;
	for (size_t i = 0; i < SESSIONS; i++)
		prepare(&fill, &fill.of[i]);
	enum rc rc = fill_all(&fill);
	if (rc == RC_OK)
		im->summary->of[IMPORT_OWNERS].added += im->holding;
	pg_free(fill.of[1].pg);
	for (size_t i = 0; i < SESSIONS; i++) {
		free(fill.of[i].holders);
		free(fill.of[i].records);
		buf_release(&fill.of[i].rows);
	}
	return rc;
}
