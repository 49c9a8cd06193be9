/* Transactions that meet others: scripted conflicts between two sessions. */
#include "suite.h"
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/metric.h"
#include "lib/live_pg.h"
#include "net/pg.h"
#include "net/tx.h"

#define MS INT64_C(1000000)

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 5000 };
static struct metric_cells cells;

/* What a body knows: the other session, and how often it ran. */
struct script {
	PGconn *other;
	struct pg *super;
	int runs;
	int fail_runs; /* this many runs fail */
	const char *sql;
};

static void start(void)
{
	live_pg_start();
	live_pg_sql(
		"CREATE TABLE such_market.t (id int PRIMARY KEY, n int NOT NULL);"
		"GRANT ALL ON such_market.t TO such_market_app;"
		"CREATE FUNCTION such_market.die() RETURNS trigger LANGUAGE plpgsql AS"
		" $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
		"CREATE CONSTRAINT TRIGGER die AFTER UPDATE ON such_market.t"
		" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.n = 666)"
		" EXECUTE FUNCTION such_market.die();"
		"CREATE TABLE such_market.unique_late (n int UNIQUE DEFERRABLE INITIALLY "
		"DEFERRED);"
		"GRANT ALL ON such_market.unique_late TO such_market_app");
}

static struct pg *fresh(void)
{
	live_pg_sql(
		"DELETE FROM such_market.t; INSERT INTO such_market.t VALUES (1, 0), (2, 0)");
	cells = (struct metric_cells){ 0 };
	metric_attach(&cells);
	return pg_new(&options, live_pg_url());
}

static enum rc run_sql(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);
	return done.rc;
}

static int64_t number(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);
	ck_assert_msg(rows.rc == RC_OK, "%s", pg_error(pg));
	return pg_i64(&rows, 0, 0);
}

static int64_t sum(struct pg *pg)
{
	return number(pg, "SELECT sum(n) FROM t");
}

/* The other session, as superuser: it never is the deadlock's victim. */
static PGconn *other_session(void)
{
	PGconn *other = PQconnectdb(live_pg_super_url());
	ck_assert_int_eq(PQstatus(other), CONNECTION_OK);
	PQclear(PQexec(other, "SET deadlock_timeout = '60s'; SET search_path = such_market"));
	return other;
}

static void other_sql(PGconn *other, const char *sql)
{
	PGresult *result = PQexec(other, sql);
	ExecStatusType status = PQresultStatus(result);
	ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql,
		      PQerrorMessage(other));
	PQclear(result);
}

static void await_other_waits(const struct script *script)
{
	char sql[160];
	int64_t until = clock_mono_ns() + 5000 * MS;
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event_type = "
		 "'Lock'",
		 PQbackendPID(script->other));
	while (number(script->super, sql) == 0) {
		ck_assert(clock_mono_ns() < until);
		poll(NULL, 0, 1);
	}
}

static void other_ends(PGconn *other)
{
	PGresult *result;
	while ((result = PQgetResult(other))) {
		ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
		PQclear(result);
	}
}

static enum rc add_one(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	script->runs++;
	return run_sql(pg, "UPDATE t SET n = n + 1");
}

START_TEST(success_is_committed)
{
	bool unknown = true;
	struct script script = { 0 };
	struct pg *pg = fresh(), *other = pg_new(&options, live_pg_url());
	ck_assert_int_eq(tx_run(pg, NULL, add_one, &script, &unknown), RC_OK);
	ck_assert(!unknown);
	ck_assert_int_eq(script.runs, 1);
	ck_assert_int_eq(sum(other), 2);
	pg_free(other);
	pg_free(pg);
}
END_TEST

static enum rc add_and_fail(struct pg *pg, void *ctx)
{
	enum rc rc = add_one(pg, ctx);
	return rc == RC_OK ? RC_NOT_FOUND : rc;
}

START_TEST(failure_of_the_body_rolls_back)
{
	bool unknown = true;
	struct script script = { 0 };
	struct pg *pg = fresh();
	ck_assert_int_eq(tx_run(pg, NULL, add_and_fail, &script, &unknown), RC_NOT_FOUND);
	ck_assert(!unknown);
	ck_assert_int_eq(script.runs, 1);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

/* We hold 1 and want 2; the other holds 2 and wants 1. */
static enum rc cross(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	script->runs++;
	if (script->runs == 2) {
		other_ends(script->other);
		other_sql(script->other, "COMMIT");
	}
	enum rc rc =
		run_sql(pg, "SET LOCAL lock_timeout = 0; UPDATE t SET n = n + 1 WHERE id = 1");
	if (rc != RC_OK)
		return rc;
	if (script->runs == 1) {
		ck_assert(PQsendQuery(script->other, "UPDATE t SET n = n + 10 WHERE id = 1"));
		await_other_waits(script);
	}
	return run_sql(pg, "UPDATE t SET n = n + 1 WHERE id = 2");
}

START_TEST(a_deadlock_is_tried_again)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .other = other_session(),
				 .super = pg_new(&options, live_pg_super_url()) };
	other_sql(script.other, "BEGIN; UPDATE t SET n = n + 10 WHERE id = 2");
	ck_assert_int_eq(tx_run(pg, NULL, cross, &script, &unknown), RC_OK);
	ck_assert(!unknown);
	ck_assert_int_eq(script.runs, 2);
	ck_assert_str_eq(pg_sqlstate(pg), "");
	ck_assert_int_eq(sum(pg), 22);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_retries], 1);
	PQfinish(script.other);
	pg_free(script.super);
	pg_free(pg);
}
END_TEST

