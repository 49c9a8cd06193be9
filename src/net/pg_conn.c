/* Making, checking and dropping the connection. */
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/metric.h"
#include "base/scope.h"
#include "net/internal.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_LAST_MS  5000

static void ignore_notice(void *ctx, const char *message)
{
	(void)ctx;
	(void)message;
}

/* Before dbname: what the URL may change.  After it: what the program relies on.  The
 * keepalives find a peer that vanished in about 11 s; deadlines do not depend on them. */
static PGconn *start(const char *url, const char *host, const char *port)
{
	const char *const parts[][2] = {
		{ "application_name", "such-market" },
		{ "keepalives_idle", "5" },
		{ "keepalives_interval", "2" },
		{ "keepalives_count", "3" },
		{ "tcp_user_timeout", "4000" },
		{ "dbname", url },
		{ "host", host }, /* an empty value changes nothing */
		{ "port", port },
		{ "client_encoding", "UTF8" },
	};
	const char *names[COUNT_OF(parts) + 1] = { NULL },
					    *values[COUNT_OF(parts) + 1] = { NULL };
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		names[i] = parts[i][0];
		values[i] = parts[i][1];
	}
	return PQconnectStartParams(names, values, 1);
}

/* libpq's own connect_timeout is in whole seconds, at least two, for each host. */
static enum rc shake_hands(struct pg *pg, int64_t until_ns)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	while (want != PGRES_POLLING_OK) {
		if (want == PGRES_POLLING_FAILED || PQstatus(pg->conn) == CONNECTION_BAD)
			return fault_text(pg, RC_UNAVAILABLE, PQerrorMessage(pg->conn));
		short events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		enum rc rc = wire_wait(pg, events, until_ns);
		if (rc != RC_OK)
			return fault_text(pg, RC_UNAVAILABLE,
					  "no connection within the connect deadline");
		want = PQconnectPoll(pg->conn);
	}
	return RC_OK;
}

/* The server's limit is a little shorter than ours, so that a healthy server ends a slow
 * statement itself and the session survives. */
static int64_t server_limit(const struct pg *pg)
{
	int64_t ms = pg->deadline_ms ? pg->deadline_ms : pg->options->deadline_ms;
	int64_t limit = ms - ms / 16 - 1;
	return limit < 1 ? 1 : limit > INT32_MAX ? INT32_MAX : limit;
}

static enum rc settle(struct pg *pg, int64_t until_ns)
{
	char sql[512];
	int64_t limit = server_limit(pg);
	snprintf(sql, sizeof(sql),
		 "SET statement_timeout = %" PRId64 "; SET lock_timeout = 500;"
		 "SET idle_in_transaction_session_timeout = 5000;"
		 "SET search_path = such_market, public, pg_temp;"
		 "SET standard_conforming_strings = on; SET DateStyle = ISO;"
		 "SET TimeZone = 'UTC';"
		 "SET bytea_output = hex;%s",
		 limit,
		 PQserverVersion(pg->conn) >= 140000
			 ? "SET client_connection_check_interval = 500"
			 : "");
	enum rc rc = wire_command(pg, sql, until_ns);
	pg->server_ms = limit;
	pg->server_ms_in_tx = false;
	return rc;
}

/* Between half and all of 200 ms, 400 ms … 5 s. */
static void back_off(struct pg *pg)
{
	int64_t ms = BACKOFF_FIRST_MS << (pg->failures < 5 ? pg->failures : 5);
	uint32_t dice;
	hash_random(&dice, sizeof(dice));
	if (ms > BACKOFF_LAST_MS)
		ms = BACKOFF_LAST_MS;
	pg->failures++;
	pg->retry_ns = clock_mono_ns() + (ms / 2 + (int64_t)(dice % (ms / 2 + 1))) * NS_PER_MS;
}

/* Each host may use its share of what is left. */
static enum rc reach(struct pg *pg, int64_t until_ns)
{
	enum rc rc = RC_UNAVAILABLE;
	struct pg_hosts hosts;
	pg_hosts_read(pg->url, &hosts);
	for (int i = 0; rc != RC_OK && i < hosts.count; i++) {
		int64_t now = clock_mono_ns();
		PQfinish(pg->conn);
		pg->conn = start(pg->url, hosts.host[i], hosts.port[i]);
		if (!pg->conn)
			return fault_text(pg, rc, "out of memory");
		rc = shake_hands(pg, now + (until_ns - now) / (hosts.count - i));
	}
	return rc;
}

