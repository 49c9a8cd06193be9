#include "model/purge.h"

#include <assert.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/tag.h"
#include "cache/write.h"
#include "model/env.h"
#include "model/job.h"
#include "net/pg.h"

#define DEADLINE_MS 8000

struct purge {
	struct env *env;
	const char *tags; /* one a line; NULL: everything */
	const struct job_order *order;
	struct purged done;
};

static enum rc emit(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	struct purge *p = ctx;
	enum rc rc = RC_OK;

	(void)ret_earlier;
	SCOPED(pg_result_done)
	struct pg_result row =
		p->tags ? pg_run(pg, STMT_write_invalidate, PG_ARGS(pg_text(p->tags)))
			: pg_run(pg, STMT_write_clear_all, PG_NO_ARGS);

	if (row.rc != RC_OK)
		return row.rc;
	p->done.event = pg_i64(&row, 0, 0);
	if (p->order)
		rc = job_enqueue(pg, p->order, &p->done.job, NULL);
	return rc;
}

static enum rc run(struct purge *p, const char *what, struct purged *ret)
{
	bool told = true;
	struct cache_write write = {
		.body = emit, .ctx = p, .once = what, .deadline_ms = DEADLINE_MS, .told = &told
	};
	bool unknown = false;
	enum rc rc = cache_write(p->env->cache, p->env->arena, p->env->pg, &write, &unknown);

	*ret = p->done;
	ret->told = told;
	ret->unknown = unknown;
	return rc;
}

enum rc purge_all(struct env *env, struct purged *ret)
{
	struct purge p = { .env = env };

	metric_add(COUNTER_purge_all, 1);
	return run(&p, "clear all", ret);
}

/* One a line. */
static const char *write_tags(struct env *env, const struct str *tags, size_t n,
			      struct str glob)
{
	struct buf lines;

	buf_init(&lines, env->arena, BUF_NO_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(tag_sound(tags[i]));
		buf_addf(&lines, "%s" STR_FMT, i ? "\n" : "", STR_ARG(tags[i]));
	}
	if (glob.ptr)
		buf_addf(&lines, "%s~" STR_FMT, n ? "\n" : "", STR_ARG(glob));
	buf_addc(&lines, '\0');
	return lines.ptr;
}

static const char *glob_arguments(struct env *env, struct str glob)
{
	struct buf out;
	struct json j;

	buf_init(&out, env->arena, BUF_NO_MAX);
	json_init(&j, &out);
	json_object(&j, NULL);
	json_str(&j, "glob", glob);
	json_end(&j);
	buf_addc(&out, '\0');
	return out.ptr;
}

enum rc purge_some(struct env *env, const struct str *tags, size_t n, struct str glob,
		   struct purged *ret)
{
	struct job_order order = { .kind = JOB_sweep };
	struct purge p = { .env = env, .tags = write_tags(env, tags, n, glob) };

	assert(n <= PURGE_TAGS_MAX && (n || glob.ptr));
	metric_add(COUNTER_purge_tags, n);
	if (glob.ptr) {
		metric_add(COUNTER_purge_globs, 1);
		order.subject = arena_strz(env->arena, glob);
		order.arguments = glob_arguments(env, glob);
		p.order = cache_redis(env->cache) ? &order : NULL;
	}
	return run(&p, "invalidate", ret);
}

enum rc purge_glob_again(struct env *env, struct str glob)
{
	struct purge p = { .env = env, .tags = write_tags(env, NULL, 0, glob) };
	struct purged unused;

	return run(&p, "clear glob", &unused);
}
