/* Results of any size, row by row. */
#include "base/clock.h"
#include "base/metric.h"
#include "base/stages.h"
#include "net/internal.h"

static enum rc begin(struct pg *pg, const struct order *order)
{
	pg->label_wanted = false; /* one taken after these rows would be too high */
	enum rc rc = pg_ready(pg, 0);
	int64_t until = wire_until(pg, clock_mono_ns());
	if (rc == RC_OK && !pg->prepared[order->stmt])
		rc = pg_prepare(pg, order->stmt, until);
	if (rc != RC_OK)
		return rc;
	if (!pg_send(pg, order) || !PQsetSingleRowMode(pg->conn))
		return pg_unsent(pg);
	metric_add(COUNTER_pg_statements, 1);
	return RC_OK;
}

enum rc pg_stream(struct pg *pg, enum stmt stmt, const struct pg_arg *args, size_t n,
		  pg_row *fn, void *ctx)
{
	int64_t start = clock_mono_ns();
	enum rc rc = begin(pg, &(struct order){ .stmt = (int)stmt, .args = args, .n = n });
	if (rc == RC_OK)
		rc = wire_rows(pg, fn, ctx);
	int64_t ns = clock_mono_ns() - start;
	fault_count(rc);
	metric_time(HISTOGRAM_pg_seconds, ns);
	stages_add(STAGE_database, ns);
	stat_add(pg, (int)stmt, ns, rc);
	return rc;
}
