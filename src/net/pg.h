/*
 * One connection to PostgreSQL.  Every call has a client-side deadline (a stopped backend
 * cannot enforce statement_timeout); after it the connection is dropped, and a server that
 * lives ends the statement within half a second (client_connection_check_interval).  A lost
 * connection is made again by the next call, with back-off: while it waits, calls answer
 * RC_UNAVAILABLE at once.  Statements of sql/queries are prepared on first use.  Never share a
 * handle across fork: open it after.
 *
 *	SCOPED(pg_result_done) struct pg_result rows =
 *		pg_run(pg, STMT_owner_of, PG_ARGS(pg_address(&contract), pg_text(token)));
 *	if (rows.rc != RC_OK)
 *		return rows.rc;
 *	for (int i = 0; i < rows.count; i++)
 *		use(pg_str(&rows, i, 0));
 *
 * rc: RC_OK; RC_UNAVAILABLE (no connection, or lost before the answer, or a server without
 * room); RC_TIMEOUT (deadline, 57014); RC_CONFLICT (40001, 40P01, 55P03: try the transaction
 * again; 23xxx); RC_INVALID (22xxx); RC_INTERNAL (else).  pg_error() has the text for the log,
 * never for a client.
 */
#ifndef NET_PG_H
#define NET_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/scope.h"
#include "base/str.h"
#include "net/stmt.h"

struct pg;
struct pg_rows; /* libpq's PGresult */

struct pg_options {
	const char *url;             /* application role */
	const char *direct_url;      /* owner role: migrate; "" means url */
	const char *maintenance_url; /* maintenance role: maintain */
	int64_t connect_ms;          /* longest a connect may take */
	int64_t deadline_ms;         /* longest a statement may take */
	int64_t slow_ms;             /* statements slower than this are logged; 0: none */
};
extern const struct conf_key pg_keys[];

struct pg_arg {
	const char *value; /* NULL: SQL null */
	int len;
	int format; /* 0 text (terminated), 1 binary */
};

struct pg_result {
	enum rc rc;
	int count;        /* rows */
	int64_t affected; /* of INSERT, UPDATE, DELETE */
	struct pg_rows *rows;
};

/* Opens nothing yet.  url and options are borrowed for the life of the handle. */
struct pg *pg_new(const struct pg_options *options, const char *url);
/* Another one to the same place, with the same deadline. */
struct pg *pg_twin(const struct pg *pg);
void pg_free(struct pg *pg);

/* RC_OK, or RC_INVALID and *ret_why in words an operator can act on (static, no secrets). */
enum rc pg_url_check(const char *url, const char **ret_why);

struct pg_arg pg_text(const char *z);              /* NULL is SQL null; borrowed */
struct pg_arg pg_address(const struct address *a); /* bytea, binary; borrowed */
struct pg_arg pg_bytes(struct str bytes); /* bytea, binary; borrowed; ptr NULL is null */
#define PG_ARGS(...)                                                                           \
	(const struct pg_arg[]){ __VA_ARGS__ },                                                \
		sizeof((const struct pg_arg[]){ __VA_ARGS__ }) / sizeof(struct pg_arg)
#define PG_NO_ARGS NULL, 0

/* A named, prepared statement. */
struct pg_result pg_run(struct pg *pg, enum stmt stmt, const struct pg_arg *args, size_t n);
/* Text made at run time (migrations, import staging): never from input of a client. */
struct pg_result pg_exec(struct pg *pg, const char *sql);
struct pg_result pg_exec_args(struct pg *pg, const char *sql, const struct pg_arg *args,
			      size_t n);
void pg_result_done(struct pg_result *result);
/* Row by row, as they come: results of any size.  There is no limit for the whole, the deadline
 * is one of silence.  A failure may come after rows. */
typedef void pg_row(void *ctx, const struct pg_result *row);
enum rc pg_stream(struct pg *pg, enum stmt stmt, const struct pg_arg *args, size_t n,
		  pg_row *fn, void *ctx);

/* A label: every transaction with a lower number that committed is in what is read after
 * pg_label_begin.  The next statement takes it, in the same round trip; later statements of
 * the same read need none.  0: not known (a transaction, plain text, or the connection was
 * lost meanwhile); what was read may be answered, not kept. */
void pg_label_begin(struct pg *pg);
bool pg_label_taken(const struct pg *pg); /* a statement took it, and its connection lives */
uint64_t pg_label(struct pg *pg);         /* and ends it */

/* Cells; text format.  Absent (SQL null) is STR_NONE.  Borrowed from the result. */
struct str pg_str(const struct pg_result *result, int row, int col);
bool pg_is_null(const struct pg_result *result, int row, int col);
int64_t pg_i64(const struct pg_result *result, int row, int col); /* 0 for null */
double pg_f64(const struct pg_result *result, int row, int col);
bool pg_flag(const struct pg_result *result, int row, int col);
/* bytea cell of 20 bytes; false when null or of another length. */
bool pg_address_at(const struct pg_result *result, int row, int col, struct address *ret);

/* COPY … FROM STDIN, in the format that sql names: begin, many puts, end.  Each has the
 * deadline of a statement. With abort_reason nothing is copied, which is RC_OK; *ret_rows only
 * otherwise. */
enum rc pg_copy_begin(struct pg *pg, const char *sql);
enum rc pg_copy_put(struct pg *pg, struct str rows);
enum rc pg_copy_end(struct pg *pg, const char *abort_reason, int64_t *ret_rows);
/* A whole COPY, on its way when this returns; rows are not needed any more.  Then pg_copy_any,
 * and pg_copy_answer of the one it names.  So several connections work at once: those that wait
 * for an answer move on in pg_copy_any only, which returns the index of one whose answer, or
 * failure, can be had at once. */
#define PG_COPY_ANY_MAX 4
enum rc pg_copy_send(struct pg *pg, const char *sql, struct str rows);
/* The same for a statement that copies nothing; the answer is the rows that it wrote. */
enum rc pg_exec_send(struct pg *pg, const char *sql, const struct pg_arg *args, size_t n);
size_t pg_copy_any(struct pg *const *pgs, size_t n);
enum rc pg_copy_answer(struct pg *pg, int64_t *ret_rows);

enum rc pg_connect(struct pg *pg);      /* now, within the connect deadline */
bool pg_connected(const struct pg *pg); /* an idle connection that is readable is dead */
void pg_disconnect(struct pg *pg);
const char *pg_error(const struct pg *pg);    /* of the last failure */
const char *pg_sqlstate(const struct pg *pg); /* five characters, "" when not from the server */
void pg_set_deadline(struct pg *pg, int64_t ms); /* until changed; 0: the option's */
/* Called after each connect, before other statements; a failure drops the connection.  The
 * session has statement_timeout (a little below the deadline), lock_timeout 500 ms and
 * search_path such_market, public. */
void pg_on_connect(struct pg *pg, enum rc (*hook)(struct pg *pg, void *ctx), void *ctx);

/* Statistics of one statement since the process began. */
struct pg_stat {
	uint64_t calls, errors, retries;
	int64_t total_ns, p95_ns, p99_ns;
};
void pg_stat_of(const struct pg *pg, enum stmt stmt, struct pg_stat *ret);
/* Called for statements slower than slow_ms; rooms above log. */
void pg_on_slow(struct pg *pg, void (*fn)(void *ctx, const char *name, int64_t ns), void *ctx);

#endif
