/* Statistics of named statements: buckets four an octave, so a quantile is at most 25 % high.
 */
#include <assert.h>
#include "net/internal.h"

#define FIRST_SHIFT 10 /* the first bucket ends at 1,024 ns */

static int bucket_of(int64_t ns)
{
	if (ns < 1 << FIRST_SHIFT)
		return 0;
	int octave = 63 - __builtin_clzll((uint64_t)ns);
	int quarter = (int)(ns >> (octave - 2)) & 3;
	int i = 1 + (octave - FIRST_SHIFT) * 4 + quarter;
	return i < STAT_BUCKETS ? i : STAT_BUCKETS - 1;
}

static int64_t bucket_end(int i)
{
	if (i == 0)
		return 1 << FIRST_SHIFT;
	int octave = FIRST_SHIFT + (i - 1) / 4;
	return ((int64_t)1 << octave) + ((int64_t)((i - 1) % 4 + 1) << (octave - 2));
}

void stat_add(struct pg *pg, int stmt, int64_t ns, enum rc rc)
{
	if (stmt < 0)
		return;
	struct stat_cells *cells = &pg->stat[stmt];
	cells->calls++;
	cells->errors += rc != RC_OK;
	cells->total_ns += ns;
	cells->bucket[bucket_of(ns)]++;
}

static int64_t quantile(const struct stat_cells *cells, uint64_t percent)
{
	uint64_t seen = 0;
	for (int i = 0; i < STAT_BUCKETS; i++) {
		seen += cells->bucket[i];
		if (seen > 0 && seen * 100 >= cells->calls * percent)
			return bucket_end(i);
	}
	return 0;
}

void pg_stat_of(const struct pg *pg, enum stmt stmt, struct pg_stat *ret)
{
	assert(stmt < STMT_COUNT);
	const struct stat_cells *cells = &pg->stat[stmt];
	*ret = (struct pg_stat){
		.calls = cells->calls,
		.errors = cells->errors,
		.retries = cells->retries,
		.total_ns = cells->total_ns,
		.p95_ns = quantile(cells, 95),
		.p99_ns = quantile(cells, 99),
	};
}
