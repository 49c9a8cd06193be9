/*
 * GET /metrics: Prometheus text format 0.0.4, summed over all processes of the machine.  For
 * the machine itself (loopback), else for keys from viewer up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "api/call.h"
#include "api/routes.h"
#include "base/board.h"
#include "base/buf.h"
#include "base/metric.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "model/reads.h"
#include "cache/map.h"
#include "cache/replica.h"
#include "net/pg.h"

#define BODY_MAX ((size_t)4 << 20)

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslashes, quotes and newlines are escaped, as the format asks. */
static void add_label(struct buf *out, const char *name, struct str value)
{
	buf_addf(out, "%s=\"", name);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '\\' || c == '"')
			buf_addc(out, '\\');
		if (c == '\n')
			buf_adds(out, STR("\\n"));
		else
			buf_addc(out, c);
	}
	buf_addc(out, '"');
}

static void add_counters(struct buf *out, const struct metric_cells *cells)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct metric_row *row = &counter_rows[i];

		head(out, row->prom, "counter", row->help);
		buf_addf(out, "%s %" PRIu64 "\n", row->prom, cells->counter[i]);
	}
}

static void add_histogram(struct buf *out, const struct metric_row *row,
			  const struct histogram_cells *h)
{
	uint64_t count = 0;

	head(out, row->prom, "histogram", row->help);
	for (int b = 0; b < HISTOGRAM_BUCKETS; b++) {
		count += h->bucket[b];
		if (b < HISTOGRAM_BUCKETS - 1)
			buf_addf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", row->prom,
				 (double)histogram_bounds_ns[b] / 1e9, count);
		else
			buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->prom, count);
	}
	buf_addf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", row->prom, (double)h->sum_ns / 1e9,
		 row->prom, count);
}

static void add_routes(struct buf *out, struct board *board)
{
	static const char name[] = "such_market_route_requests_total";

	head(out, name, "counter", "requests by route");
	for (size_t r = 0; r < route_count && r < BOARD_ROUTES; r++) {
		uint64_t n = 0;

		for (size_t i = 0; i < BOARD_SLOTS; i++)
			n += board_slot(board, i)->route_requests[r];
		buf_addf(out, "%s{", name);
		add_label(out, "method", STR("GET"));
		buf_addc(out, ',');
		add_label(out, "route", str_of(routes[r].path));
		buf_addf(out, "} %" PRIu64 "\n", n);
	}
}

static void add_role(struct buf *out, const struct env *env, int32_t role)
{
	char number[16];

	if (role >= 0 && (size_t)role < env->role_count) {
		add_label(out, "role", str_of(env->role_names[role]));
		return;
	}
	snprintf(number, sizeof(number), "%" PRId32, role);
	add_label(out, "role", str_of(number));
}

/* One row a process: 1, labelled with what it does. */
static void add_processes(struct buf *out, const struct env *env)
{
	static const char state[] = "such_market_process_state";
	static const char restarts[] = "such_market_process_restarts_total";

	head(out, state, "gauge", "1 for each process, by role and state");
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = board_slot(env->board, i);

		if (slot->state == BOARD_FREE || slot->role < 0)
			continue;
		buf_addf(out, "%s{slot=\"%zu\",", state, i);
		add_role(out, env, slot->role);
		buf_addc(out, ',');
		add_label(out, "state", str_of(board_state_name(slot->state)));
		buf_adds(out, STR("} 1\n"));
	}
	head(out, restarts, "counter", "processes that died, by slot");
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = board_slot(env->board, i);

		if (slot->state == BOARD_FREE || slot->role < 0)
			continue;
		buf_addf(out, "%s{slot=\"%zu\"} %" PRIu64 "\n", restarts, i, slot->restarts);
	}
}

static void add_gauge(struct buf *out, const char *name, const char *help, double value)
{
	head(out, name, "gauge", help);
	buf_addf(out, "%s %.9g\n", name, value);
}

/* By read model: how many writes Redis was spared, and of how many owners now. */
static void add_worth(struct buf *out, const struct cache *cache)
{
	static const char skipped[] = "such_market_cache_redis_unworthy_total";
	static const char churning[] = "such_market_cache_redis_churning";
	struct worth_counts worth;

	head(out, skipped, "counter",
	     "copies not written to Redis because they change more often than they are read");
	for (size_t i = 0; i < READ_COUNT; i++) {
		cache_worth(cache, &reads[i], &worth);
		buf_addf(out, "%s{read=\"%s\"} %" PRIu64 "\n", skipped, reads[i].name,
			 worth.skipped);
	}
	head(out, churning, "gauge", "owners whose copies are not written to Redis now");
	for (size_t i = 0; i < READ_COUNT; i++) {
		cache_worth(cache, &reads[i], &worth);
		buf_addf(out, "%s{read=\"%s\"} %" PRIu32 "\n", churning, reads[i].name,
			 worth.churning);
	}
}

