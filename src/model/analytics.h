/*
 * The counters of all machines, in hashes of Redis (docs/design/analytics.md): what the ticker
 * sends, what the metrics route reads.  Every key has the braces "{counts}": what one script
 * touches is in one hash slot.
 */
#ifndef MODEL_ANALYTICS_H
#define MODEL_ANALYTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/tally.h"
#include "net/redis.h"

struct arena;

struct analytics_options {
	bool on;
	const char *url; /* "" : the cache's Redis */
	int64_t interval_ms, budget_ms;
	const char *prefix; /* no setting of its own: redis_prefix */
	struct redis_options redis;
};
extern const struct conf_key analytics_keys[];

/* Fills prefix and redis, when all settings are known. */
void analytics_settle(struct analytics_options *options, const struct redis_options *cache,
		      const char *prefix);

/* What outlives what: a number outlives every bucket it may have been counted into. */
#define ANALYTICS_MINUTE_S (25 * 3600)
#define ANALYTICS_DAY_S    (35 * 86400)
#define ANALYTICS_NUMBER_S (40 * 86400)
#define ANALYTICS_TOP_MAX  1000 /* collections kept a day */

#define US_PER_MINUTE INT64_C(60000000)

/* A handle and what goes with it. */
struct analytics {
	struct redis *redis;
	const struct analytics_options *options;
	const struct tally_names *names;
};

/* As redis_run; the request that waits for it has waited for Redis (base/stages.h). */
enum rc analytics_run(const struct analytics *a, struct arena *arena,
		      const struct redis_command *commands, size_t n, struct redis_reply *ret);
/* Whether Redis answers now. */
bool analytics_answers(const struct analytics *a);

enum analytics_key {
	ANALYTICS_KEY_MINUTE, /* at: minutes since 1970 */
	ANALYTICS_KEY_DAY,    /* of that minute */
	ANALYTICS_KEY_TOP,    /* of that day */
	ANALYTICS_KEY_MACHINES
};
struct str analytics_key(const struct analytics *a, struct arena *arena,
			 enum analytics_key kind, int64_t minute);

struct analytics_batch {
	const char *machine;
	uint64_t board, number; /* numbers grow within a board */
	int64_t minute;
	const struct tally *delta;
	const struct top_row *top; /* count: to be added */
	size_t tops;
};

/* RC_OK: it is counted, now or when it was sent before; *ret_odd: fields that something else
 * than this program holds, lost.  RC_TIMEOUT, RC_UNAVAILABLE: nobody knows, send it again.
 * RC_INTERNAL: Redis refused it (redis_error) or did not answer with a number, send it again.
 */
enum rc analytics_apply(const struct analytics *a, struct arena *arena,
			const struct analytics_batch *batch, int64_t *ret_odd);

/* Forgets what Redis has of all machines.  What a machine has not flushed yet comes later:
 * batches keep their numbers, none is lost or counted twice.  Not RC_OK: nothing was forgotten,
 * or, with *ret_unknown, nobody knows. */
enum rc analytics_reset(const struct analytics *a, struct arena *arena, int64_t now_us,
			bool *ret_unknown);

/* --- reading */

struct analytics_range {
	const char *name; /* "1h" */
	int64_t buckets;  /* minutes, or days */
	int64_t together; /* minutes in a point */
	bool days;
};
#define ANALYTICS_RANGES 6
extern const struct analytics_range analytics_ranges[ANALYTICS_RANGES];

#define ANALYTICS_POINTS_MAX 64
#define ANALYTICS_TOP        20

struct analytics_point {
	int64_t start_us;
	uint64_t requests, errors, reads, hits, ns;
};

struct analytics_counts {
	struct tally sum;
	struct analytics_point point[ANALYTICS_POINTS_MAX]; /* oldest first */
	size_t points;
	struct top_row top[ANALYTICS_TOP]; /* of the days that the range touches */
	size_t tops;
};

#define ANALYTICS_READ_MS 2000 /* of all round trips of a report together, but the last one */

/* All machines, up to the bucket of now_us and with it.  RC_TIMEOUT also: it took too long as a
 * whole. */
enum rc analytics_read(const struct analytics *a, const struct analytics_range *range,
		       int64_t now_us, struct analytics_counts *ret);

/* Reads of a row of read[]; those that found a copy, flagged ones too. */
uint64_t analytics_reads(const struct tally *t);
uint64_t analytics_hits(const struct tally *t);

/* --- machines, each with a text about itself */

#define ANALYTICS_FORGET_S 86400 /* so long after it was written it is forgotten */

struct analytics_machine {
	struct str text; /* not checked */
	int64_t age_ms;  /* since it was written: by the clock of Redis alone */
};

enum rc analytics_announce(const struct analytics *a, struct arena *arena, const char *machine,
			   struct str text);
/* All machines but this one, in the arena, those first that were written last. */
enum rc analytics_machines(const struct analytics *a, struct arena *arena, const char *but,
			   struct analytics_machine **ret, size_t *ret_n);

/* Whether what is kept there may be evicted: *ret_bad is a text, NULL when all is well. */
enum rc analytics_policy(const struct analytics *a, struct arena *arena, const char **ret_bad);

#endif
