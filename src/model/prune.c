#include "model/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/scope.h"
#include "net/pg.h"

static const struct {
	const char *name;
	enum stmt stmt;    /* $1 seconds they are kept, $2 how many may go -> how many went */
	const char *piece; /* rows of a transaction */
} rows[PRUNES] = {
	[PRUNE_AUDIT] = { "audit rows", STMT_audit_prune, "10000" },
	[PRUNE_MENDS] = { "rows of recounts", STMT_ownership_mends_prune, "10000" },
	/* a report is large */
	[PRUNE_SNAPSHOTS] = { "snapshots of the counters", STMT_snapshot_prune, "1000" },
};

const char *prune_name(enum prune what)
{
	return rows[what].name;
}

static enum rc step(struct pg *pg, enum prune what, const char *keep_s, int64_t *ret_gone)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, rows[what].stmt,
				      PG_ARGS(pg_text(keep_s), pg_text(rows[what].piece)));

	if (row.rc == RC_OK)
		*ret_gone = pg_i64(&row, 0, 0);
	return row.rc;
}

enum rc prune_run(struct pg *pg, enum prune what, int64_t keep_s, int64_t *ret_gone)
{
	char keep[24];
	int64_t gone = 0, some = 0;
	enum rc rc;

	snprintf(keep, sizeof(keep), "%" PRId64, keep_s);
	do {
		rc = step(pg, what, keep, &some);
		gone += rc == RC_OK ? some : 0;
	} while (rc == RC_OK && some > 0);
	*ret_gone = gone;
	return rc;
}
