/*
 * How the machine's dependencies do, as the ticker saw them last, and the alerts that follow
 * from it: part of the board.  The ticker writes, everybody reads.
 */
#ifndef BASE_VITALS_H
#define BASE_VITALS_H

#include <stdbool.h>
#include <stdint.h>

/* A dependency.  Times are microseconds of the wall clock, 0: never. */
struct vital {
	uint64_t known, up; /* 0 or 1; not known: it is off, or nobody has looked */
	int64_t since_us;   /* up or down since */
	int64_t seen_us;    /* the last answer */
	int64_t latency_ns; /* of that answer */
};

/* The outbox and the horizon of labels; -1: not known. */
struct vital_events {
	int64_t pending;    /* not yet applied by every relay */
	int64_t processing; /* of those: applied by some */
	int64_t done;       /* kept, and applied by all */
	int64_t failed;     /* parked: no relay can apply them */
	int64_t oldest_ms;  /* age of the oldest pending one */
	int64_t horizon;    /* transactions between the oldest running one and now */
	int64_t horizon_ms; /* for how long it has stood there */
};

enum alert {
#define ALERT(name, severity, raise, clear, hold, text, advice) ALERT_##name,
#include "base/alerts.def"
	ALERT_COUNT
};

struct alert_row {
	const char *name, *severity;
	double raise, clear; /* at or beyond: raised; at or back behind: resolved */
	int64_t hold_s;      /* for so long in a row */
	const char *text, *advice;
};
extern const struct alert_row alert_rows[ALERT_COUNT];

struct alert_state {
	uint64_t active;     /* 0 or 1 */
	int64_t since_us;    /* raised; 0: never */
	int64_t resolved_us; /* 0: not since it was raised */
	int64_t turn_ns;     /* the value asks for the other state since; monotonic, 0: not */
	double value;        /* the last one */
};

struct vitals {
	int64_t at_us; /* of the ticker's last turn */
	struct vital postgres, redis, analytics;
	struct vital_events events;
	struct alert_state alert[ALERT_COUNT];
};

/* How a look at a dependency went. */
void vital_saw(struct vital *v, bool up, int64_t latency_ns, int64_t now_us);
/* known false: this value cannot be had now, the alert stays as it is.  How long a value has
 * held is told by mono_ns, which nobody sets; now_us is what is shown. */
enum alert_turn {
	ALERT_STAYS,
	ALERT_RAISED,
	ALERT_RESOLVED
};
enum alert_turn alert_see(struct alert_state *state, const struct alert_row *row, bool known,
			  double value, int64_t now_us, int64_t mono_ns);

#endif
