#include "model/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/scope.h"
#include "net/pg.h"

#define PRUNE_STEP "1000" /* a report is large */

static enum rc prune_step(struct pg *pg, const char *keep_s, int64_t *ret_gone)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_snapshot_prune, PG_ARGS(pg_text(keep_s), pg_text(PRUNE_STEP)));

	if (row.rc == RC_OK)
		*ret_gone = pg_i64(&row, 0, 0);
	return row.rc;
}

enum rc snapshot_prune(struct pg *pg, int64_t keep_s, int64_t *ret_gone)
{
	char keep[24];
	int64_t gone = 0, step = 0;
	enum rc rc;

	snprintf(keep, sizeof(keep), "%" PRId64, keep_s);
	do {
		rc = prune_step(pg, keep, &step);
		gone += rc == RC_OK ? step : 0;
	} while (rc == RC_OK && step > 0);
	*ret_gone = gone;
	return rc;
}