/* The row changes after our snapshot was taken. */
static enum rc read_then_write(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	enum rc rc = run_sql(pg, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;"
				 "SELECT * FROM t");
	if (rc == RC_OK && script->runs++ < script->fail_runs)
		other_sql(script->other, "UPDATE t SET n = n + 100 WHERE id = 1");
	return rc == RC_OK ? run_sql(pg, "UPDATE t SET n = n + 1 WHERE id = 1") : rc;
}

START_TEST(a_serialization_failure_is_tried_again)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .other = other_session(), .fail_runs = 3 };
	ck_assert_int_eq(tx_run(pg, NULL, read_then_write, &script, &unknown), RC_OK);
	ck_assert_int_eq(script.runs, 4);
	ck_assert_int_eq(sum(pg), 301);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_retries], 3);
	PQfinish(script.other);
	pg_free(pg);
}
END_TEST

START_TEST(attempts_end)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .other = other_session(), .fail_runs = 100 };
	struct tx_options three = { .attempts = 3 };
	ck_assert_int_eq(tx_run(pg, &three, read_then_write, &script, &unknown), RC_CONFLICT);
	ck_assert_str_eq(pg_sqlstate(pg), "40001");
	ck_assert(!unknown);
	ck_assert_int_eq(script.runs, 3);
	script.runs = 0;
	ck_assert_int_eq(tx_run(pg, NULL, read_then_write, &script, &unknown), RC_CONFLICT);
	ck_assert_int_eq(script.runs, 5);
	PQfinish(script.other);
	pg_free(pg);
}
END_TEST

static enum rc wait_for_lock(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	if (++script->runs == 2)
		other_sql(script->other, "COMMIT");
	return run_sql(pg, "SET LOCAL lock_timeout = 20; UPDATE t SET n = n + 1");
}

START_TEST(a_lock_timeout_is_tried_again)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .other = other_session() };
	other_sql(script.other, "BEGIN; LOCK TABLE t");
	ck_assert_int_eq(tx_run(pg, NULL, wait_for_lock, &script, &unknown), RC_OK);
	ck_assert_int_eq(script.runs, 2);
	ck_assert_int_eq(sum(pg), 2);
	PQfinish(script.other);
	pg_free(pg);
}
END_TEST

static enum rc run_text(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	script->runs++;
	return run_sql(pg, script->sql);
}

START_TEST(other_conflicts_are_final)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .sql = "INSERT INTO t VALUES (1, 0)" };
	ck_assert_int_eq(tx_run(pg, NULL, run_text, &script, &unknown), RC_CONFLICT);
	ck_assert_str_eq(pg_sqlstate(pg), "23505");
	ck_assert_int_eq(script.runs, 1);
	script.sql = "INSERT INTO unique_late VALUES (1), (1)"; /* found at COMMIT */
	ck_assert_int_eq(tx_run(pg, NULL, run_text, &script, &unknown), RC_CONFLICT);
	ck_assert_str_eq(pg_sqlstate(pg), "23505");
	ck_assert(!unknown);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

START_TEST(the_deadline_bounds_all_attempts)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { .sql = "DO $$ BEGIN RAISE serialization_failure; END $$" };
	struct tx_options brief = { .attempts = 1000000, .deadline_ms = 300 };
	int64_t from = clock_mono_ns();
	enum rc rc = tx_run(pg, &brief, run_text, &script, &unknown);
	ck_assert_msg(rc == RC_CONFLICT || rc == RC_TIMEOUT, "%s", rc_code(rc));
	ck_assert_int_lt(clock_mono_ns() - from, 5000 * MS);
	ck_assert_int_ge(script.runs, 2);
	script.sql = "SELECT pg_sleep(20)";
	from = clock_mono_ns();
	ck_assert_int_eq(tx_run(pg, &brief, run_text, &script, &unknown), RC_TIMEOUT);
	ck_assert_int_lt(clock_mono_ns() - from, 5000 * MS);
	ck_assert(!unknown);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

static enum rc outlast(struct pg *pg, void *ctx)
{
	enum rc rc = add_one(pg, ctx);
	poll(NULL, 0, 60); /* longer than the deadline of the test below */
	return rc;
}

