/* GET /api/cache/metrics: the tiers of copies on this machine since the scoreboard was made. */
#include "api/call.h"
#include "api/routes.h"
#include "base/board.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "net/redis.h"

struct view {
	struct json j;
	struct cache_state state;
	struct metric_cells cells;
};

struct row {
	const char *name;
	enum counter counter;
};

static void add_rows(struct view *v, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_int(&v->j, rows[i].name, (int64_t)v->cells.counter[rows[i].counter]);
}

static void add_share(struct view *v, uint64_t hits, uint64_t misses)
{
	if (hits + misses)
		json_double(&v->j, "hitRate", (double)hits / (double)(hits + misses));
	else
		json_null(&v->j, "hitRate");
}

static void add_latency(struct view *v, enum histogram h)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 } };
	const struct histogram_cells *cells = &v->cells.histogram[h];
	uint64_t count = histogram_count(cells);

	json_object(&v->j, "latency");
	json_int(&v->j, "count", (int64_t)count);
	json_double(&v->j, "avg", count ? (double)cells->sum_ns / (double)count / 1e6 : 0);
	for (size_t i = 0; i < COUNT_OF(quantiles); i++)
		json_double(&v->j, quantiles[i].name,
			    (double)histogram_quantile_ns(cells, quantiles[i].q) / 1e6);
	json_end(&v->j);
}

static void add_memory(struct view *v)
{
	static const struct row rows[] = {
		{ "hits", COUNTER_cache_memory_hits },
		{ "misses", COUNTER_cache_memory_misses },
		{ "staleHits", COUNTER_cache_stale },
		{ "rejected", COUNTER_cache_rejected },
		{ "coalesced", COUNTER_cache_coalesced },
		{ "swept", COUNTER_cache_swept },
	};
	const struct memory_counts *m = &v->state.memory;

	json_object(&v->j, "memory");
	json_bool(&v->j, "enabled", v->state.memory_on);
	json_int(&v->j, "entries", (int64_t)m->entries);
	json_int(&v->j, "bytes", (int64_t)m->bytes);
	json_int(&v->j, "capacity", (int64_t)m->capacity);
	json_int(&v->j, "evictions", (int64_t)m->evictions);
	add_rows(v, rows, COUNT_OF(rows));
	add_share(v, v->cells.counter[COUNTER_cache_memory_hits],
		  v->cells.counter[COUNTER_cache_memory_misses]);
	json_int(&v->j, "errors", (int64_t)m->cleared);
	add_latency(v, HISTOGRAM_cache_memory_seconds);
	json_end(&v->j);
}

/* What it holds is Redis' own affair: its keys are not counted for this. */
static void add_redis(struct view *v, bool enabled)
{
	static const struct row rows[] = {
		{ "hits", COUNTER_cache_redis_hits },
		{ "misses", COUNTER_cache_redis_misses },
		{ "rejected", COUNTER_cache_redis_rejected },
		{ "errors", COUNTER_cache_redis_errors },
		{ "skipped", COUNTER_cache_redis_skipped },
	};

	json_object(&v->j, "redis");
	json_bool(&v->j, "enabled", enabled);
	json_null(&v->j, "entries");
	json_null(&v->j, "bytes");
	add_rows(v, rows, COUNT_OF(rows));
	add_share(v, v->cells.counter[COUNTER_cache_redis_hits],
		  v->cells.counter[COUNTER_cache_redis_misses] +
			  v->cells.counter[COUNTER_cache_redis_rejected]);
	add_latency(v, HISTOGRAM_cache_redis_seconds);
	json_end(&v->j);
}

static void add_database(struct view *v)
{
	static const struct row rows[] = {
		{ "fills", COUNTER_cache_fills },
		{ "bypassed", COUNTER_cache_bypassed },
		{ "errors", COUNTER_pg_errors },
	};

	json_object(&v->j, "database");
	add_rows(v, rows, COUNT_OF(rows));
	add_latency(v, HISTOGRAM_pg_seconds);
	json_end(&v->j);
}

static void add_invalidation(struct view *v)
{
	static const struct row rows[] = {
		{ "writes", COUNTER_writes },
		{ "events", COUNTER_relay_events },
		{ "ruleTags", COUNTER_cache_rule_tags },
		{ "parked", COUNTER_relay_parked },
		{ "restarts", COUNTER_relay_restarts },
		{ "cleared", COUNTER_purge_all },
		{ "keys", COUNTER_purge_keys },
		{ "tags", COUNTER_purge_tags },
		{ "globs", COUNTER_purge_globs },
	};

	json_object(&v->j, "invalidation");
	add_rows(v, rows, COUNT_OF(rows));
	json_end(&v->j);
}

enum rc cache_metrics(struct call *call)
{
	struct env *env = call->env;
	struct view v = { .state = { .on = false } };
	struct buf out;

	cache_state(env->cache, &v.state);
	if (env->board)
		board_sum(env->board, &v.cells);
	buf_init(&out, env->arena, BUF_NO_MAX);
	json_init(&v.j, &out);
	json_object(&v.j, NULL);
	json_bool(&v.j, "success", true);
	json_time(&v.j, "timestamp", env->now_us);
	json_bool(&v.j, "leased", v.state.leased);
	json_object(&v.j, "tiers");
	add_memory(&v);
	add_redis(&v, cache_redis(env->cache) != NULL);
	add_database(&v);
	json_end(&v.j);
	add_invalidation(&v);
	json_end(&v.j);
	response_plain(call->res, call->req, 200, "application/json", buf_str(&out));
	return RC_OK;
}
