/*
 * Labels.  The label is taken by a statement of its own, sent before the read in one libpq
 * pipeline: one round trip, and any statement can be labelled.  Its snapshot is older than the
 * one of the read, so its xmin is a label of the read as well.
 */
#include <assert.h>
#include <stdlib.h>
#include "net/internal.h"

void pg_label_begin(struct pg *pg)
{
	pg->label = 0;
	pg->label_wanted = true;
}

bool pg_label_taken(const struct pg *pg)
{
	return pg->label != 0;
}

uint64_t pg_label(struct pg *pg)
{
	uint64_t label = pg->label;
	pg->label = 0;
	pg->label_wanted = false;
	return label;
}

/* A transaction may have written: others do not see what it reads.  Plain text cannot be put
 * into a pipeline; a label taken after it would be too high. */
bool label_wanted(struct pg *pg, const struct order *order)
{
	if (!pg->label_wanted || pg->opening)
		return false;
	if (!order->plain && !pg->pinned && !pg_in_transaction(pg))
		return true;
	pg->label_wanted = false;
	return false;
}

enum rc label_prepare(struct pg *pg, int64_t until_ns)
{
	return pg->prepared[STMT_event_label] ? RC_OK
					      : pg_prepare(pg, STMT_event_label, until_ns);
}

bool label_send(struct pg *pg, const struct order *order)
{
	return PQenterPipelineMode(pg->conn) &&
	       PQsendQueryPrepared(pg->conn, stmt_name(STMT_event_label), 0, NULL, NULL, NULL,
				   0) &&
	       pg_send(pg, order) && PQpipelineSync(pg->conn);
}

static bool is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT;
}

/* The label, the read, the end of the pipeline.  After a failure the server skips to the end.
 */
enum rc label_collect(struct pg *pg, int64_t until_ns, PGresult **ret)
{
	PGresult *label = NULL, *read = NULL, *end = NULL;
	enum rc rc = wire_collect(pg, until_ns, &label), rc_read = RC_OK, rc_end = RC_OK;
	if (pg->conn)
		rc_read = wire_collect(pg, until_ns, &read);
	if (pg->conn && !(read && is_copy(read)))
		rc_end = wire_collect(pg, until_ns, &end);
	rc = rc != RC_OK ? rc : rc_read != RC_OK ? rc_read : rc_end;
	if (pg->conn && !(read && is_copy(read)) && !PQexitPipelineMode(pg->conn))
		rc = pg_unsent(pg);
	if (rc == RC_OK) {
		pg->label = strtoull(PQgetvalue(label, 0, 0), NULL, 10);
		pg->label_wanted = false;
		*ret = read;
		read = NULL;
	}
	PQclear(label);
	PQclear(read);
	PQclear(end);
	return rc;
}
