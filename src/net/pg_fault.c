/* What a failure of the server means. */
#include <stdio.h>
#include <string.h>
#include "base/metric.h"
#include "net/internal.h"

/* Prefixes of SQLSTATE (PostgreSQL manual, appendix A); the first row that fits counts.
 * drop: the connection is of no more use, or leads to a server that is no longer the primary.
 */
static const struct fault {
	const char *prefix;
	enum rc rc;
	bool drop;
} faults[] = {
	{ "40001", RC_CONFLICT, false },   /* serialization failure */
	{ "40P01", RC_CONFLICT, false },   /* deadlock */
	{ "55P03", RC_CONFLICT, false },   /* lock_timeout, NOWAIT */
	{ "57014", RC_TIMEOUT, false },    /* statement_timeout, cancelled */
	{ "25006", RC_UNAVAILABLE, true }, /* read-only: a demoted primary */
	{ "25P03", RC_UNAVAILABLE, true }, /* idle in a transaction for too long */
	{ "57P", RC_UNAVAILABLE, true },   /* shut down, crashed, starting up */
	{ "53300", RC_UNAVAILABLE, true }, /* too many connections */
	{ "53", RC_UNAVAILABLE, false },   /* disk full, out of memory */
	{ "08", RC_UNAVAILABLE, true },    /* connection */
	{ "28", RC_UNAVAILABLE, true },    /* password, pg_hba.conf */
	{ "0A000", RC_INTERNAL, true },    /* "cached plan must not change result type" */
	{ "26000", RC_INTERNAL, true },    /* prepared statement gone: a pooler in between */
	{ "22", RC_INVALID, false },       /* value out of range, malformed */
	{ "23", RC_CONFLICT, false },      /* constraint */
	{ "", RC_INTERNAL, false },
};

static const struct fault *fault_of(const char *sqlstate)
{
	const struct fault *f = faults;
	while (strncmp(sqlstate, f->prefix, strlen(f->prefix)) != 0)
		f++;
	return f;
}

/* libpq ends its messages with a newline. */
static void keep(struct pg *pg, const char *sqlstate, const char *text)
{
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", sqlstate);
	snprintf(pg->error, sizeof(pg->error), "%.*s", (int)len, text);
}

enum rc fault_text(struct pg *pg, enum rc rc, const char *text)
{
	keep(pg, "", text);
	return rc;
}

enum rc fault_keep(struct pg *pg, const PGresult *result, bool *ret_drop)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!state) { /* libpq's own words: the connection broke */
		*ret_drop = true;
		return fault_text(pg, RC_UNAVAILABLE, PQresultErrorMessage(result));
	}
	const struct fault *f = fault_of(state);
	keep(pg, state, PQresultErrorMessage(result));
	*ret_drop = f->drop;
	return f->rc;
}

enum rc fault_count(enum rc rc)
{
	if (rc != RC_OK)
		metric_add(COUNTER_pg_errors, 1);
	if (rc == RC_TIMEOUT)
		metric_add(COUNTER_pg_timeouts, 1);
	return rc;
}

const char *pg_error(const struct pg *pg)
{
	return pg->error;
}

const char *pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}
