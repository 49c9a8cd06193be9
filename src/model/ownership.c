#include "model/ownership.h"

#include <stdio.h>
#include "base/answer.h"
#include "base/arena.h"
#include "base/clock.h"
#include "cache/write.h"
#include "model/env.h"
#include "model/job.h"
#include "model/render.h"
#include "net/pg.h"

#define PARTS            256   /* that wallets are counted in */
#define FAST_MS          50    /* of a step: the next may be twice as large */
#define SLOW_MS          200   /* half as large */
#define MEND_ROWS        "500" /* of one transaction */
#define COLLECTIONS_STEP "200"
#define MEND_DEADLINE_MS 30000
#define NS_PER_MS        INT64_C(1000000)

/* Columns of ownership_totals. */
enum {
	HOLDINGS,
	USERS,
	MAPPINGS,
	OWNERS,
	COLLECTIONS,
	EXACT
};

/* Columns of ownership_mends. */
enum {
	ID,
	SUMMARY,
	CONTRACT,
	WALLET,
	FIELD,
	WAS,
	BECAME
};

static enum rc number(struct pg *pg, enum stmt stmt, const struct pg_arg *args, size_t n,
		      int64_t *ret)
{
	SCOPED(pg_result_done) struct pg_result row = pg_run(pg, stmt, args, n);

	if (row.rc != RC_OK)
		return row.rc;
	if (row.count != 1)
		return RC_INTERNAL;
	*ret = pg_i64(&row, 0, 0);
	return RC_OK;
}

/* --- totals ------------------------------------------------------------------------------ */

/* One step: so many parts in one statement, as many more as go fast, one when they do not. */
static enum rc count_some(struct pg *pg, int *parts, int64_t *ret_left)
{
	char text[12];
	int64_t begin_ns = clock_mono_ns();

	snprintf(text, sizeof(text), "%d", *parts);
	enum rc rc = number(pg, STMT_ownership_count, PG_ARGS(pg_text(text)), ret_left);
	int64_t took_ns = clock_mono_ns() - begin_ns;

	if (rc == RC_TIMEOUT && *parts > 1) {
		*parts = 1;
		return RC_OK;
	}
	if (took_ns < FAST_MS * NS_PER_MS && *parts < PARTS)
		*parts *= 2;
	else if (took_ns > SLOW_MS * NS_PER_MS && *parts > 1)
		*parts /= 2;
	return rc;
}

static enum rc count_again(struct pg *pg, int64_t budget_ms, int64_t *ret_left)
{
	int64_t until_ns = clock_mono_ns() + budget_ms * NS_PER_MS, marks, left = PARTS;
	int parts = 1;
	enum rc rc = number(pg, STMT_ownership_marks, PG_NO_ARGS, &marks);

	if (rc != RC_OK)
		return rc;
	do {
		rc = count_some(pg, &parts, &left);
	} while (rc == RC_OK && left > 0 && clock_mono_ns() < until_ns);
	*ret_left = left;
	return rc;
}

enum rc ownership_totals(struct env *env, int64_t budget_ms, struct ownership_totals *ret)
{
	int64_t left = PARTS;
	enum rc rc = count_again(env->pg, budget_ms, &left);
	bool counted = rc == RC_OK, late = rc == RC_TIMEOUT;

	if (rc != RC_OK && rc != RC_CONFLICT && rc != RC_TIMEOUT)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(env->pg, STMT_ownership_totals, PG_NO_ARGS);
	if (row.rc != RC_OK)
		return row.rc;
	*ret = (struct ownership_totals){
		.holdings = pg_i64(&row, 0, HOLDINGS),
		.users = pg_i64(&row, 0, USERS),
		.mappings = pg_i64(&row, 0, MAPPINGS),
		.owners = pg_i64(&row, 0, OWNERS),
		.collections = pg_i64(&row, 0, COLLECTIONS),
		.left = left,
		.exact = counted && pg_flag(&row, 0, EXACT),
		.late = late,
	};
	return RC_OK;
}

/* --- the recount ------------------------------------------------------------------------- */

struct step {
	enum stmt stmt;
	const struct pg_arg *args;
	size_t n;
	int64_t changed;
};

static enum rc run_step(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	struct step *step = ctx;

	(void)ret_earlier;
	return number(pg, step->stmt, step->args, step->n, &step->changed);
}

