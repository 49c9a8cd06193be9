#include "model/event.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/json.h"
#include "cache/write.h"
#include "model/env.h"
#include "model/render.h"
#include "net/pg.h"

#define NEWEST      "9223372036854775807"
#define DEADLINE_MS 8000

/* Columns of event_list and its kin. */
enum {
	ID,
	KIND,
	SOURCE,
	TAGS,
	AT,
	ATTEMPT,
	FAILED_AT,
	ERROR,
	RETRIED_BY,
	STATUS
};

static const char *const names[] = { "pending", "processing", "done", "failed" };

/* --- the list ----------------------------------------------------------------------------- */

static struct pg_result find(struct env *env, const struct event_query *q)
{
	const char *before = q->page.after ? q->page.key[0].ptr : NEWEST;
	const char *limit = page_int(env->arena, q->page.limit + 1).ptr;

	if (q->status == EVENT_ANY)
		return pg_run(env->pg, STMT_event_list,
			      PG_ARGS(pg_text(before), pg_text(limit)));
	if (q->status == EVENT_FAILED)
		return pg_run(env->pg, STMT_event_list_failed,
			      PG_ARGS(pg_text(before), pg_text(limit)));
	return pg_run(env->pg, STMT_event_list_of,
		      PG_ARGS(pg_text(before), pg_text(limit), pg_text(names[q->status])));
}

static void render_tags(struct json *j, struct str tags)
{
	json_array(j, "tags");
	while (tags.len > 0)
		json_str(j, NULL, str_cut(&tags, '\n'));
	json_end(j);
}

static void render_event(struct json *j, const struct pg_result *rows, int i)
{
	json_object(j, NULL);
	render_int(j, "id", rows, i, ID);
	render_str(j, "kind", rows, i, KIND);
	render_str(j, "source", rows, i, SOURCE);
	render_str(j, "status", rows, i, STATUS);
	render_tags(j, pg_str(rows, i, TAGS));
	render_int(j, "attempts", rows, i, ATTEMPT);
	render_str(j, "error", rows, i, ERROR);
	render_time(j, "createdAt", rows, i, AT);
	render_time(j, "failedAt", rows, i, FAILED_AT);
	render_int(j, "retriedBy", rows, i, RETRIED_BY);
	json_end(j);
}

enum rc event_page_read(struct env *env, const struct event_query *query, struct answer *ret)
{
	struct answer answer = { .tier = TIER_NONE, .source = SOURCE_DATABASE };
	struct str last = STR_NONE;
	struct json j;

	SCOPED(pg_result_done) struct pg_result rows = find(env, query);
	if (rows.rc != RC_OK)
		return rows.rc;
	answer_begin(env, &answer, &j);
	json_object(&j, NULL);
	json_array(&j, "events");
	for (int i = 0; i < rows.count && i < query->page.limit; i++) {
		render_event(&j, &rows, i);
		last = pg_str(&rows, i, ID);
	}
	json_end(&j);
	page_next(&j, env, &query->page, rows.count > query->page.limit, &last,
		  EVENT_CURSOR_KEYS);
	json_end(&j);
	enum rc rc = answer_end(&answer);
	if (rc == RC_OK)
		*ret = answer;
	return rc;
}

struct str event_scope(struct arena *arena, enum event_status status)
{
	return arena_printf(arena, "events|%s", status == EVENT_ANY ? "" : names[status]);
}

/* --- once more ---------------------------------------------------------------------------- */

struct retry {
	char id[24];
	enum event_outcome outcome;
	int64_t event;
};

static enum rc retry(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	struct retry *r = ctx;

	(void)ret_earlier;
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_write_retry, PG_ARGS(pg_text(r->id)));
	if (row.rc != RC_OK)
		return row.rc;
	struct str outcome = pg_str(&row, 0, 0);
	if (str_eqz(outcome, "not_found"))
		return RC_NOT_FOUND;
	if (str_eqz(outcome, "not_failed")) {
		r->outcome = EVENT_NOT_FAILED;
		return RC_UNPROCESSABLE;
	}
	r->outcome = str_eqz(outcome, "retried") ? EVENT_RETRIED : EVENT_ALREADY;
	r->event = pg_i64(&row, 0, 1);
	return RC_OK;
}

enum rc event_retry(struct env *env, int64_t id, enum event_outcome *ret, int64_t *ret_event,
		    bool *ret_unknown)
{
	struct retry r = { .event = 0 };
	struct cache_write write = {
		.body = retry, .ctx = &r, .once = "retry event", .deadline_ms = DEADLINE_MS
	};

	snprintf(r.id, sizeof(r.id), "%" PRId64, id);
	enum rc rc = cache_write(env->cache, env->arena, env->pg, &write, ret_unknown);
	if (rc == RC_UNPROCESSABLE)
		rc = RC_OK;
	if (rc == RC_OK) {
		*ret = r.outcome;
		*ret_event = r.event;
	}
	return rc;
}
