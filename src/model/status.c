#include "model/status.h"

#include "base/board.h"
#include "base/json.h"
#include "base/scope.h"

/* --- processes ---------------------------------------------------------------------------- */

static bool is_busy(enum board_state state)
{
	return state == BOARD_READING || state == BOARD_WORKING || state == BOARD_WRITING;
}

static void write_role(struct json *j, const struct status *s, int32_t role)
{
	if ((size_t)role < s->role_count)
		json_strz(j, "role", s->role_names[role]);
	else
		json_null(j, "role");
}

static void write_process(struct json *j, const struct status *s, size_t slot,
			  const struct board_slot *p)
{
	int64_t age_us = (s->mono_ns - p->state_since_ns) / 1000;

	if (age_us < 0) /* it changed since the clock was read */
		age_us = 0;
	json_object(j, NULL);
	json_int(j, "slot", (int64_t)slot);
	write_role(j, s, p->role);
	json_int(j, "pid", p->pid);
	json_strz(j, "state", board_state_name(p->state));
	json_time(j, "since", s->now_us - age_us);
	json_time(j, "startedAt", p->started_us);
	json_int(j, "restarts", (int64_t)p->restarts);
	json_int(j, "requests", (int64_t)p->tally.requests);
	if (is_busy(p->state))
		json_int(j, "requestAgeMs", age_us / 1000);
	else
		json_null(j, "requestAgeMs");
	json_end(j);
}

void status_processes(struct json *j, const char *key, const struct status *s)
{
	json_array(j, key);
	for (size_t i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *p = board_slot(s->board, i);

		if (p->state != BOARD_FREE && p->role >= 0 && p->started_us)
			write_process(j, s, i, p);
	}
	json_end(j);
}

/* --- dependencies ------------------------------------------------------------------------- */

static void write_time(struct json *j, const char *key, int64_t us)
{
	if (us)
		json_time(j, key, us);
	else
		json_null(j, key);
}

int64_t status_age_ms(int64_t then_us, int64_t now_us)
{
	return now_us > then_us ? (now_us - then_us) / 1000 : 0;
}

void status_vital(struct json *j, const char *key, const struct vital *v, int64_t now_us)
{
	json_object(j, key);
	json_strz(j, "status", !v->known ? "unknown" : v->up ? "ok" : "down");
	write_time(j, "since", v->since_us);
	if (v->seen_us) {
		json_double(j, "latencyMs", (double)(v->latency_ns / 1000) / 1e3);
		json_int(j, "ageMs", status_age_ms(v->seen_us, now_us));
	} else {
		json_null(j, "latencyMs");
		json_null(j, "ageMs");
	}
	json_end(j);
}

void status_dependencies(struct json *j, const char *key, const struct status *s)
{
	const struct vitals *v = board_vitals(s->board);

	json_object(j, key);
	status_vital(j, "postgres", &v->postgres, s->now_us);
	status_vital(j, "redis", &v->redis, s->now_us);
	status_vital(j, "analyticsRedis", &v->analytics, s->now_us);
	json_end(j);
}

/* --- alerts ------------------------------------------------------------------------------- */

static void write_alert(struct json *j, const struct status *s, const struct alert_row *row,
			const struct alert_state *state)
{
	json_object(j, NULL);
	json_strz(j, "id", row->name);
	json_strz(j, "type", row->name);
	json_strz(j, "message", row->text);
	json_strz(j, "severity", row->severity);
	json_time(j, "timestamp", state->since_us);
	json_bool(j, "resolved", !state->active);
	write_time(j, "resolvedAt", state->active ? 0 : state->resolved_us);
	json_double(j, "value", state->value);
	json_double(j, "threshold", row->raise);
	json_strz(j, "machine", s->machine);
	json_end(j);
}

void status_alert_rows(struct json *j, const struct status *s)
{
	const struct vitals *v = board_vitals(s->board);

	for (size_t i = 0; i < ALERT_COUNT; i++)
		if (v->alert[i].since_us)
			write_alert(j, s, &alert_rows[i], &v->alert[i]);
}

void status_alerts(struct json *j, const char *key, const struct status *s)
{
	json_array(j, key);
	status_alert_rows(j, s);
	json_end(j);
}

void status_raised(struct json *j, const char *key, struct board *board)
{
	const struct vitals *v = board ? board_vitals(board) : NULL;

	json_array(j, key);
	for (size_t i = 0; v && i < ALERT_COUNT; i++) {
		if (!v->alert[i].active)
			continue;
		json_object(j, NULL);
		json_strz(j, "name", alert_rows[i].name);
		json_strz(j, "severity", alert_rows[i].severity);
		json_time(j, "since", v->alert[i].since_us);
		json_double(j, "value", v->alert[i].value);
		json_end(j);
	}
	json_end(j);
}

void status_write(struct json *j, const char *key, const struct status *s)
{
	json_object(j, key);
	json_strz(j, "machine", s->machine);
	json_time(j, "at", s->now_us);
	write_time(j, "tickerAt", board_vitals(s->board)->at_us);
	status_processes(j, "processes", s);
	status_dependencies(j, "dependencies", s);
	status_alerts(j, "alerts", s);
	json_end(j);
}

bool status_is_heard(int64_t age_ms)
{
	return age_ms < STATUS_SILENT_MS;
}