static void add_cache(struct buf *out, const struct cache *cache)
{
	struct cache_state state;

	cache_state(cache, &state);
	if (!state.on)
		return;
	add_gauge(out, "such_market_cache_lease_seconds",
		  "what is left of the lease; not above 0: copies are passed by",
		  (double)state.lease_ns / 1e9);
	add_gauge(out, "such_market_cache_memory_entries", "copies in the memory tier",
		  (double)state.memory.entries);
	add_gauge(out, "such_market_cache_memory_bytes", "bytes of the memory tier in use",
		  (double)state.memory.bytes);
	add_gauge(out, "such_market_cache_memory_capacity_bytes", "bytes of the memory tier",
		  (double)state.memory.capacity);
	head(out, "such_market_cache_memory_evictions_total", "counter",
	     "copies that made room");
	buf_addf(out, "such_market_cache_memory_evictions_total %" PRIu64 "\n",
		 state.memory.evictions);
	if (cache_redis(cache))
		add_worth(out, cache);
}

/* A replica is named by its place in replica_urls: addresses are nobody's business. */
static void add_replicas(struct buf *out, const struct replicas *replicas)
{
	static const char asked[] = "such_market_replica_reads_total";
	static const char lag[] = "such_market_replica_lag_bytes";
	static const char up[] = "such_market_replica_usable";
	struct replica_state state[REPLICAS_MAX];
	size_t n = replicas_count(replicas);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		replicas_state(replicas, i, clock_mono_ns(), &state[i]);
	head(out, asked, "counter", "reads by replica and what came of them");
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < REPLICA_OUTCOMES; k++)
			buf_addf(out, "%s{replica=\"%zu\",outcome=\"%s\"} %" PRIu64 "\n", asked,
				 i, replica_outcome_name((enum replica_outcome)k),
				 state[i].reads[k]);
	head(out, lag, "gauge", "log of the primary that a replica had not replayed");
	for (size_t i = 0; i < n; i++)
		if (state[i].age_ns >= 0)
			buf_addf(out, "%s{replica=\"%zu\"} %" PRIu64 "\n", lag, i,
				 state[i].lag);
	head(out, up, "gauge", "1: the replica's last answer could be used, or was behind");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s{replica=\"%zu\"} %d\n", up, i,
			 strcmp(state[i].status, "ok") == 0 ||
				 strcmp(state[i].status, "behind") == 0);
}

static void add_build(struct buf *out)
{
	static const char name[] = "such_market_build_info";

	head(out, name, "gauge", "1, labelled with the version");
	buf_addf(out, "%s{", name);
	add_label(out, "version", STR(PACKAGE_VERSION));
	buf_adds(out, STR("} 1\n"));
}

/* Statistics of statements are each process's own: these are of the one that answers. */
static const struct {
	const char *name, *type, *help;
} stat_rows[] = {
	{ "such_market_statement_calls_total", "counter",
	  "calls of a statement by the process that answers" },
	{ "such_market_statement_errors_total", "counter", "of those: failed" },
	{ "such_market_statement_retries_total", "counter", "of those: tried again" },
	{ "such_market_statement_seconds_total", "counter", "time of all its calls" },
	{ "such_market_statement_p95_seconds", "gauge", "95 of 100 calls were faster" },
	{ "such_market_statement_p99_seconds", "gauge", "99 of 100 calls were faster" },
};

static double stat_value(size_t row, const struct pg_stat *stat)
{
	switch (row) {
	case 0:
		return (double)stat->calls;
	case 1:
		return (double)stat->errors;
	case 2:
		return (double)stat->retries;
	case 3:
		return (double)stat->total_ns / 1e9;
	case 4:
		return (double)stat->p95_ns / 1e9;
	default:
		return (double)stat->p99_ns / 1e9;
	}
}

static void add_statements(struct buf *out, const struct pg *pg)
{
	for (size_t row = 0; row < COUNT_OF(stat_rows); row++) {
		head(out, stat_rows[row].name, stat_rows[row].type, stat_rows[row].help);
		for (int s = 0; s < STMT_COUNT; s++) {
			struct pg_stat stat;

			pg_stat_of(pg, (enum stmt)s, &stat);
			if (stat.calls == 0)
				continue;
			buf_addf(out, "%s{pid=\"%d\",", stat_rows[row].name, (int)getpid());
			add_label(out, "statement", str_of(stmt_name((enum stmt)s)));
			buf_addf(out, "} %.9g\n", stat_value(row, &stat));
		}
	}
}

static bool is_loopback(struct str address)
{
	return str_starts(address, STR("127.")) || str_eq(address, STR("::1")) ||
	       str_starts(address, STR("::ffff:127."));
}

enum rc metrics_show(struct call *call)
{
	struct env *env = call->env;
	struct metric_cells cells = { 0 };
	struct buf out;

	if (!is_loopback(call->req->remote_addr)) {
		enum rc rc = call_allow(call, ROLE_VIEWER);

		if (rc != RC_OK)
			return rc;
	}
	buf_init(&out, env->arena, BODY_MAX);
	add_cache(&out, env->cache);
	add_replicas(&out, cache_replicas(env->cache));
	add_build(&out);
	if (env->board) {
		board_sum(env->board, &cells);
		add_counters(&out, &cells);
		for (int i = 0; i < HISTOGRAM_COUNT; i++)
			add_histogram(&out, &histogram_rows[i], &cells.histogram[i]);
		add_routes(&out, env->board);
		add_processes(&out, env);
	}
	add_statements(&out, env->pg);
	response_plain(call->res, call->req, 200, "text/plain; version=0.0.4; charset=utf-8",
		       buf_str(&out));
	return RC_OK;
}
