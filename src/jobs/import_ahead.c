/*
 * The traits of a new collection's first 10,000 tokens: half of the work of its import, and
 * independent of the ranks and of the rows of tokens.  A second connection writes them
 * meanwhile, with ids that collection_traits does not know yet, so that nobody comes upon them;
 * the transaction that writes the tokens says what the ids mean, when all is written.
 *
 * When that transaction fails, rows stay that speak of unknown ids.  They belong to tokens that
 * are not there: whoever writes these derives their traits, which takes such rows away.
 */
#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/scope.h"
#include "jobs/import_merge.h"
#include "net/pg.h"

struct ahead {
	struct pg *pg;
	bool busy;
	enum rc rc; /* how it ended */
	int64_t rows;
};

static enum rc run_sql(struct pg *pg, enum import_sql sql)
{
	SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, import_sql_text(sql));
	return r.rc;
}

/* The answer of two columns, both without what COPY would have to escape. */
static void write_rows(struct buf *out, const struct pg_result *r)
{
	for (int i = 0; i < r->count; i++) {
		buf_adds(out, pg_str(r, i, 0));
		buf_addc(out, '\t');
		buf_adds(out, pg_str(r, i, 1));
		buf_addc(out, '\n');
	}
}

/* Rows of the first connection into a table of the second.  What the second cannot do is no
 * failure: *ret_there. */
static enum rc hand_over(struct import *im, struct pg *to, enum import_sql from,
			 enum import_sql copy, bool *ret_there)
{
	struct buf rows;
	int64_t count;
	SCOPED(pg_result_done) struct pg_result r = pg_exec(im->pg, import_sql_text(from));
	if (r.rc != RC_OK)
		return import_broken(im, r.rc);
	buf_init(&rows, NULL, BUF_NO_MAX);
	write_rows(&rows, &r);
	enum rc rc = pg_copy_begin(to, import_sql_text(copy));
	if (rc == RC_OK)
		rc = pg_copy_put(to, buf_str(&rows));
	if (rc == RC_OK)
		rc = pg_copy_end(to, NULL, &count);
	buf_release(&rows);
	*ret_there = rc == RC_OK;
	return RC_OK;
}

static bool open_second(struct pg *pg)
{
	static const enum import_sql first[] = { SQL_import_session, SQL_import_fill_second,
						 SQL_import_ahead_begin };
	enum rc rc = pg_connect(pg);
	for (size_t i = 0; i < COUNT_OF(first) && rc == RC_OK; i++)
		rc = run_sql(pg, first[i]);
	return rc == RC_OK;
}

static enum rc begin(struct import *im, struct ahead *ahead)
{
	bool there = open_second(ahead->pg);
	enum rc rc = RC_OK;
	if (there)
		rc = hand_over(im, ahead->pg, SQL_import_ahead_ids, SQL_import_ahead_trait_copy,
			       &there);
	if (rc == RC_OK && there)
		rc = hand_over(im, ahead->pg, SQL_import_ahead_tokens,
			       SQL_import_ahead_token_copy, &there);
	if (rc == RC_OK && there)
		ahead->busy = pg_exec_send(ahead->pg, import_sql_text(SQL_import_ahead_add),
					   PG_ARGS(pg_address(&im->meta.contract))) == RC_OK;
	return rc;
}

enum rc import_ahead_begin(struct import *im, struct ahead **ret)
{
	bool fits = false;
	enum rc rc = import_ask(im, SQL_import_ahead_fits, NULL, &fits);
	if (rc != RC_OK || !fits)
		return rc;
	struct ahead *ahead = mem_alloc(sizeof(*ahead));
	*ahead = (struct ahead){ .pg = pg_twin(im->pg) };
	rc = begin(im, ahead);
	if (ahead->busy)
		*ret = ahead;
	else
		import_ahead_free(ahead);
	return rc;
}

enum rc import_ahead_settle(struct ahead *ahead, int64_t *ret_rows)
{
	if (ahead->busy)
		ahead->rc = pg_copy_answer(ahead->pg, &ahead->rows);
	ahead->busy = false;
	if (ahead->rc != RC_OK)
		return RC_CONFLICT;
	*ret_rows = ahead->rows;
	return RC_OK;
}

void import_ahead_free(struct ahead *ahead)
{
	int64_t rows;
	if (!ahead)
		return;
	import_ahead_settle(ahead, &rows);
	pg_free(ahead->pg);
	free(ahead);
}
