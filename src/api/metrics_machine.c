/* What the board says, as Prometheus reads it. */
#include <inttypes.h>
#include <stdio.h>
#include "api/prom.h"
#include "api/routes.h"
#include "base/board.h"
#include "base/scope.h"
#include "model/env.h"
#include "model/reads.h"

/* Cells that nothing was counted in are left out: the labels stay few. */
static void add_routes(struct buf *out, const struct tally *tally)
{
	prom_family(out, FAMILY_route_requests);
	for (size_t i = 0; i < TALLY_ROUTES * TALLY_CLASSES; i++) {
		size_t r = i / TALLY_CLASSES, class = i % TALLY_CLASSES;
		struct str path = str_of(r < route_count ? counted_names.route[r] : "* other");
		struct str method = str_cut(&path, ' ');

		if (tally->route[r][class] && (r < route_count || r == TALLY_OTHER))
			prom_sample(out, FAMILY_route_requests,
				    PROM_LABELS_OF({ "method", method }, { "route", path },
						   { "status", str_of(tally_classes[class]) }),
				    (double)tally->route[r][class]);
	}
}

static void add_reads(struct buf *out, const struct tally *tally)
{
	prom_family(out, FAMILY_cache_reads);
	for (size_t i = 0; i < READ_COUNT * TALLY_OUTCOMES; i++) {
		size_t r = i / TALLY_OUTCOMES, o = i % TALLY_OUTCOMES;
		const struct tally_outcome_row *row = &tally_outcomes[o];

		if (tally->read[r][o])
			prom_sample(out, FAMILY_cache_reads,
				    PROM_LABELS_OF({ "type", str_of(read_names[r]) },
						   { "tier", str_of(row->tier) },
						   { "outcome", str_of(row->outcome) }),
				    (double)tally->read[r][o]);
	}
}

static struct str role_of(const struct env *env, int32_t role, char text[16])
{
	if (role >= 0 && (size_t)role < env->role_count)
		return str_of(env->role_names[role]);
	snprintf(text, 16, "%" PRId32, role);
	return str_of(text);
}

static const struct board_slot *process_at(const struct env *env, size_t i)
{
	const struct board_slot *slot = board_slot(env->board, i);

	return slot->state == BOARD_FREE || slot->role < 0 ? NULL : slot;
}

/* One row a process: 1, labelled with what it does. */
static void add_states(struct buf *out, const struct env *env)
{
	char number[16], role[16];

	prom_family(out, FAMILY_process_state);
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = process_at(env, i);

		if (!slot)
			continue;
		snprintf(number, sizeof(number), "%zu", i);
		prom_sample(out, FAMILY_process_state,
			    PROM_LABELS_OF({ "slot", str_of(number) },
					   { "role", role_of(env, slot->role, role) },
					   { "state", str_of(board_state_name(slot->state)) }),
			    1);
	}
}

static void add_restarts(struct buf *out, const struct env *env)
{
	char number[16];

	prom_family(out, FAMILY_process_restarts);
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = process_at(env, i);

		if (!slot)
			continue;
		snprintf(number, sizeof(number), "%zu", i);
		prom_sample(out, FAMILY_process_restarts,
			    PROM_LABELS_OF({ "slot", str_of(number) }), (double)slot->restarts);
	}
}

/* --- what the ticker saw ------------------------------------------------------------------ */

static double us_age(const struct env *env, int64_t us)
{
	return (double)(env->now_us - us) / 1e6;
}

static void add_dependencies(struct buf *out, const struct env *env, const struct vitals *v)
{
	const struct {
		const char *name;
		const struct vital *vital;
	} all[] = { { "postgres", &v->postgres },
		    { "redis", &v->redis },
		    { "analytics_redis", &v->analytics } };

	prom_family(out, FAMILY_dependency_up);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].vital->known)
			prom_sample(out, FAMILY_dependency_up,
				    PROM_LABELS_OF({ "dependency", str_of(all[i].name) }),
				    (double)all[i].vital->up);
	prom_family(out, FAMILY_dependency_latency);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].vital->seen_us)
			prom_sample(out, FAMILY_dependency_latency,
				    PROM_LABELS_OF({ "dependency", str_of(all[i].name) }),
				    (double)all[i].vital->latency_ns / 1e9);
	prom_family(out, FAMILY_dependency_age);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].vital->seen_us)
			prom_sample(out, FAMILY_dependency_age,
				    PROM_LABELS_OF({ "dependency", str_of(all[i].name) }),
				    us_age(env, all[i].vital->seen_us));
}

/* -1: not known, and then no sample is better than a wrong one. */
static void add_events(struct buf *out, const struct vital_events *e)
{
	const struct {
		const char *state;
		int64_t n;
	} states[] = { { "pending", e->pending },
		       { "processing", e->processing },
		       { "failed", e->failed } };

	prom_family(out, FAMILY_events);
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (states[i].n >= 0)
			prom_sample(out, FAMILY_events,
				    PROM_LABELS_OF({ "state", str_of(states[i].state) }),
				    (double)states[i].n);
	if (e->horizon < 0)
		return;
	prom_gauge(out, FAMILY_events_oldest, (double)e->oldest_ms / 1e3);
	prom_gauge(out, FAMILY_horizon, (double)e->horizon);
	prom_gauge(out, FAMILY_horizon_age, (double)e->horizon_ms / 1e3);
}

static void add_alerts(struct buf *out, const struct vitals *v)
{
	prom_family(out, FAMILY_alert);
	for (size_t i = 0; i < ALERT_COUNT; i++)
		prom_sample(out, FAMILY_alert,
			    PROM_LABELS_OF({ "alert", str_of(alert_rows[i].name) },
					   { "severity", str_of(alert_rows[i].severity) }),
			    (double)v->alert[i].active);
}

void metrics_machine(struct buf *out, const struct env *env)
{
	const struct vitals *v = board_vitals(env->board);
	struct tally tally, pending;

	board_tally(env->board, &tally);
	ledger_pending(board_ledger(env->board), &tally, &pending);
	add_routes(out, &tally);
	add_reads(out, &tally);
	add_states(out, env);
	add_restarts(out, env);
	prom_gauge(out, FAMILY_pending, (double)pending.requests);
	if (!v->at_us)
		return;
	prom_gauge(out, FAMILY_ticker_age, us_age(env, v->at_us));
	add_dependencies(out, env, v);
	add_events(out, &v->events);
	add_alerts(out, v);
}
