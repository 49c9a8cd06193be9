#include "base/vitals.h"

const struct alert_row alert_rows[ALERT_COUNT] = {
#define ALERT(name, severity, raise, clear, hold, text, advice)                                \
	{ #name, severity, raise, clear, hold, text, advice },
#include "base/alerts.def"
};

#define NS_PER_S INT64_C(1000000000)

void vital_saw(struct vital *v, bool up, int64_t latency_ns, int64_t now_us)
{
	if (!v->known || v->up != up)
		v->since_us = now_us;
	v->known = 1;
	v->up = up;
	if (!up)
		return;
	v->seen_us = now_us;
	v->latency_ns = latency_ns;
}

/* Rows whose raise is below clear watch for small values. */
static bool is_beyond(double value, double bound, bool small)
{
	return small ? value <= bound : value >= bound;
}

static bool wants_turn(const struct alert_state *state, const struct alert_row *row,
		       double value)
{
	bool small = row->raise < row->clear;

	return state->active ? is_beyond(value, row->clear, !small)
			     : is_beyond(value, row->raise, small);
}

enum alert_turn alert_see(struct alert_state *state, const struct alert_row *row, bool known,
			  double value, int64_t now_us, int64_t mono_ns)
{
	if (!known) {
		state->turn_ns = 0;
		return ALERT_STAYS;
	}
	state->value = value;
	if (!wants_turn(state, row, value)) {
		state->turn_ns = 0;
		return ALERT_STAYS;
	}
	/* What is ahead is of before the system was started anew. */
	if (!state->turn_ns || state->turn_ns > mono_ns)
		state->turn_ns = mono_ns;
	if (mono_ns - state->turn_ns < row->hold_s * NS_PER_S)
		return ALERT_STAYS;
	state->turn_ns = 0;
	state->active = !state->active;
	if (state->active) {
		state->since_us = now_us;
		state->resolved_us = 0;
		return ALERT_RAISED;
	}
	state->resolved_us = now_us;
	return ALERT_RESOLVED;
}
