/*
 * COPY … FROM STDIN.  The server's statement_timeout would count the whole stream, so it is off
 * meanwhile; each wait for the server has the deadline of a statement.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include "base/clock.h"
#include "base/metric.h"
#include "net/internal.h"

#define PUT_MAX (1 << 20)

static enum rc lost(struct pg *pg, enum rc rc)
{
	fault_text(pg, rc,
		   rc == RC_TIMEOUT ? "the server took no rows within the deadline"
				    : PQerrorMessage(pg->conn));
	pg_drop(pg);
	return rc;
}

static enum rc begin(struct pg *pg, const char *sql)
{
	PGresult *result = NULL;
	enum rc rc = pg_ready(pg, 0);
	if (rc != RC_OK)
		return rc;
	if (!PQsendQuery(pg->conn, sql))
		return lost(pg, RC_UNAVAILABLE);
	metric_add(COUNTER_pg_statements, 1);
	rc = wire_collect(pg, wire_until(pg, clock_mono_ns()), &result);
	if (rc != RC_OK)
		return rc;
	bool copying = PQresultStatus(result) == PGRES_COPY_IN;
	PQclear(result);
	assert(copying);
	pg->copying = copying;
	return RC_OK;
}

enum rc pg_copy_begin(struct pg *pg, const char *sql)
{
	return fault_count(begin(pg, sql));
}

/* libpq keeps what the socket does not take: flushed at once, that is one put at most. */
static enum rc put(struct pg *pg, const char *bytes, int len)
{
	if (PQputCopyData(pg->conn, bytes, len) != 1)
		return RC_UNAVAILABLE;
	return wire_flush(pg, wire_until(pg, clock_mono_ns()));
}

enum rc pg_copy_put(struct pg *pg, struct str rows)
{
	if (!pg->copying)
		return RC_UNAVAILABLE;
	while (rows.len > 0) {
		size_t len = rows.len < PUT_MAX ? rows.len : PUT_MAX;
		enum rc rc = put(pg, rows.ptr, (int)len);
		if (rc != RC_OK)
			return fault_count(lost(pg, rc));
		rows = str_from(rows, len);
	}
	return RC_OK;
}

static enum rc answer(struct pg *pg, const char *abort_reason, int64_t *ret_rows)
{
	PGresult *result = NULL;
	uint64_t rows = 0;
	enum rc rc = wire_collect(pg, wire_until(pg, clock_mono_ns()), &result);
	if (rc == RC_TIMEOUT && abort_reason && pg->conn)
		return RC_OK; /* 57014 is how the server says that it was told to stop */
	if (rc != RC_OK)
		return rc;
	if (str_u64(str_of(PQcmdTuples(result)), INT64_MAX, &rows))
		*ret_rows = (int64_t)rows;
	PQclear(result);
	return RC_OK;
}

static enum rc end(struct pg *pg, const char *abort_reason, int64_t *ret_rows)
{
	if (PQputCopyEnd(pg->conn, abort_reason) != 1)
		return lost(pg, RC_UNAVAILABLE);
	return answer(pg, abort_reason, ret_rows);
}

enum rc pg_copy_end(struct pg *pg, const char *abort_reason, int64_t *ret_rows)
{
	if (!pg->copying)
		return RC_UNAVAILABLE;
	pg->copying = false;
	return fault_count(end(pg, abort_reason, ret_rows));
}

/* libpq keeps what the socket does not take. */
static enum rc send_all(struct pg *pg, struct str rows)
{
	while (rows.len > 0) {
		size_t len = rows.len < PUT_MAX ? rows.len : PUT_MAX;
		if (PQputCopyData(pg->conn, rows.ptr, (int)len) != 1)
			return lost(pg, RC_UNAVAILABLE);
		rows = str_from(rows, len);
	}
	return PQputCopyEnd(pg->conn, NULL) == 1 ? RC_OK : lost(pg, RC_UNAVAILABLE);
}

enum rc pg_copy_send(struct pg *pg, const char *sql, struct str rows)
{
	enum rc rc = begin(pg, sql);
	return fault_count(rc == RC_OK ? send_all(pg, rows) : rc);
}

static enum rc exec_send(struct pg *pg, const struct order *order)
{
	enum rc rc = pg_ready(pg, -1);
	if (rc != RC_OK)
		return rc;
	if (!pg_send(pg, order))
		return pg_unsent(pg);
	metric_add(COUNTER_pg_statements, 1);
	rc = wire_flush(pg, wire_until(pg, clock_mono_ns()));
	if (rc != RC_OK)
		return lost(pg, rc);
	pg->copying = true;
	return RC_OK;
}

enum rc pg_exec_send(struct pg *pg, const char *sql, const struct pg_arg *args, size_t n)
{
	struct order order = { .stmt = -1, .sql = sql, .args = args, .n = n };
	return fault_count(exec_send(pg, &order));
}

/* Moves on without waiting; true: the answer, or the loss of the connection, can be read. */
static bool has_answer(struct pg *pg, struct pollfd *ret_wait)
{
	int left = pg->conn ? PQflush(pg->conn) : -1;
	if (left < 0 || !PQconsumeInput(pg->conn) || !PQisBusy(pg->conn))
		return true;
	*ret_wait = (struct pollfd){ .fd = PQsocket(pg->conn),
				     .events = left ? POLLIN | POLLOUT : POLLIN };
	return false;
}

size_t pg_copy_any(struct pg *const *pgs, size_t n)
{
	struct pollfd waits[PG_COPY_ANY_MAX];
	assert(n > 0 && n <= PG_COPY_ANY_MAX);
	for (;;) {
		int64_t left = wire_until(pgs[0], 0) / NS_PER_MS;
		for (size_t i = 0; i < n; i++) {
			if (has_answer(pgs[i], &waits[i]))
				return i;
		}
		/* Silence of all, or a poll that fails: the answer of the first tells. */
		int got = poll(waits, n, left > INT32_MAX ? INT32_MAX : (int)left);
		if (got == 0 || (got < 0 && errno != EINTR))
			return 0;
	}
}

enum rc pg_copy_answer(struct pg *pg, int64_t *ret_rows)
{
	if (!pg->copying)
		return RC_UNAVAILABLE;
	pg->copying = false;
	return fault_count(answer(pg, NULL, ret_rows));
}
