/*
 * Waiting for the server with our own clock.  The connection is non-blocking, so libpq never
 * waits; a statement costs one send, one poll and one recv.
 */
#include <errno.h>
#include <poll.h>
#include "base/clock.h"
#include "net/internal.h"

int64_t wire_until(const struct pg *pg, int64_t start_ns)
{
	int64_t ms = pg->deadline_ms ? pg->deadline_ms : pg->options->deadline_ms;
	int64_t until = start_ns + ms * NS_PER_MS;
	return pg->tx_until_ns && pg->tx_until_ns < until ? pg->tx_until_ns : until;
}

enum rc wire_wait(struct pg *pg, short events, int64_t until_ns)
{
	for (;;) {
		int64_t left = until_ns - clock_mono_ns();
		struct pollfd fd = { .fd = PQsocket(pg->conn), .events = events };
		int64_t ms = left <= 0 ? 0 : (left + NS_PER_MS - 1) / NS_PER_MS;
		int n = poll(&fd, 1, ms > INT32_MAX ? INT32_MAX : (int)ms);
		if (n > 0)
			return RC_OK;
		if (n == 0 && left <= 0)
			return RC_TIMEOUT;
		if (n < 0 && errno != EINTR)
			return RC_UNAVAILABLE;
	}
}

/* While our bytes do not fit, the server may be stuck writing to us: read as well. */
enum rc wire_flush(struct pg *pg, int64_t until_ns)
{
	int more;
	while ((more = PQflush(pg->conn)) > 0) {
		enum rc rc = wire_wait(pg, POLLIN | POLLOUT, until_ns);
		if (rc != RC_OK)
			return rc;
		if (!PQconsumeInput(pg->conn))
			return RC_OK; /* the next read tells why */
	}
	return RC_OK;
}

/* The next result, NULL at the end of the statement.  A lost connection is a result, too. */
static enum rc next(struct pg *pg, int64_t until_ns, PGresult **ret)
{
	enum rc rc = wire_flush(pg, until_ns);
	while (rc == RC_OK && PQisBusy(pg->conn)) {
		rc = wire_wait(pg, POLLIN, until_ns);
		if (rc == RC_OK && !PQconsumeInput(pg->conn))
			break;
	}
	if (rc == RC_OK)
		*ret = PQgetResult(pg->conn);
	return rc;
}

static bool is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

static bool is_failure(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* The connection is dropped: the server notices (client_connection_check_interval) and ends the
 * statement.  PQcancel is not used: it blocks without limit when the postmaster is stopped. */
static enum rc give_up(struct pg *pg, enum rc rc)
{
	fault_text(pg, rc,
		   rc == RC_TIMEOUT ? "no answer from the server within the deadline"
				    : "the connection to the server broke");
	pg_drop(pg);
	return rc;
}

static enum rc judge(struct pg *pg, PGresult **result)
{
	bool drop = false;
	enum rc rc = RC_OK;
	if (*result && is_failure(*result))
		rc = fault_keep(pg, *result, &drop);
	if (drop || PQstatus(pg->conn) == CONNECTION_BAD)
		pg_drop(pg);
	if (rc != RC_OK) {
		PQclear(*result);
		*result = NULL;
	}
	return rc;
}

enum rc wire_collect(struct pg *pg, int64_t until_ns, PGresult **ret)
{
	PGresult *kept = NULL, *one = NULL;
	for (;;) {
		enum rc rc = next(pg, until_ns, &one);
		if (rc != RC_OK) {
			PQclear(kept);
			return give_up(pg, rc);
		}
		if (!one)
			break;
		if (kept && is_failure(kept)) {
			PQclear(one);
			continue;
		}
		PQclear(kept);
		kept = one;
		if (is_copy(kept))
			break;
	}
	enum rc rc = judge(pg, &kept);
	if (rc == RC_OK)
		*ret = kept;
	return rc;
}

enum rc wire_rows(struct pg *pg, pg_row *fn, void *ctx)
{
	PGresult *one = NULL, *last = NULL;
	for (;;) {
		enum rc rc = next(pg, wire_until(pg, clock_mono_ns()), &one);
		if (rc != RC_OK) {
			PQclear(last);
			return give_up(pg, rc);
		}
		if (!one)
			break;
		if (PQresultStatus(one) == PGRES_SINGLE_TUPLE) {
			fn(ctx,
			   &(struct pg_result){ .count = 1, .rows = (struct pg_rows *)one });
			PQclear(one);
			continue;
		}
		PQclear(last);
		last = one;
	}
	enum rc rc = judge(pg, &last);
	PQclear(last);
	return rc;
}

enum rc wire_command(struct pg *pg, const char *sql, int64_t until_ns)
{
	PGresult *result = NULL;
	if (!PQsendQuery(pg->conn, sql))
		return give_up(pg, RC_UNAVAILABLE);
	enum rc rc = wire_collect(pg, until_ns, &result);
	if (rc == RC_OK)
		PQclear(result);
	return rc;
}
