#include "base/metric.h"

#include <stddef.h>
#include "base/scope.h"

const struct metric_row counter_rows[COUNTER_COUNT] = {
#define COUNTER(name, prom, help) [COUNTER_##name] = { prom, help },
#define HISTOGRAM(name, prom, help)
#define FAMILY(name, type, prom, help)
#include "base/metrics.def"
};

const struct metric_row histogram_rows[HISTOGRAM_COUNT] = {
#define COUNTER(name, prom, help)
#define HISTOGRAM(name, prom, help) [HISTOGRAM_##name] = { prom, help },
#define FAMILY(name, type, prom, help)
#include "base/metrics.def"
};

const struct family_row family_rows[FAMILY_COUNT] = {
#define COUNTER(name, prom, help)
#define HISTOGRAM(name, prom, help)
#define FAMILY(name, type, prom, help) [FAMILY_##name] = { #type, prom, help },
#include "base/metrics.def"
};

#define US(n) ((int64_t)1000 * (n))
#define MS(n) ((int64_t)(1e6 * (n)))

const int64_t histogram_bounds_ns[HISTOGRAM_BUCKETS - 1] = {
	US(50),   US(100),  US(250),   US(500),   MS(1),     MS(2.5), MS(5),
	MS(10),   MS(25),   MS(50),    MS(100),   MS(250),   MS(500), MS(1000),
	MS(2500), MS(5000), MS(10000), MS(30000), MS(60000),
};

static struct metric_cells own;
static struct metric_cells *cells = &own;

void metric_attach(struct metric_cells *to)
{
	cells = to ? to : &own;
}

/* One process writes a cell, others read it: no torn value, no locked instruction. */
static void bump(uint64_t *cell, uint64_t n)
{
	uint64_t old = __atomic_load_n(cell, __ATOMIC_RELAXED);

	__atomic_store_n(cell, old + n, __ATOMIC_RELAXED);
}

void metric_add(enum counter c, uint64_t n)
{
	bump(&cells->counter[c], n);
}

void histogram_add(struct histogram_cells *h, int64_t ns)
{
	size_t i = 0;

	if (ns < 0)
		ns = 0;
	while (i < COUNT_OF(histogram_bounds_ns) && ns > histogram_bounds_ns[i])
		i++;
	bump(&h->bucket[i], 1);
	bump(&h->sum_ns, (uint64_t)ns);
}

void metric_time(enum histogram h, int64_t ns)
{
	histogram_add(&cells->histogram[h], ns);
}

uint64_t histogram_count(const struct histogram_cells *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += __atomic_load_n(&h->bucket[i], __ATOMIC_RELAXED);
	return n;
}

int64_t histogram_quantile_ns(const struct histogram_cells *h, double q)
{
	double rank = q * (double)histogram_count(h), seen = 0;

	for (size_t i = 0; i < COUNT_OF(histogram_bounds_ns); i++) {
		int64_t low = i ? histogram_bounds_ns[i - 1] : 0;
		double n = (double)__atomic_load_n(&h->bucket[i], __ATOMIC_RELAXED);

		if (n > 0 && seen + n >= rank)
			return low + (int64_t)((double)(histogram_bounds_ns[i] - low) *
					       (rank - seen) / n);
		seen += n;
	}
	return seen < rank ? histogram_bounds_ns[COUNT_OF(histogram_bounds_ns) - 1] : 0;
}

void metric_sum(struct metric_cells *into, const struct metric_cells *from)
{
	const uint64_t *src = (const uint64_t *)from;
	uint64_t *dst = (uint64_t *)into;

	_Static_assert(sizeof(*from) % sizeof(*src) == 0, "cells are 64-bit words only");
	for (size_t i = 0; i < sizeof(*from) / sizeof(*src); i++)
		dst[i] += __atomic_load_n(&src[i], __ATOMIC_RELAXED);
}