/* Repeating a step that was done finds nothing to change: a lost COMMIT costs no truth. */
static enum rc write_step(struct env *env, struct step *step, int64_t *ret_changed)
{
	struct cache_write write = { .body = run_step,
				     .ctx = step,
				     .deadline_ms = MEND_DEADLINE_MS };
	bool unknown;
	enum rc rc = cache_write(env->cache, env->arena, env->pg, &write, &unknown);

	if (rc == RC_OK)
		*ret_changed = step->changed;
	return rc;
}

enum rc ownership_mend_wallets(struct env *env, int64_t job, const uint8_t *lo, size_t lo_len,
			       const uint8_t *hi, size_t hi_len, int64_t *ret_changed)
{
	const struct pg_arg args[] = { pg_text(page_int(env->arena, job).ptr),
				       pg_bytes((struct str){ (const char *)lo, lo_len }),
				       pg_bytes((struct str){ (const char *)hi, hi_len }),
				       pg_text(MEND_ROWS) };
	struct step step = { STMT_write_ownership_wallets, args, 4, 0 };

	return write_step(env, &step, ret_changed);
}

enum rc ownership_mend_collection(struct env *env, int64_t job, const struct address *contract,
				  int64_t *ret_changed)
{
	const struct pg_arg args[] = { pg_text(page_int(env->arena, job).ptr),
				       pg_address(contract) };
	struct step step = { STMT_write_ownership_collection, args, 2, 0 };

	return write_step(env, &step, ret_changed);
}

enum rc ownership_collections(struct env *env, const struct address *after,
			      struct address **ret, int *ret_count)
{
	struct pg_arg from = after ? pg_address(after) : pg_bytes((struct str){ "", 0 });
	SCOPED(pg_result_done)
	struct pg_result rows = pg_run(env->pg, STMT_ownership_collections,
				       PG_ARGS(from, pg_text(COLLECTIONS_STEP)));

	if (rows.rc != RC_OK)
		return rows.rc;
	struct address *list =
		arena_zalloc(env->arena, ((size_t)rows.count + 1) * sizeof(*list));
	for (int i = 0; i < rows.count; i++)
		pg_address_at(&rows, i, 0, &list[i]);
	*ret = list;
	*ret_count = rows.count;
	return RC_OK;
}

/* --- what it changed --------------------------------------------------------------------- */

static void render_mend(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_str(j, "summary", rows, i, SUMMARY);
	render_address(j, "contractAddress", rows, i, CONTRACT);
	render_address(j, "walletAddress", rows, i, WALLET);
	render_str(j, "field", rows, i, FIELD);
	render_str(j, "before", rows, i, WAS);
	render_str(j, "after", rows, i, BECAME);
	json_end(j);
}

static void render_mends(struct json *j, struct env *env, const struct page *page,
			 const struct pg_result *rows)
{
	struct str last = STR_NONE;

	json_array(j, "differences");
	for (int i = 0; i < rows->count && i < page->limit; i++) {
		render_mend(j, rows, i);
		last = pg_str(rows, i, ID);
	}
	json_end(j);
	page_next(j, env, page, rows->count > page->limit, &last, OWNERSHIP_CURSOR_KEYS);
}

enum rc ownership_recount_read(struct env *env, const struct job *job, const struct page *page,
			       struct answer *ret)
{
	const char *id = page_int(env->arena, job->id).ptr;
	int64_t total = 0;
	struct json j;
	enum rc rc = number(env->pg, STMT_ownership_mended, PG_ARGS(pg_text(id)), &total);

	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(env->pg, STMT_ownership_mends,
		       PG_ARGS(pg_text(id), pg_text(page->after ? page->key[0].ptr : "0"),
			       pg_text(page_int(env->arena, page->limit + 1).ptr)));
	if (rows.rc != RC_OK)
		return rows.rc;
	answer_begin(env, ret, &j);
	json_object(&j, NULL);
	json_object(&j, "job");
	job_render(&j, job);
	json_end(&j);
	json_int(&j, "differenceCount", total);
	render_mends(&j, env, page, &rows);
	json_end(&j);
	return answer_end(ret);
}

struct str ownership_scope(struct arena *arena, int64_t job)
{
	return arena_printf(arena, "recount|%lld", (long long)job);
}
