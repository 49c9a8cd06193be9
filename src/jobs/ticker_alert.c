/* Alerts: the values that base/alerts.def has rules for, over the last five minutes. */
#include "base/log.h"
#include "base/metric.h"
#include "cache/cache.h"
#include "jobs/ticker_run.h"

#define REQUESTS_LEAST 20 /* fewer say nothing */
#define READS_LEAST    100
#define NS_PER_MS      1e6

/* --- the last five minutes ---------------------------------------------------------------- */

/* Sums as they stood at steps of ten seconds.  Turns may be further apart than steps: those
 * between are as the present one.  One that comes after the whole window begins anew. */
static void remember(struct ticker_window *w, const struct tally *sums, int64_t mono_ns)
{
	int64_t step = mono_ns / WINDOW_STEP_NS;

	if (w->count == 0 || step - w->step >= WINDOW_STEPS) {
		w->count = 0;
		w->step = step - 1;
	}
	while (w->step < step) {
		w->step++;
		w->at[w->step % WINDOW_STEPS] = *sums;
		if (w->count < WINDOW_STEPS)
			w->count++;
	}
}

static void look_back(const struct ticker_window *w, const struct tally *sums,
		      struct tally *ret)
{
	int64_t oldest = w->step - w->count + 1;

	tally_difference(sums, &w->at[oldest % WINDOW_STEPS], ret);
}

/* --- values ------------------------------------------------------------------------------- */

struct value {
	bool known;
	double value;
};

/* This turn has looked at all there are: one that is not known is off, and not away. */
static struct value of_vital(const struct vital *v)
{
	return (struct value){ true, v->known && !v->up };
}

/* Only one that answers says what it would do. */
static struct value of_policy(const struct vital *v, bool evicts)
{
	return (struct value){ !v->known || v->up, v->known && evicts };
}

static struct value of_count(int64_t n)
{
	return (struct value){ n >= 0, (double)n };
}

static struct value of_lease(const struct cache *cache)
{
	struct cache_state state;

	cache_state(cache, &state);
	return (struct value){ true, state.on && !state.leased };
}

/* Too little traffic is no reason for an alert, and ends one. */
static void measure(const struct ticker *t, const struct tally *recent,
		    struct value ret[ALERT_COUNT])
{
	const struct vitals *v = board_vitals(t->parts.board);
	double requests = (double)recent->requests, reads = (double)analytics_reads(recent);
	double p95 = (double)histogram_quantile_ns(&recent->latency, 0.95) / NS_PER_MS;
	bool busy = requests >= REQUESTS_LEAST, reading = reads >= READS_LEAST;
	const struct value all[ALERT_COUNT] = {
		[ALERT_postgres_away] = of_vital(&v->postgres),
		[ALERT_redis_away] = of_vital(&v->redis),
		[ALERT_analytics_away] = of_vital(&v->analytics),
		[ALERT_low_hit_rate] = { true,
					 reading ? (double)analytics_hits(recent) / reads : 1 },
		[ALERT_slow_p95] = { true, busy ? p95 : 0 },
		[ALERT_error_rate] = { true, busy ? (double)recent->errors / requests : 0 },
		[ALERT_old_events] = of_count(v->events.oldest_ms),
		[ALERT_parked_events] = of_count(v->events.failed),
		[ALERT_long_transaction] = of_count(v->events.horizon_ms),
		[ALERT_no_lease] = of_lease(t->parts.cache),
		[ALERT_eviction_policy] = of_policy(&v->analytics, t->evicts),
	};

	memcpy(ret, all, sizeof(all));
}

static void tell(const struct alert_row *row, const struct alert_state *state,
		 enum alert_turn turn)
{
	if (turn == ALERT_RAISED)
		log_warn("alert", LOG_STR("alert", str_of(row->name)),
			 LOG_REAL("value", state->value), LOG_STR("text", str_of(row->text)));
	else if (turn == ALERT_RESOLVED)
		log_info("alert resolved", LOG_STR("alert", str_of(row->name)),
			 LOG_REAL("value", state->value));
}

void ticker_alert(struct ticker *t, int64_t now_us, int64_t mono_ns)
{
	struct vitals *v = board_vitals(t->parts.board);
	struct value values[ALERT_COUNT];
	struct tally recent;

	remember(&t->window, &t->sums, mono_ns);
	look_back(&t->window, &t->sums, &recent);
	measure(t, &recent, values);
	for (size_t i = 0; i < ALERT_COUNT; i++)
		tell(&alert_rows[i], &v->alert[i],
		     alert_see(&v->alert[i], &alert_rows[i], values[i].known, values[i].value,
			       now_us, mono_ns));
}
