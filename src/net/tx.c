/* Whole transactions, tried again when they met another one. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/metric.h"
#include "base/scope.h"
#include "net/internal.h"
#include "net/tx.h"

#define ATTEMPTS      5
#define PAUSE_LAST_MS 200

struct tx {
	struct pg *pg;
	enum rc (*body)(struct pg *pg, void *ctx);
	void *ctx;
	bool unknown;
};

static enum rc command(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);
	return done.rc;
}

/* The caller wants to hear of the failure that led here, not of a rollback that failed too. */
static void roll_back(struct pg *pg)
{
	char sqlstate[sizeof(pg->sqlstate)], error[sizeof(pg->error)];
	int stmt = pg->failed_stmt;
	if (!pg_in_transaction(pg))
		return;
	memcpy(sqlstate, pg->sqlstate, sizeof(sqlstate));
	memcpy(error, pg->error, sizeof(error));
	pg->tx_until_ns = 0;
	if (command(pg, "ROLLBACK") == RC_OK)
		return;
	pg_drop(pg);
	memcpy(pg->sqlstate, sqlstate, sizeof(sqlstate));
	memcpy(pg->error, error, sizeof(error));
	pg->failed_stmt = stmt;
}

/* With the connection gone or the deadline passed, nobody heard whether COMMIT happened. */
static enum rc commit(struct tx *tx)
{
	struct pg *pg = tx->pg;
	if (!pg->conn || PQtransactionStatus(pg->conn) != PQTRANS_INTRANS) {
		roll_back(pg);
		return fault_text(pg, RC_INTERNAL,
				  "a failure inside of the transaction was ignored");
	}
	enum rc rc = command(pg, "COMMIT");
	if (pg->conn) {
		roll_back(pg);
		return rc;
	}
	tx->unknown = true;
	return RC_UNAVAILABLE;
}

static enum rc once(struct tx *tx)
{
	struct pg *pg = tx->pg;
	pg->sqlstate[0] = '\0';
	pg->failed_stmt = -1;
	enum rc rc = command(pg, "BEGIN");
	if (rc != RC_OK)
		return rc;
	pg->pinned = true;
	rc = tx->body(pg, tx->ctx);
	if (rc == RC_OK)
		rc = commit(tx);
	else
		roll_back(pg);
	pg->pinned = false;
	return rc;
}

static bool met_another(const struct pg *pg, enum rc rc)
{
	static const char states[][6] = { "40001", "40P01", "55P03" };
	for (size_t i = 0; rc == RC_CONFLICT && i < COUNT_OF(states); i++)
		if (strcmp(pg->sqlstate, states[i]) == 0)
			return true;
	return false;
}

/* Full jitter: anything up to 5, 10, 20 … 200 ms. */
static int64_t pause_ns(int attempt)
{
	int64_t ms = attempt < 6 ? INT64_C(5) << attempt : PAUSE_LAST_MS;
	uint32_t dice;
	hash_random(&dice, sizeof(dice));
	return (int64_t)(dice %
			 (uint64_t)((ms < PAUSE_LAST_MS ? ms : PAUSE_LAST_MS) * NS_PER_MS));
}

static void pause_for(int64_t ns)
{
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static void count_retry(struct pg *pg)
{
	metric_add(COUNTER_pg_retries, 1);
	if (pg->failed_stmt >= 0)
		pg->stat[pg->failed_stmt].retries++;
}

enum rc tx_run(struct pg *pg, const struct tx_options *options,
	       enum rc (*body)(struct pg *pg, void *ctx), void *ctx, bool *ret_unknown)
{
	struct tx tx = { .pg = pg, .body = body, .ctx = ctx };
	int attempts = options && options->attempts ? options->attempts : ATTEMPTS;
	int64_t ms = options ? options->deadline_ms : 0;
	int64_t until = ms ? clock_mono_ns() + ms * NS_PER_MS : 0;
	assert(!pg->pinned && ret_unknown);
	for (int i = 0;; i++) {
		pg->tx_until_ns = until;
		enum rc rc = once(&tx);
		pg->tx_until_ns = 0;
		if (!met_another(pg, rc) || i + 1 >= attempts) {
			*ret_unknown = tx.unknown;
			return rc;
		}
		int64_t wait = pause_ns(i);
		if (until && clock_mono_ns() + wait >= until) {
			*ret_unknown = false;
			return rc;
		}
		count_retry(pg);
		pause_for(wait);
	}
}
