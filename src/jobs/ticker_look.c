/* How the dependencies do. */
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/scope.h"
#include "jobs/ticker_run.h"
#include "net/pg.h"

#define PG_MS     500
#define POLICY_NS INT64_C(60000000000)

static const struct vital_events unknown = { -1, -1, -1, -1, -1, -1, -1 };

/* The oldest running transaction: how many began since, and for how long it has been so. */
static void see_horizon(struct ticker *t, const struct pg_result *row, int64_t mono_ns,
			struct vital_events *ret)
{
	uint64_t xmin = strtoull(pg_str(row, 0, 0).ptr, NULL, 10);
	uint64_t xmax = strtoull(pg_str(row, 0, 1).ptr, NULL, 10);

	if (xmin != t->xmin || xmin == xmax)
		t->xmin_ns = mono_ns;
	t->xmin = xmin;
	ret->horizon = (int64_t)(xmax - xmin);
	ret->horizon_ms = (mono_ns - t->xmin_ns) / 1000000;
}

/* A server that cannot say this in time may be well: the values are not known then. */
static struct vital_events look_at_events(struct ticker *t, int64_t mono_ns)
{
	struct vital_events events = unknown;

	SCOPED(pg_result_done)
	struct pg_result row = pg_run(t->parts.pg, STMT_analytics_vitals, PG_NO_ARGS);
	if (row.rc != RC_OK || row.count != 1)
		return unknown;
	see_horizon(t, &row, mono_ns, &events);
	events.pending = pg_i64(&row, 0, 2);
	events.processing = pg_i64(&row, 0, 3);
	events.oldest_ms = pg_i64(&row, 0, 4);
	events.failed = pg_i64(&row, 0, 5);
	return events;
}

static void look_at_postgres(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	struct vitals *v = board_vitals(t->parts.board);
	int64_t start_ns = clock_mono_ns();

	pg_set_deadline(t->parts.pg, PG_MS);
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(t->parts.pg, STMT_ping, PG_NO_ARGS);
	bool up = row.rc == RC_OK;
	vital_saw(&v->postgres, up, clock_mono_ns() - start_ns, now_us);
	v->events = up ? look_at_events(t, mono_ns) : unknown;
}

static void look_at_redis(struct redis *redis, struct vital *v, int64_t now_us)
{
	int64_t ns = 0;

	if (!redis || !redis_configured(redis)) {
		*v = (struct vital){ 0 };
		return;
	}
	bool up = redis_ping(redis, &ns) == RC_OK;
	vital_saw(v, up, ns, now_us);
}

/* May it evict what it is given?  Asked now and then: it can be changed at any time. */
static void look_at_policy(struct ticker *t, int64_t mono_ns)
{
	const char *bad;

	if (mono_ns < t->policy_at_ns)
		return;
	arena_reset(t->arena);
	if (analytics_policy(&t->parts.analytics, t->arena, &bad) != RC_OK)
		return;
	t->policy_at_ns = mono_ns + POLICY_NS;
	if (bad && !t->evicts)
		log_warn("Redis may evict counters: volatile-ttl or noeviction keep them",
			 LOG_STR("maxmemory-policy", str_of(bad)));
	t->evicts = bad != NULL;
}

void ticker_look(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	struct vitals *v = board_vitals(t->parts.board);

	look_at_postgres(t, now_us, mono_ns);
	look_at_redis(t->parts.redis, &v->redis, now_us);
	look_at_redis(t->parts.analytics.redis, &v->analytics, now_us);
	if (v->analytics.known && v->analytics.up)
		look_at_policy(t, mono_ns);
}
