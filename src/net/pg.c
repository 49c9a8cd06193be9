/* The handle, its settings and running statements. */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/stages.h"
#include "net/internal.h"

const struct conf_key pg_keys[] = {
	{ "database_url", CONF_URL, offsetof(struct pg_options, url), "",
	  .help = "where the database is, as the application role (postgresql://…)" },
	{ "direct_database_url", CONF_URL, offsetof(struct pg_options, direct_url), "",
	  .help = "the same database as the owner role, for migrate; empty: database_url" },
	{ "maintenance_database_url", CONF_URL, offsetof(struct pg_options, maintenance_url),
	  "", .help = "the same database as the maintenance role, for maintain" },
	{ "database_connect_timeout", CONF_MSEC, offsetof(struct pg_options, connect_ms), "2s",
	  .min = 10, .max = 60000, .help = "longest a connect to the database may take" },
	{ "database_deadline", CONF_MSEC, offsetof(struct pg_options, deadline_ms), "2s",
	  .min = 10, .max = 600000, .help = "longest a statement may take" },
	{ "database_slow", CONF_MSEC, offsetof(struct pg_options, slow_ms), "500ms", .min = 0,
	  .max = 600000, .help = "statements slower than this are logged; 0 logs none" },
	{ 0 }
};

struct pg *pg_new(const struct pg_options *options, const char *url)
{
	struct pg *pg = mem_alloc(sizeof(*pg));
	pg->options = options;
	pg->url = url;
	pg->server_ms = -1;
	pg->failed_stmt = -1;
	return pg;
}

struct pg *pg_twin(const struct pg *pg)
{
	struct pg *twin = pg_new(pg->options, pg->url);
	twin->deadline_ms = pg->deadline_ms;
	return twin;
}

void pg_free(struct pg *pg)
{
	if (!pg)
		return;
	pg_drop(pg);
	free(pg);
}

/* libpq's message may quote the whole URL, password included. */
enum rc pg_url_check(const char *url, const char **ret_why)
{
	static const char parameter[] = "invalid URI query parameter";
	char *error = NULL;
	PQconninfoOption *parts = PQconninfoParse(url, &error);
	enum rc rc = parts && *url ? RC_OK : RC_INVALID;
	if (rc != RC_OK)
		*ret_why = error && strncmp(error, parameter, sizeof(parameter) - 1) == 0
				   ? "it has a query parameter that libpq does not know; "
				     "parameters of other drivers (pgbouncer, schema, "
				     "connection_limit) must go"
				   : "it is not a connection string of PostgreSQL "
				     "(postgresql://user:password@host:5432/name)";
	PQconninfoFree(parts);
	PQfreemem(error);
	return rc;
}

struct pg_arg pg_text(const char *z)
{
	return (struct pg_arg){ .value = z };
}

struct pg_arg pg_address(const struct address *a)
{
	return (struct pg_arg){ (const char *)a->byte, sizeof(a->byte), 1 };
}

struct pg_arg pg_bytes(struct str bytes)
{
	assert(bytes.len <= INT32_MAX);
	return (struct pg_arg){ bytes.ptr, (int)bytes.len, 1 };
}

void pg_set_deadline(struct pg *pg, int64_t ms)
{
	pg->deadline_ms = ms;
}

void pg_on_slow(struct pg *pg, void (*fn)(void *ctx, const char *name, int64_t ns), void *ctx)
{
	pg->slow = fn;
	pg->slow_ctx = ctx;
}

bool pg_send(struct pg *pg, const struct order *order)
{
	const char *value[ARGS_MAX];
	int len[ARGS_MAX], format[ARGS_MAX];
	int n = (int)order->n;
	assert(order->n <= ARGS_MAX);
	if (order->plain)
		return PQsendQuery(pg->conn, order->sql);
	for (int i = 0; i < n; i++) {
		value[i] = order->args[i].value;
		len[i] = order->args[i].len;
		format[i] = order->args[i].format;
	}
	if (order->stmt < 0)
		return PQsendQueryParams(pg->conn, order->sql, n, NULL, value, len, format, 0);
	return PQsendQueryPrepared(pg->conn, stmt_name((enum stmt)order->stmt), n, value, len,
				   format, 0);
}

enum rc pg_unsent(struct pg *pg)
{
	fault_text(pg, RC_UNAVAILABLE, PQerrorMessage(pg->conn));
	pg_drop(pg);
	return RC_UNAVAILABLE;
}

