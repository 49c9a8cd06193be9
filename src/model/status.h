/*
 * What a machine says of itself, from its board: processes, dependencies, alerts.  Written as
 * JSON by whoever is asked, and announced in Redis for the other machines.
 */
#ifndef MODEL_STATUS_H
#define MODEL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct board;
struct json;

struct status {
	const char *machine;
	struct board *board;
	const char *const *role_names;
	size_t role_count;
	int64_t now_us, mono_ns;
};

/* An object {machine, at, tickerAt, processes, dependencies, alerts}. */
void status_write(struct json *j, const char *key, const struct status *s);
void status_processes(struct json *j, const char *key, const struct status *s);
void status_dependencies(struct json *j, const char *key, const struct status *s);
/* An array of those that are raised, and those that were; and its elements alone. */
void status_alerts(struct json *j, const char *key, const struct status *s);
void status_alert_rows(struct json *j, const struct status *s);
/* An array of {name, severity, since, value} of those that are raised; board NULL: none. */
void status_raised(struct json *j, const char *key, struct board *board);

/* What was announced by another machine is of a moment ago: one that has said nothing for so
 * long is silent.  Its own clock has no say. */
#define STATUS_SILENT_MS 10000
bool status_is_heard(int64_t age_ms);

/* {status, since, latencyMs, ageMs}: age of the last answer, none below zero: the ticker may
 * look while this is written, and clocks are set. */
struct vital;
int64_t status_age_ms(int64_t then_us, int64_t now_us);
void status_vital(struct json *j, const char *key, const struct vital *v, int64_t now_us);

#endif
