/* What the files of net/ share about a PostgreSQL connection; nobody else sees libpq. */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "net/pg.h"

#define NS_PER_MS     INT64_C(1000000)
#define STAT_BUCKETS  100 /* four an octave, from 1 µs to 30 s and more */
#define PG_ERROR_TEXT 1024
#define ARGS_MAX      64

struct stat_cells {
	uint64_t calls, errors, retries;
	int64_t total_ns;
	uint32_t bucket[STAT_BUCKETS];
};

struct pg {
	const struct pg_options *options;
	const char *url;
	PGconn *conn;         /* NULL: none */
	bool opening;         /* settings and hook run on a connection not yet trusted */
	bool copying;         /* from pg_copy_begin or …_send to the answer */
	bool pinned;          /* inside tx_run: a new connection would be outside of it */
	int64_t deadline_ms;  /* pg_set_deadline; 0: the option's */
	int64_t tx_until_ns;  /* the transaction's own deadline; 0: none */
	int64_t server_ms;    /* statement_timeout of the session; -1: not known */
	bool server_ms_in_tx; /* it was set in this transaction: a rollback undoes it */
	int failures;         /* connects that failed in a row */
	int64_t retry_ns;     /* no connect before this time */
	char sqlstate[6];     /* of the last failure */
	char error[PG_ERROR_TEXT];
	int failed_stmt; /* the named statement that failed last; -1: none */
	enum rc (*hook)(struct pg *pg, void *ctx);
	void *hook_ctx;
	void (*slow)(void *ctx, const char *name, int64_t ns);
	void *slow_ctx;
	bool label_wanted;             /* the next statement is to be labelled */
	uint64_t label;                /* of the read that runs; 0: not known */
	bool prepared[STMT_COUNT + 1]; /* on this connection */
	struct stat_cells stat[STMT_COUNT + 1];
};

/* What is sent: a named statement, else text; plain text may hold several statements. */
struct order {
	int stmt; /* -1: text */
	const char *sql;
	bool plain;
	const struct pg_arg *args;
	size_t n;
};

/* pg.c */
bool pg_send(struct pg *pg, const struct order *order); /* false: nothing was sent */
enum rc pg_unsent(struct pg *pg);                       /* drops the connection */
enum rc pg_prepare(struct pg *pg, int stmt, int64_t until_ns);

/* pg_label.c: two statements in one pipeline. */
bool label_wanted(struct pg *pg, const struct order *order);
enum rc label_prepare(struct pg *pg, int64_t until_ns);
bool label_send(struct pg *pg, const struct order *order);
enum rc label_collect(struct pg *pg, int64_t until_ns, PGresult **ret);

/* pg_conn.c: a usable connection whose statement_timeout fits server_ms (0: no limit). */
enum rc pg_ready(struct pg *pg, int64_t server_ms);
void pg_drop(struct pg *pg);
bool pg_in_transaction(const struct pg *pg);

/* pg_hosts.c: the hosts and ports of a URL; empty texts leave the choice to libpq. */
#define PG_HOSTS_MAX 8
#define PG_HOST_TEXT 256
#define PG_PORT_TEXT 8
struct pg_hosts {
	int count;
	char host[PG_HOSTS_MAX][PG_HOST_TEXT];
	char port[PG_HOSTS_MAX][PG_PORT_TEXT];
};
void pg_hosts_read(const char *url, struct pg_hosts *ret);

/* pg_wire.c: waiting without ever blocking in libpq. */
int64_t wire_until(const struct pg *pg, int64_t start_ns);
enum rc wire_wait(struct pg *pg, short events, int64_t until_ns);
enum rc wire_flush(struct pg *pg, int64_t until_ns);
/* Reads until the server is ready again (or in COPY): the last result, or the first failure.
 * The connection is dropped when it is of no more use. */
enum rc wire_collect(struct pg *pg, int64_t until_ns, PGresult **ret);
/* Gives each row to fn as it comes; a wait for the next one may take as long as a statement. */
enum rc wire_rows(struct pg *pg, pg_row *fn, void *ctx);
/* Sends plain text and discards the answer. */
enum rc wire_command(struct pg *pg, const char *sql, int64_t until_ns);

/* pg_fault.c: SQLSTATE to rc. */
enum rc fault_keep(struct pg *pg, const PGresult *result, bool *ret_drop);
enum rc fault_text(struct pg *pg, enum rc rc, const char *text);
enum rc fault_count(enum rc rc); /* in the metrics, unless RC_OK; returns rc */

/* pg_stat.c */
void stat_add(struct pg *pg, int stmt, int64_t ns, enum rc rc);

#endif