enum rc pg_prepare(struct pg *pg, int stmt, int64_t until_ns)
{
	PGresult *result = NULL;
	const char *text = stmt_text((enum stmt)stmt);
	if (!PQsendPrepare(pg->conn, stmt_name((enum stmt)stmt), text, 0, NULL))
		return pg_unsent(pg);
	enum rc rc = wire_collect(pg, until_ns, &result);
	if (rc != RC_OK)
		return rc;
	PQclear(result);
	pg->prepared[stmt] = true;
	return RC_OK;
}

/* COPY has its own functions; text that begins one leaves the connection in the midst of it. */
static enum rc refuse_copy(struct pg *pg, PGresult *result)
{
	PQclear(result);
	pg_drop(pg);
	return fault_text(pg, RC_INTERNAL, "COPY outside of pg_copy_begin");
}

static enum rc attempt(struct pg *pg, const struct order *order, bool *ret_sent, PGresult **ret)
{
	int64_t now = clock_mono_ns(), until = wire_until(pg, now);
	bool labelled = label_wanted(pg, order);
	PGresult *result = NULL;
	enum rc rc = RC_OK;
	if (now >= until)
		return fault_text(pg, RC_TIMEOUT, "the deadline of the transaction has passed");
	if (order->stmt >= 0 && !pg->prepared[order->stmt])
		rc = pg_prepare(pg, order->stmt, until);
	if (rc == RC_OK && labelled)
		rc = label_prepare(pg, until);
	if (rc != RC_OK)
		return rc;
	if (!(labelled ? label_send(pg, order) : pg_send(pg, order)))
		return pg_unsent(pg);
	*ret_sent = true;
	metric_add(COUNTER_pg_statements, 1);
	rc = labelled ? label_collect(pg, until, &result) : wire_collect(pg, until, &result);
	if (rc != RC_OK)
		return rc;
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
		return refuse_copy(pg, result);
	*ret = result;
	return RC_OK;
}

/* A failure without an effect: the connection was lost before the statement left, or the server
 * knows the prepared form no more (table changed, pooler; the fault's row dropped the
 * connection). */
static bool had_no_effect(const struct pg *pg, const struct order *order, enum rc rc, bool sent)
{
	if (rc == RC_UNAVAILABLE)
		return !sent && pg->failures == 0;
	return rc == RC_INTERNAL && order->stmt >= 0 && !pg->conn;
}

/* Once more on a new connection, where that is safe. */
static enum rc perform(struct pg *pg, const struct order *order, PGresult **ret)
{
	bool in_tx = pg->pinned || pg_in_transaction(pg);
	for (bool first = true;; first = false) {
		bool sent = false;
		enum rc rc = pg_ready(pg, -1);
		if (rc == RC_OK)
			rc = attempt(pg, order, &sent, ret);
		if (rc == RC_OK || in_tx || !first || !had_no_effect(pg, order, rc, sent))
			return rc;
	}
}

static struct pg_result run(struct pg *pg, const struct order *order)
{
	PGresult *result = NULL;
	int64_t start = clock_mono_ns();
	enum rc rc = perform(pg, order, &result);
	int64_t ns = clock_mono_ns() - start;
	if (fault_count(rc) != RC_OK)
		pg->failed_stmt = order->stmt;
	metric_time(HISTOGRAM_pg_seconds, ns);
	stages_add(STAGE_database, ns);
	stat_add(pg, order->stmt, ns, rc);
	if (pg->slow && pg->options->slow_ms > 0 && ns > pg->options->slow_ms * NS_PER_MS)
		pg->slow(pg->slow_ctx,
			 order->stmt >= 0 ? stmt_name((enum stmt)order->stmt) : "text", ns);
	struct pg_result made = { .rc = rc, .rows = (struct pg_rows *)result };
	if (result) {
		struct str tuples = str_of(PQcmdTuples(result));
		uint64_t affected = 0;
		made.count = PQntuples(result);
		if (str_u64(tuples, INT64_MAX, &affected))
			made.affected = (int64_t)affected;
	}
	return made;
}

struct pg_result pg_run(struct pg *pg, enum stmt stmt, const struct pg_arg *args, size_t n)
{
	assert(stmt < STMT_COUNT);
	return run(pg, &(struct order){ .stmt = (int)stmt, .args = args, .n = n });
}

struct pg_result pg_exec(struct pg *pg, const char *sql)
{
	return run(pg, &(struct order){ .stmt = -1, .sql = sql, .plain = true });
}

struct pg_result pg_exec_args(struct pg *pg, const char *sql, const struct pg_arg *args,
			      size_t n)
{
	return run(pg, &(struct order){ .stmt = -1, .sql = sql, .args = args, .n = n });
}