static enum rc open_now(struct pg *pg)
{
	int64_t until = clock_mono_ns() + pg->options->connect_ms * NS_PER_MS;
	enum rc rc = reach(pg, until);
	if (rc != RC_OK)
		return rc;
	PQsetNoticeProcessor(pg->conn, ignore_notice, NULL);
	if (PQsetnonblocking(pg->conn, 1) != 0)
		return fault_text(pg, RC_UNAVAILABLE, PQerrorMessage(pg->conn));
	rc = settle(pg, until);
	if (rc == RC_OK && pg->hook)
		rc = pg->hook(pg, pg->hook_ctx);
	return rc;
}

enum rc pg_connect(struct pg *pg)
{
	assert(!pg->pinned && !pg->opening);
	pg_drop(pg);
	pg->opening = true;
	enum rc rc = open_now(pg);
	pg->opening = false;
	if (rc == RC_OK && !pg->conn)
		rc = RC_UNAVAILABLE; /* lost in the hook, which did not care */
	if (rc != RC_OK) {
		pg_drop(pg);
		back_off(pg);
		return rc;
	}
	pg->failures = 0;
	pg->retry_ns = 0;
	metric_add(COUNTER_pg_connects, 1);
	return RC_OK;
}

void pg_drop(struct pg *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->copying = false;
	pg->label = 0; /* what comes next may be of another history */
	pg->server_ms = -1;
	memset(pg->prepared, 0, sizeof(pg->prepared));
}

void pg_disconnect(struct pg *pg)
{
	pg_drop(pg);
	pg->failures = 0;
	pg->retry_ns = 0;
}

bool pg_in_transaction(const struct pg *pg)
{
	PGTransactionStatusType status = PQtransactionStatus(pg->conn);
	return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* Nobody speaks to an idle connection but to say that it ends; PQstatus does not see that. */
bool pg_connected(const struct pg *pg)
{
	if (!pg->conn || PQstatus(pg->conn) != CONNECTION_OK)
		return false;
	struct pollfd fd = { .fd = PQsocket(pg->conn), .events = POLLIN };
	return poll(&fd, 1, 0) == 0;
}

static enum rc fit_timeout(struct pg *pg, int64_t ms)
{
	char sql[64];
	bool in_tx = pg_in_transaction(pg);
	if (!in_tx && pg->server_ms_in_tx) {
		pg->server_ms = -1;
		pg->server_ms_in_tx = false;
	}
	if (pg->server_ms == ms || PQtransactionStatus(pg->conn) == PQTRANS_INERROR)
		return RC_OK;
	snprintf(sql, sizeof(sql), "SET statement_timeout = %" PRId64, ms);
	enum rc rc = wire_command(pg, sql, wire_until(pg, clock_mono_ns()));
	pg->server_ms = rc == RC_OK ? ms : -1;
	pg->server_ms_in_tx = in_tx;
	return rc;
}

/* The poll before each statement costs half a microsecond, and is what makes a restart of the
 * server invisible: after the bytes are sent nobody can tell whether they had an effect. */
enum rc pg_ready(struct pg *pg, int64_t server_ms)
{
	assert(!pg->copying);
	if (pg->conn && !pg->opening && !pg_in_transaction(pg) && !pg_connected(pg))
		pg_drop(pg);
	if (!pg->conn) {
		if (pg->opening || pg->pinned || clock_mono_ns() < pg->retry_ns)
			return RC_UNAVAILABLE;
		enum rc rc = pg_connect(pg);
		if (rc != RC_OK)
			return rc;
	}
	return fit_timeout(pg, server_ms < 0 ? server_limit(pg) : server_ms);
}

void pg_on_connect(struct pg *pg, enum rc (*hook)(struct pg *pg, void *ctx), void *ctx)
{
	pg->hook = hook;
	pg->hook_ctx = ctx;
}