START_TEST(commit_is_not_sent_after_the_deadline)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { 0 };
	struct tx_options brief = { .deadline_ms = 50 };
	ck_assert_int_eq(tx_run(pg, &brief, outlast, &script, &unknown), RC_TIMEOUT);
	ck_assert(!unknown);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

/* A body that does not look must not go on in a new session, outside of the transaction. */
static enum rc lose_and_go_on(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	script->runs++;
	if (run_sql(pg, "SELECT pg_terminate_backend(pg_backend_pid())") != RC_UNAVAILABLE)
		return RC_INTERNAL;
	enum rc rc = run_sql(pg, "UPDATE t SET n = n + 1");
	return script->fail_runs ? RC_OK : rc;
}

START_TEST(a_lost_connection_stays_lost_until_the_end)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { 0 };
	ck_assert_int_eq(tx_run(pg, NULL, lose_and_go_on, &script, &unknown), RC_UNAVAILABLE);
	ck_assert(!unknown);
	script.fail_runs = 1;
	ck_assert_int_eq(tx_run(pg, NULL, lose_and_go_on, &script, &unknown), RC_INTERNAL);
	ck_assert(!unknown);
	ck_assert_int_eq(script.runs, 2);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

static enum rc stop_and_fail(struct pg *pg, void *ctx)
{
	enum rc rc = add_one(pg, ctx);
	kill((pid_t)number(pg, "SELECT pg_backend_pid()"), SIGSTOP);
	return rc == RC_OK ? RC_NOT_FOUND : rc;
}

START_TEST(a_rollback_without_an_answer_drops_the_connection)
{
	bool unknown = true;
	struct script script = { 0 };
	struct pg *pg = fresh();
	pid_t stopped = (pid_t)number(pg, "SELECT pg_backend_pid()");
	pg_set_deadline(pg, 200);
	ck_assert_int_eq(tx_run(pg, NULL, stop_and_fail, &script, &unknown), RC_NOT_FOUND);
	kill(stopped, SIGCONT);
	ck_assert(!unknown);
	ck_assert(!pg_connected(pg));
	pg_set_deadline(pg, 0);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

/* A session that has never called the function looks it up in pg_proc, which is locked. */
static enum rc ping_behind_a_lock(struct pg *pg, void *ctx)
{
	struct script *script = ctx;
	other_sql(script->other,
		  ++script->runs == 1 ? "BEGIN; LOCK TABLE pg_catalog.pg_proc" : "COMMIT");
	SCOPED(pg_result_done) struct pg_result rows = pg_run(pg, STMT_ping, PG_NO_ARGS);
	return rows.rc;
}

START_TEST(retries_are_counted_for_the_statement)
{
	bool unknown = true;
	struct pg_stat stat;
	struct pg *pg = fresh();
	struct script script = { .other = other_session() };
	ck_assert_int_eq(tx_run(pg, NULL, ping_behind_a_lock, &script, &unknown), RC_OK);
	pg_stat_of(pg, STMT_ping, &stat);
	ck_assert_int_eq(script.runs, 2);
	ck_assert_uint_eq(stat.calls, 2);
	ck_assert_uint_eq(stat.errors, 1);
	ck_assert_uint_eq(stat.retries, 1);
	PQfinish(script.other);
	pg_free(pg);
}
END_TEST

static enum rc ignore_failure(struct pg *pg, void *ctx)
{
	enum rc rc = add_one(pg, ctx);
	run_sql(pg, "SELECT 1/0");
	return rc;
}

START_TEST(an_ignored_failure_is_not_taken_for_success)
{
	bool unknown = true;
	struct pg *pg = fresh();
	struct script script = { 0 };
	ck_assert_int_eq(tx_run(pg, NULL, ignore_failure, &script, &unknown), RC_INTERNAL);
	ck_assert(!unknown);
	ck_assert_int_eq(sum(pg), 0);
	pg_free(pg);
}
END_TEST

START_TEST(a_commit_without_an_answer_is_unknown)
{
	bool unknown = false;
	struct pg *pg = fresh();
	struct script script = { .sql = "UPDATE t SET n = 666 WHERE id = 1" };
	ck_assert_int_eq(tx_run(pg, NULL, run_text, &script, &unknown), RC_UNAVAILABLE);
	ck_assert(unknown);
	ck_assert_int_eq(script.runs, 1);
	pg_free(pg);
}
END_TEST

SUITE_WITH(start, live_pg_done, 60, success_is_committed, failure_of_the_body_rolls_back,
	   a_deadlock_is_tried_again, a_serialization_failure_is_tried_again, attempts_end,
	   a_lock_timeout_is_tried_again, other_conflicts_are_final,
	   the_deadline_bounds_all_attempts, commit_is_not_sent_after_the_deadline,
	   a_lost_connection_stays_lost_until_the_end,
	   an_ignored_failure_is_not_taken_for_success, a_commit_without_an_answer_is_unknown,
	   a_rollback_without_an_answer_drops_the_connection,
	   retries_are_counted_for_the_statement)
