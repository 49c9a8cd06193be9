/*
 * Counters and latency histograms.  Each process adds to its own slot of the board without a
 * lock; a reader adds the slots up.  metrics.def has one row a metric:
 *
 *	COUNTER(requests, "such_market_requests_total", "requests that reached a worker")
 *	HISTOGRAM(request_seconds, "such_market_request_seconds", "from accept to last byte")
 *	FAMILY(build, gauge, "such_market_build_info", "1, labelled with the version")
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdint.h>

enum counter {
#define COUNTER(name, prom, help) COUNTER_##name,
#define HISTOGRAM(name, prom, help)
#define FAMILY(name, type, prom, help)
#include "base/metrics.def"
	COUNTER_COUNT
};

enum histogram {
#define COUNTER(name, prom, help)
#define HISTOGRAM(name, prom, help) HISTOGRAM_##name,
#define FAMILY(name, type, prom, help)
#include "base/metrics.def"
	HISTOGRAM_COUNT
};

/* Metrics with labels, and what is read elsewhere: no cells, described here only. */
enum family {
#define COUNTER(name, prom, help)
#define HISTOGRAM(name, prom, help)
#define FAMILY(name, type, prom, help) FAMILY_##name,
#include "base/metrics.def"
	FAMILY_COUNT
};

struct metric_row {
	const char *prom, *help;
};
extern const struct metric_row counter_rows[COUNTER_COUNT];
extern const struct metric_row histogram_rows[HISTOGRAM_COUNT];
struct family_row {
	const char *type, *prom, *help;
};
extern const struct family_row family_rows[FAMILY_COUNT];

/* Upper bounds in nanoseconds; the last bucket is +Inf. */
#define HISTOGRAM_BUCKETS 20
extern const int64_t histogram_bounds_ns[HISTOGRAM_BUCKETS - 1];

struct histogram_cells {
	uint64_t bucket[HISTOGRAM_BUCKETS]; /* not cumulative */
	uint64_t sum_ns;
};

struct metric_cells {
	uint64_t counter[COUNTER_COUNT];
	struct histogram_cells histogram[HISTOGRAM_COUNT];
};

/* The same for histograms kept elsewhere (a statement's own times). */
void histogram_add(struct histogram_cells *h, int64_t ns);
uint64_t histogram_count(const struct histogram_cells *h);
/* q in 0 … 1, interpolated inside its bucket; beyond the last bound that bound; empty: 0. */
int64_t histogram_quantile_ns(const struct histogram_cells *h, double q);
/* Adds what another process may be writing meanwhile. */
void metric_sum(struct metric_cells *into, const struct metric_cells *from);

/* Where this process adds; before the call, or with NULL, a private place. */
void metric_attach(struct metric_cells *cells);
void metric_add(enum counter c, uint64_t n);
void metric_time(enum histogram h, int64_t ns);

#endif
