/*
 * GET /metrics: Prometheus text format 0.0.4, summed over all processes of the machine.  For
 * the machine itself (loopback), else for keys from viewer up.
 */
#include <stdio.h>
#include <unistd.h>
#include "api/call.h"
#include "api/prom.h"
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

/* By read model: how many writes Redis was spared, and of how many owners now. */
static void add_worth(struct buf *out, const struct cache *cache)
{
	struct worth_counts worth[READ_COUNT];

	for (size_t i = 0; i < READ_COUNT; i++)
		cache_worth(cache, &reads[i], &worth[i]);
	prom_family(out, FAMILY_redis_unworthy);
	for (size_t i = 0; i < READ_COUNT; i++)
		prom_sample(out, FAMILY_redis_unworthy,
			    PROM_LABELS_OF({ "read", str_of(reads[i].name) }),
			    (double)worth[i].skipped);
	prom_family(out, FAMILY_redis_churning);
	for (size_t i = 0; i < READ_COUNT; i++)
		prom_sample(out, FAMILY_redis_churning,
			    PROM_LABELS_OF({ "read", str_of(reads[i].name) }),
			    (double)worth[i].churning);
}

static void add_cache(struct buf *out, const struct cache *cache)
{
	struct cache_state state;

	cache_state(cache, &state);
	if (!state.on)
		return;
	prom_gauge(out, FAMILY_lease, (double)state.lease_ns / 1e9);
	prom_gauge(out, FAMILY_memory_entries, (double)state.memory.entries);
	prom_gauge(out, FAMILY_memory_bytes, (double)state.memory.bytes);
	prom_gauge(out, FAMILY_memory_capacity, (double)state.memory.capacity);
	prom_gauge(out, FAMILY_memory_evictions, (double)state.memory.evictions);
	if (cache_redis(cache))
		add_worth(out, cache);
}

static bool is_usable(const struct replica_state *state)
{
	return strcmp(state->status, "ok") == 0 || strcmp(state->status, "behind") == 0;
}

/* A replica is named by its place in replica_urls: addresses are nobody's business. */
static void add_replicas(struct buf *out, const struct replicas *replicas)
{
	struct replica_state state[REPLICAS_MAX];
	char place[REPLICAS_MAX][24];
	size_t n = replicas_count(replicas);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		replicas_state(replicas, i, clock_mono_ns(), &state[i]);
		snprintf(place[i], sizeof(place[i]), "%zu", i);
	}
	prom_family(out, FAMILY_replica_reads);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < REPLICA_OUTCOMES; k++)
			prom_sample(
				out, FAMILY_replica_reads,
				PROM_LABELS_OF({ "replica", str_of(place[i]) },
					       { "outcome", str_of(replica_outcome_name((
								    enum replica_outcome)k)) }),
				(double)state[i].reads[k]);
	prom_family(out, FAMILY_replica_lag);
	for (size_t i = 0; i < n; i++)
		if (state[i].age_ns >= 0)
			prom_sample(out, FAMILY_replica_lag,
				    PROM_LABELS_OF({ "replica", str_of(place[i]) }),
				    (double)state[i].lag);
	prom_family(out, FAMILY_replica_usable);
	for (size_t i = 0; i < n; i++)
		prom_sample(out, FAMILY_replica_usable,
			    PROM_LABELS_OF({ "replica", str_of(place[i]) }),
			    is_usable(&state[i]));
}

static void add_build(struct buf *out)
{
	prom_family(out, FAMILY_build);
	prom_sample(out, FAMILY_build, PROM_LABELS_OF({ "version", STR(PACKAGE_VERSION) }), 1);
}

/* Statistics of statements are each process's own: these are of the one that answers. */
static double stat_value(enum family family, const struct pg_stat *stat)
{
	switch (family) {
	case FAMILY_statement_calls:
		return (double)stat->calls;
	case FAMILY_statement_errors:
		return (double)stat->errors;
	case FAMILY_statement_retries:
		return (double)stat->retries;
	case FAMILY_statement_seconds:
		return (double)stat->total_ns / 1e9;
	case FAMILY_statement_p95:
		return (double)stat->p95_ns / 1e9;
	default:
		return (double)stat->p99_ns / 1e9;
	}
}

#define SLOT_TEXT 16

/* Where this process stands on the board: processes come and go, places are as many as ever. */
static void own_slot(struct board *board, char ret[SLOT_TEXT])
{
	snprintf(ret, SLOT_TEXT, "none");
	for (size_t i = 0; board && i < BOARD_SLOTS; i++)
		if (board_slot(board, i)->pid == getpid())
			snprintf(ret, SLOT_TEXT, "%zu", i);
}

static void add_statements(struct buf *out, const struct pg *pg, struct board *board)
{
	char slot[SLOT_TEXT];

	own_slot(board, slot);
	for (int f = FAMILY_statement_calls; f <= FAMILY_statement_p99; f++) {
		prom_family(out, (enum family)f);
		for (int s = 0; s < STMT_COUNT; s++) {
			struct pg_stat stat;

			pg_stat_of(pg, (enum stmt)s, &stat);
			if (stat.calls)
				prom_sample(out, (enum family)f,
					    PROM_LABELS_OF({ "slot", str_of(slot) },
							   { "statement",
							     str_of(stmt_name((enum stmt)s)) }),
					    stat_value((enum family)f, &stat));
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
		prom_counters(&out, &cells);
		prom_histograms(&out, &cells);
		metrics_machine(&out, env);
	}
	add_statements(&out, env->pg, env->board);
	response_plain(call->res, call->req, 200, "text/plain; version=0.0.4; charset=utf-8",
		       buf_str(&out));
	return RC_OK;
}
