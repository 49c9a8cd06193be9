/* One connection: values, failures, deadlines, and servers that go away. */
#include "lib/child.h"
#include "suite.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/metric.h"
#include "lib/live_pg.h"
#include "net/internal.h"
#include "net/pg.h"

#define MS INT64_C(1000000)

static const struct pg_options options = { .connect_ms = 2000, .deadline_ms = 5000 };
static const struct pg_options hasty = { .connect_ms = 1000, .deadline_ms = 400 };
static struct metric_cells cells;

static struct pg *fresh(const struct pg_options *how)
{
	metric_attach(&cells);
	return pg_new(how, live_pg_url());
}

static enum rc run_sql(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);
	return done.rc;
}

static enum rc ping(struct pg *pg)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_run(pg, STMT_ping, PG_NO_ARGS);
	return rows.rc;
}

static int64_t number(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);
	ck_assert_msg(rows.rc == RC_OK, "%s", pg_error(pg));
	return pg_i64(&rows, 0, 0);
}

static pid_t backend(struct pg *pg)
{
	return (pid_t)number(pg, "SELECT pg_backend_pid()");
}

/* Until it works again: back-off is at most five seconds. */
static void await_ping(struct pg *pg)
{
	int64_t until = clock_mono_ns() + 20000 * MS;
	while (ping(pg) != RC_OK) {
		ck_assert_msg(clock_mono_ns() < until, "%s", pg_error(pg));
		poll(NULL, 0, 10);
	}
}

static void await_dead(struct pg *pg)
{
	int64_t until = clock_mono_ns() + 5000 * MS;
	while (pg_connected(pg)) {
		ck_assert(clock_mono_ns() < until);
		poll(NULL, 0, 1);
	}
}

START_TEST(values_of_each_type)
{
	static const uint8_t blob[] = { 0, 1, 0xff, '\\', '\'' };
	struct address who = { { 1, 2, 3, [19] = 0xfe } }, back = { { 0 } };
	struct str bytes = { (const char *)blob, sizeof(blob) };
	struct pg *pg = fresh(&options);
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_exec_args(pg,
			     "SELECT $1::text, $2::bytea, $3::bytea, NULL::text, "
			     "-9223372036854775808, 1.5e0::float8,"
			     " true, false, $4::text, $5::bytea, ''::text",
			     PG_ARGS(pg_text("d'or \xc3\xa9"), pg_address(&who),
				     pg_bytes(bytes), pg_text(NULL), pg_bytes(STR_NONE)));
	ck_assert_msg(rows.rc == RC_OK, "%s", pg_error(pg));
	ck_assert_int_eq(rows.count, 1);
	ck_assert(str_eqz(pg_str(&rows, 0, 0), "d'or \xc3\xa9"));
	ck_assert(pg_address_at(&rows, 0, 1, &back));
	ck_assert(address_eq(&who, &back));
	ck_assert(str_eqz(pg_str(&rows, 0, 2), "\\x0001ff5c27"));
	ck_assert(!pg_address_at(&rows, 0, 2, &back));
	ck_assert(!pg_address_at(&rows, 0, 3, &back));
	ck_assert(pg_is_null(&rows, 0, 3));
	ck_assert_ptr_null(pg_str(&rows, 0, 3).ptr);
	ck_assert_int_eq(pg_i64(&rows, 0, 3), 0);
	ck_assert_int_eq(pg_i64(&rows, 0, 4), INT64_MIN);
	ck_assert_double_eq(pg_f64(&rows, 0, 5), 1.5);
	ck_assert(pg_flag(&rows, 0, 6) && !pg_flag(&rows, 0, 7) && !pg_flag(&rows, 0, 3));
	ck_assert(pg_is_null(&rows, 0, 8) && pg_is_null(&rows, 0, 9));
	ck_assert_ptr_nonnull(pg_str(&rows, 0, 10).ptr);
	ck_assert_uint_eq(pg_str(&rows, 0, 10).len, 0);
	pg_free(pg);
}
END_TEST

START_TEST(rows_and_affected_rows_are_counted)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(run_sql(pg, "CREATE TEMP TABLE t (n int)"), RC_OK);
	struct pg_result done = pg_exec(pg, "INSERT INTO t SELECT generate_series(1, 7)");
	ck_assert_int_eq(done.affected, 7);
	ck_assert_int_eq(done.count, 0);
	pg_result_done(&done);
	pg_result_done(&done);
	done = pg_exec(pg, "SELECT * FROM t");
	ck_assert_int_eq(done.count, 7);
	pg_result_done(&done);
	ck_assert_int_eq(number(pg, "UPDATE t SET n = 0; SELECT 42"), 42);
	pg_free(pg);
}
END_TEST

START_TEST(failures_have_classes)
{
	static const struct {
		const char *sql, *sqlstate;
		enum rc rc;
		bool lost;
	} rows[] = {
		{ "SELECT 1/0", "22012", RC_INVALID, false },
		{ "SELECT 'x'::int", "22P02", RC_INVALID, false },
		{ "CREATE TEMP TABLE u (n int UNIQUE); INSERT INTO u VALUES (1), (1)", "23505",
		  RC_CONFLICT, false },
		{ "SELEC", "42601", RC_INTERNAL, false },
		{ "SELECT 1; SELECT nothing; SELECT 2", "42703", RC_INTERNAL, false },
		{ "DO $$ BEGIN RAISE serialization_failure; END $$", "40001", RC_CONFLICT,
		  false },
		{ "DO $$ BEGIN RAISE deadlock_detected; END $$", "40P01", RC_CONFLICT, false },
		{ "DO $$ BEGIN RAISE lock_not_available; END $$", "55P03", RC_CONFLICT, false },
		{ "DO $$ BEGIN RAISE query_canceled; END $$", "57014", RC_TIMEOUT, false },
		{ "DO $$ BEGIN RAISE disk_full; END $$", "53100", RC_UNAVAILABLE, false },
		{ "DO $$ BEGIN RAISE too_many_connections; END $$", "53300", RC_UNAVAILABLE,
		  true },
		{ "DO $$ BEGIN RAISE feature_not_supported; END $$", "0A000", RC_INTERNAL,
		  true },
		{ "START TRANSACTION READ ONLY; DELETE FROM such_market.transfers", "25006",
		  RC_UNAVAILABLE, true },
		{ "SELECT pg_terminate_backend(pg_backend_pid())", "57P01", RC_UNAVAILABLE,
		  true },
	};
	struct pg *pg = fresh(&options);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_int_eq(ping(pg), RC_OK);
		enum rc rc = run_sql(pg, rows[i].sql);
		ck_assert_msg(rc == rows[i].rc, "%s: %s %s", rows[i].sql, rc_code(rc),
			      pg_error(pg));
		ck_assert_str_eq(pg_sqlstate(pg), rows[i].sqlstate);
		ck_assert_msg(pg_connected(pg) == !rows[i].lost, "%s", rows[i].sql);
		ck_assert_ptr_null(strchr(pg_error(pg) + strlen(pg_error(pg)) - 1, '\n'));
	}
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], COUNT_OF(rows));
	ck_assert_uint_eq(cells.counter[COUNTER_pg_timeouts], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_connects], 4);
	pg_free(pg);
}
END_TEST

START_TEST(the_session_is_set_up)
{
	static const char *const settings[][2] = {
		{ "statement_timeout", "4687ms" },
		{ "lock_timeout", "500ms" },
		{ "idle_in_transaction_session_timeout", "5s" },
		{ "search_path", "such_market, public, pg_temp" },
		{ "client_encoding", "UTF8" },
		{ "standard_conforming_strings", "on" },
		{ "application_name", "such-market" },
		{ "client_connection_check_interval", "500ms" },
		{ "TimeZone", "UTC" },
	};
	struct pg *pg = fresh(&options);
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		SCOPED(pg_result_done)
		struct pg_result rows = pg_exec_args(pg, "SELECT current_setting($1)",
						     PG_ARGS(pg_text(settings[i][0])));
		ck_assert_int_eq(rows.rc, RC_OK);
		ck_assert_msg(str_eqz(pg_str(&rows, 0, 0), settings[i][1]), "%s is " STR_FMT,
			      settings[i][0], STR_ARG(pg_str(&rows, 0, 0)));
	}
	pg_free(pg);
}
END_TEST

static int64_t server_timeout(struct pg *pg)
{
	return number(pg, "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'");
}

START_TEST(the_servers_timeout_follows_the_deadline)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(server_timeout(pg), 4687);
	pg_set_deadline(pg, 20000);
	ck_assert_int_eq(server_timeout(pg), 18749);
	ck_assert_int_eq(run_sql(pg, "BEGIN"), RC_OK);
	pg_set_deadline(pg, 1000);
	ck_assert_int_eq(server_timeout(pg), 937);
	ck_assert_int_eq(run_sql(pg, "ROLLBACK"), RC_OK);
	ck_assert_int_eq(server_timeout(pg), 937);
	pg_set_deadline(pg, 0);
	ck_assert_int_eq(server_timeout(pg), 4687);
	pg_free(pg);
}
END_TEST

START_TEST(a_slow_statement_ends_and_the_session_stays)
{
	struct pg *pg = fresh(&options);
	pid_t before = backend(pg);
	pg_set_deadline(pg, 400);
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(run_sql(pg, "SELECT pg_sleep(20)"), RC_TIMEOUT);
	ck_assert_int_lt(clock_mono_ns() - start, 5000 * MS);
	ck_assert_str_eq(pg_sqlstate(pg), "57014");
	pg_set_deadline(pg, 0);
	ck_assert_int_eq(backend(pg), before);
	pg_free(pg);
}
END_TEST

START_TEST(a_stopped_backend_is_given_up)
{
	struct pg *pg = fresh(&hasty);
	pid_t stopped = backend(pg);
	ck_assert_int_eq(kill(stopped, SIGSTOP), 0);
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(ping(pg), RC_TIMEOUT);
	int64_t took = clock_mono_ns() - start;
	ck_assert_int_ge(took, 390 * MS);
	ck_assert_int_lt(took, 5000 * MS);
	ck_assert_str_eq(pg_sqlstate(pg), "");
	ck_assert(!pg_connected(pg));
	ck_assert_uint_eq(cells.counter[COUNTER_pg_timeouts], 1);
	pg_set_deadline(pg, 5000);
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_int_ne(backend(pg), stopped);
	kill(stopped, SIGCONT);
	pg_free(pg);
}
END_TEST

/* More bytes than the socket takes: the send must not block either. */
START_TEST(a_stopped_backend_does_not_block_a_large_send)
{
	size_t len = 8 << 20;
	char *text = malloc(len + 1);
	struct pg *pg = fresh(&hasty);
	pid_t stopped = backend(pg);
	memset(text, 'x', len);
	text[len] = '\0';
	ck_assert_int_eq(kill(stopped, SIGSTOP), 0);
	int64_t start = clock_mono_ns();
	struct pg_result done = pg_exec_args(pg, "SELECT $1::text", PG_ARGS(pg_text(text)));
	ck_assert_int_lt(clock_mono_ns() - start, 5000 * MS);
	ck_assert_int_eq(done.rc, RC_TIMEOUT);
	pg_result_done(&done);
	kill(stopped, SIGCONT);
	pg_set_deadline(pg, 10000);
	done = pg_exec_args(pg, "SELECT $1::text", PG_ARGS(pg_text(text)));
	ck_assert_int_eq(done.rc, RC_OK);
	ck_assert_uint_eq(pg_str(&done, 0, 0).len, len);
	pg_result_done(&done);
	pg_free(pg);
	free(text);
}
END_TEST

/* A statement whose client is gone ends soon, without a cancel request. */
START_TEST(what_was_given_up_ends_in_the_server)
{
	struct pg *doomed = fresh(&hasty), *other = pg_new(&options, live_pg_super_url());
	char sql[128];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
		 (int)backend(doomed));
	ck_assert_int_eq(number(other, sql), 1);
	ck_assert_int_eq(run_sql(doomed, "SET statement_timeout = 0; SELECT pg_sleep(60)"),
			 RC_TIMEOUT);
	int64_t until = clock_mono_ns() + 10000 * MS;
	while (number(other, sql) > 0) {
		ck_assert(clock_mono_ns() < until);
		poll(NULL, 0, 20);
	}
	pg_free(doomed);
	pg_free(other);
}
END_TEST

START_TEST(a_dead_idle_connection_is_replaced)
{
	struct pg *pg = fresh(&options);
	char sql[64];
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d)", (int)backend(pg));
	live_pg_sql(sql);
	await_dead(pg);
	uint64_t connects = cells.counter[COUNTER_pg_connects];
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], 0);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_connects], connects + 1);
	pg_free(pg);
}
END_TEST

START_TEST(a_restart_in_between_is_survived)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(ping(pg), RC_OK);
	live_pg_restart();
	ck_assert_int_eq(ping(pg), RC_OK);
	live_pg_crash();
	live_pg_resume();
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], 0);
	pg_free(pg);
}
END_TEST

/* In a child: ends the server while the parent's statement runs. */
static pid_t crash_during(const char *text)
{
	pid_t pid = child_fork();
	if (pid != 0)
		return pid;
	struct pg *pg = pg_new(&options, live_pg_super_url());
	char sql[160];
	snprintf(
		sql, sizeof(sql),
		"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = '%s'",
		text);
	int64_t until = clock_mono_ns() + 10000 * MS;
	while (number(pg, sql) == 0 && clock_mono_ns() < until)
		poll(NULL, 0, 5);
	live_pg_crash();
	_exit(0);
}

START_TEST(a_crash_during_a_statement_is_unavailable)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(ping(pg), RC_OK);
	pid_t child = crash_during("SELECT pg_sleep(60)");
	ck_assert_int_eq(run_sql(pg, "SELECT pg_sleep(60)"), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(pg_error(pg), "closed the connection"));
	ck_assert_str_eq(pg_sqlstate(pg), "");
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	live_pg_resume();
	await_ping(pg);
	pg_free(pg);
}
END_TEST

START_TEST(hosts_of_urls)
{
	static const struct {
		const char *url;
		int count;
		const char *host, *port; /* of the last */
	} rows[] = {
		{ "postgresql://u@h/d", 1, "h", "" },
		{ "postgresql://u@a:1,b:2,c:3/d", 3, "c", "3" },
		{ "host=a,b port=7", 2, "b", "7" },
		{ "host=/run/x,/run/y", 2, "/run/y", "" },
		{ "dbname=d", 1, "", "" },
		{ "host=a,,b", 1, "", "" },
		{ "host=a,b hostaddr=1.1.1.1,2.2.2.2", 1, "", "" },
		{ "host=a,b target_session_attrs=prefer-standby", 1, "", "" },
		{ "host=a,b target_session_attrs=primary", 2, "b", "" },
		{ "host=1,2,3,4,5,6,7,8", 8, "8", "" },
		{ "host=1,2,3,4,5,6,7,8,9", 1, "", "" },
		{ "host=a,b port=1234567890", 1, "", "" },
		{ "postgresql://u@[::1", 1, "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pg_hosts hosts;
		pg_hosts_read(rows[i].url, &hosts);
		ck_assert_msg(hosts.count == rows[i].count, "%s: %d", rows[i].url, hosts.count);
		ck_assert_str_eq(hosts.host[hosts.count - 1], rows[i].host);
		ck_assert_str_eq(hosts.port[hosts.count - 1], rows[i].port);
	}
}
END_TEST

START_TEST(an_absent_server_is_told_at_once)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(ping(pg), RC_OK);
	live_pg_stop();
	ck_assert_int_eq(ping(pg), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(pg_error(pg), "connect"));
	int64_t start = clock_mono_ns();
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(ping(pg), RC_UNAVAILABLE);
	ck_assert_int_lt(clock_mono_ns() - start, 5000 * MS);
	live_pg_resume();
	await_ping(pg);
	pg_free(pg);
}
END_TEST

START_TEST(a_stopped_postmaster_holds_no_longer_than_the_connect_deadline)
{
	struct pg *pg = fresh(&hasty);
	ck_assert_int_eq(kill(live_pg_pid(), SIGSTOP), 0);
	int64_t start = clock_mono_ns();
	ck_assert_int_eq(pg_connect(pg), RC_UNAVAILABLE);
	int64_t took = clock_mono_ns() - start;
	kill(live_pg_pid(), SIGCONT);
	ck_assert_int_ge(took, 990 * MS);
	ck_assert_int_lt(took, 5000 * MS);
	await_ping(pg);
	pg_free(pg);
}
END_TEST

START_TEST(a_forgotten_prepared_statement_is_prepared_again)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_int_eq(run_sql(pg, "DEALLOCATE ALL"), RC_OK);
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_int_eq(run_sql(pg, "DEALLOCATE ALL; BEGIN"), RC_OK);
	ck_assert_int_eq(ping(pg), RC_INTERNAL);
	ck_assert_str_eq(pg_sqlstate(pg), "26000");
	pg_free(pg);
}
END_TEST

/* Takes connections and never says a word. */
static int silent_server(const char *dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.5432", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

START_TEST(a_host_that_does_not_answer_hides_no_other)
{
	char dir[] = "/tmp/such-market-silent-XXXXXX", url[512], path[64];
	ck_assert_ptr_nonnull(mkdtemp(dir));
	int fd = silent_server(dir);
	const char *good = strstr(live_pg_url(), "?host=") + strlen("?host=");
	struct pg_options how = { .connect_ms = 3000, .deadline_ms = 5000 };
	snprintf(url, sizeof(url),
		 "postgresql://such_market_app@/such_market?host=%s,%s,/nowhere", dir, good);
	struct pg *pg = pg_new(&how, url);
	int64_t start = clock_mono_ns();
	ck_assert_msg(pg_connect(pg) == RC_OK, "%s", pg_error(pg));
	ck_assert_int_ge(clock_mono_ns() - start, 990 * MS);
	ck_assert_int_eq(ping(pg), RC_OK);
	pg_free(pg);
	snprintf(url, sizeof(url),
		 "postgresql://such_market_app@/such_market?host=/nowhere,%s&port=5432,5432"
		 "&target_session_attrs=read-write",
		 good);
	pg = pg_new(&how, url);
	ck_assert_msg(pg_connect(pg) == RC_OK, "%s", pg_error(pg));
	pg_free(pg);
	close(fd);
	snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", dir);
	unlink(path);
	rmdir(dir);
}
END_TEST

/* A role that needs its password, beside all the others that need none. */
static void demand_password(void)
{
	live_pg_sql("CREATE ROLE locked LOGIN PASSWORD 'right'");
	live_pg_sql("DO $$ BEGIN EXECUTE format('COPY (SELECT unnest(ARRAY["
		    "''local all locked scram-sha-256'', ''local all all trust''])) TO %L',"
		    " current_setting('hba_file')); PERFORM pg_reload_conf(); END $$");
}

START_TEST(a_wrong_password_is_unavailable)
{
	char url[512], wrong[512];
	const char *host = strstr(live_pg_super_url(), "?host=");
	demand_password();
	snprintf(url, sizeof(url), "postgresql://locked:right@/such_market%s", host);
	snprintf(wrong, sizeof(wrong), "postgresql://locked:wrong@/such_market%s", host);
	struct pg *pg = pg_new(&options, url), *bad = pg_new(&options, wrong);
	int64_t until = clock_mono_ns() + 5000 * MS;
	while (pg_connect(bad) == RC_OK) { /* until the server has read its rules again */
		ck_assert(clock_mono_ns() < until);
		poll(NULL, 0, 5);
	}
	ck_assert_int_eq(ping(bad), RC_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(pg_error(bad), "password authentication failed"));
	ck_assert_ptr_null(strstr(pg_error(bad), "wrong"));
	ck_assert_int_eq(ping(pg), RC_OK);
	pg_free(bad);
	pg_free(pg);
}
END_TEST

START_TEST(urls_are_judged_without_their_secrets)
{
	static const struct {
		const char *url;
		enum rc rc;
	} rows[] = {
		{ "postgresql://a:b@h:5432/d?sslmode=require", RC_OK },
		{ "postgres://h1:1,h2:2/d?target_session_attrs=read-write", RC_OK },
		{ "host=/run/postgresql dbname=d", RC_OK },
		{ "", RC_INVALID },
		{ "mysql://a:hush@h/d", RC_INVALID },
		{ "postgresql://a:hush@h/d?pgbouncer=true", RC_INVALID },
		{ "postgresql://a:hush@h:port/d%", RC_INVALID },
		{ "postgresql://a:hush@[::1/d", RC_INVALID },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *why = "";
		ck_assert_msg(pg_url_check(rows[i].url, &why) == rows[i].rc, "%s", rows[i].url);
		ck_assert_msg((*why != '\0') == (rows[i].rc != RC_OK), "%s", rows[i].url);
		ck_assert_ptr_null(strstr(why, "hush"));
	}
}
END_TEST

static enum rc copy_rows(struct pg *pg, const char *rows, const char *abort_reason,
			 int64_t *ret)
{
	enum rc rc = pg_copy_begin(pg, "COPY c FROM STDIN");
	if (rc == RC_OK)
		rc = pg_copy_put(pg, str_of(rows));
	return rc == RC_OK ? pg_copy_end(pg, abort_reason, ret) : rc;
}

START_TEST(copy_streams_rows)
{
	int64_t n = 0;
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(run_sql(pg, "CREATE TEMP TABLE c (n int, z text)"), RC_OK);
	ck_assert_int_eq(copy_rows(pg, "1\ta\n2\t\\N\n", NULL, &n), RC_OK);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(copy_rows(pg, "3\tc\n", "changed our mind", &n), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], 0);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_timeouts], 0);
	ck_assert_int_eq(number(pg, "SELECT count(*) FROM c"), 2);
	ck_assert_int_eq(copy_rows(pg, "4\td\nfive\te\n", NULL, &n), RC_INVALID);
	ck_assert_str_eq(pg_sqlstate(pg), "22P02");
	ck_assert_int_eq(number(pg, "SELECT count(*) FROM c"), 2);
	ck_assert_int_eq(pg_copy_begin(pg, "COPY nowhere FROM STDIN"), RC_INTERNAL);
	ck_assert_int_eq(pg_copy_put(pg, STR("1\n")), RC_UNAVAILABLE);
	ck_assert_int_eq(pg_copy_end(pg, NULL, &n), RC_UNAVAILABLE);
	ck_assert_int_eq(server_timeout(pg), 4687);
	pg_free(pg);
}
END_TEST

START_TEST(copy_takes_much_and_outlasts_the_deadline)
{
	static char block[1 << 16];
	int64_t n = 0, rows = 0;
	struct pg *pg = fresh(&hasty);
	size_t len = 0;
	while (len + 64 < sizeof(block)) {
		len += (size_t)snprintf(block + len, sizeof(block) - len, "%d\t%040d\n", 7, 7);
		rows++;
	}
	ck_assert_int_eq(run_sql(pg, "CREATE TEMP TABLE c (n int, z text)"), RC_OK);
	ck_assert_int_eq(pg_copy_begin(pg, "COPY c FROM STDIN"), RC_OK);
	int64_t until = clock_mono_ns() + 600 * MS; /* longer than a statement may take */
	int puts = 0;
	for (; puts < 64 || clock_mono_ns() < until; puts++)
		ck_assert_int_eq(pg_copy_put(pg, (struct str){ block, len }), RC_OK);
	pg_set_deadline(pg, 5000);
	ck_assert_int_eq(pg_copy_end(pg, NULL, &n), RC_OK);
	ck_assert_int_eq(n, puts * rows);
	pg_free(pg);
}
END_TEST

START_TEST(copy_into_a_stopped_backend_is_given_up)
{
	static char block[1 << 16];
	enum rc rc = RC_OK;
	struct pg *pg = fresh(&hasty);
	pid_t stopped = backend(pg);
	memset(block, 'x', sizeof(block));
	ck_assert_int_eq(run_sql(pg, "CREATE TEMP TABLE c (z text)"), RC_OK);
	ck_assert_int_eq(pg_copy_begin(pg, "COPY c FROM STDIN"), RC_OK);
	ck_assert_int_eq(kill(stopped, SIGSTOP), 0);
	int64_t start = clock_mono_ns();
	for (int i = 0; i < 1000 && rc == RC_OK; i++)
		rc = pg_copy_put(pg, (struct str){ block, sizeof(block) });
	ck_assert_int_eq(rc, RC_TIMEOUT);
	ck_assert_int_lt(clock_mono_ns() - start, 5000 * MS);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_timeouts], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_errors], 1);
	kill(stopped, SIGCONT);
	pg_set_deadline(pg, 5000);
	ck_assert_int_eq(ping(pg), RC_OK);
	pg_free(pg);
}
END_TEST

/* It waits for a lock that this program's other connection gives back. */
START_TEST(a_statement_on_its_way_is_answered_later)
{
	int64_t n = 0;
	struct pg *a = fresh(&options), *b = pg_twin(a);
	ck_assert_int_eq(run_sql(a, "SELECT pg_advisory_lock(11)"), RC_OK);
	ck_assert_int_eq(run_sql(b, "CREATE TEMP TABLE c (n int)"), RC_OK);
	ck_assert_int_eq(pg_exec_send(b,
				      "INSERT INTO c SELECT $1::int FROM"
				      " pg_advisory_lock(11), generate_series(1, 3)",
				      PG_ARGS(pg_text("7"))),
			 RC_OK);
	ck_assert_int_eq(run_sql(a, "SELECT pg_advisory_unlock(11)"), RC_OK);
	ck_assert_uint_eq(pg_copy_any(&b, 1), 0);
	ck_assert_int_eq(pg_copy_answer(b, &n), RC_OK);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(pg_copy_answer(b, &n), RC_UNAVAILABLE);
	ck_assert_int_eq(number(b, "SELECT sum(n) FROM c"), 21);
	ck_assert_int_eq(pg_exec_send(b, "SELECT 1/0", PG_NO_ARGS), RC_OK);
	ck_assert_int_eq(pg_copy_answer(b, &n), RC_INVALID);
	ck_assert_int_eq(ping(b), RC_OK);
	pg_free(b);
	pg_free(a);
}
END_TEST

START_TEST(copy_outside_of_its_functions_is_refused)
{
	struct pg *pg = fresh(&options);
	ck_assert_int_eq(run_sql(pg, "CREATE TEMP TABLE c (n int); COPY c FROM STDIN"),
			 RC_INTERNAL);
	ck_assert_int_eq(run_sql(pg, "COPY (SELECT 1) TO STDOUT"), RC_INTERNAL);
	ck_assert_int_eq(ping(pg), RC_OK);
	pg_free(pg);
}
END_TEST

static enum rc hook(struct pg *pg, void *ctx)
{
	int *calls = ctx;
	++*calls;
	return *calls == 2 ? RC_CONFLICT : ping(pg);
}

START_TEST(the_hook_runs_on_each_connection_and_may_refuse)
{
	int calls = 0;
	struct pg *pg = fresh(&options);
	pg_on_connect(pg, hook, &calls);
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_int_eq(ping(pg), RC_OK);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(pg_connect(pg), RC_CONFLICT);
	ck_assert(!pg_connected(pg));
	ck_assert_int_eq(ping(pg), RC_UNAVAILABLE);
	ck_assert_int_eq(pg_connect(pg), RC_OK);
	ck_assert_int_eq(calls, 3);
	pg_free(pg);
}
END_TEST

struct slow {
	int calls;
	const char *name;
	int64_t ns;
};

static void on_slow(void *ctx, const char *name, int64_t ns)
{
	struct slow *slow = ctx;
	slow->calls++;
	slow->name = name;
	slow->ns = ns;
}

START_TEST(statistics_and_slow_statements)
{
	struct pg_options how = options;
	struct pg_stat stat;
	struct slow slow = { 0 };
	how.slow_ms = 50;
	struct pg *pg = fresh(&how);
	pg_on_slow(pg, on_slow, &slow);
	pg_stat_of(pg, STMT_ping, &stat);
	ck_assert(stat.calls == 0 && stat.p95_ns == 0 && stat.p99_ns == 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(ping(pg), RC_OK);
	pg_stat_of(pg, STMT_ping, &stat);
	ck_assert_uint_eq(stat.calls, 100);
	ck_assert_uint_eq(stat.errors, 0);
	ck_assert_int_gt(stat.total_ns, 0);
	ck_assert_int_gt(stat.p95_ns, 0);
	ck_assert_int_le(stat.p95_ns, stat.p99_ns);
	ck_assert_int_le(stat.p95_ns * 5, stat.total_ns * 2);
	slow = (struct slow){ 0 };
	ck_assert_int_eq(run_sql(pg, "SELECT pg_sleep(0.06)"), RC_OK);
	ck_assert_int_eq(slow.calls, 1);
	ck_assert_str_eq(slow.name, "text");
	ck_assert_int_ge(slow.ns, 60 * MS);
	live_pg_stop();
	ck_assert_int_eq(ping(pg), RC_UNAVAILABLE);
	live_pg_resume();
	pg_stat_of(pg, STMT_ping, &stat);
	ck_assert_uint_eq(stat.errors, 1);
	ck_assert_uint_eq(cells.counter[COUNTER_pg_statements], 101);
	pg_free(pg);
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 60, values_of_each_type,
	   rows_and_affected_rows_are_counted, failures_have_classes, the_session_is_set_up,
	   the_servers_timeout_follows_the_deadline,
	   a_slow_statement_ends_and_the_session_stays, a_stopped_backend_is_given_up,
	   a_stopped_backend_does_not_block_a_large_send, what_was_given_up_ends_in_the_server,
	   a_dead_idle_connection_is_replaced, a_restart_in_between_is_survived,
	   a_crash_during_a_statement_is_unavailable, hosts_of_urls,
	   an_absent_server_is_told_at_once,
	   a_stopped_postmaster_holds_no_longer_than_the_connect_deadline,
	   a_forgotten_prepared_statement_is_prepared_again,
	   a_host_that_does_not_answer_hides_no_other, a_wrong_password_is_unavailable,
	   urls_are_judged_without_their_secrets, copy_streams_rows,
	   copy_takes_much_and_outlasts_the_deadline, copy_into_a_stopped_backend_is_given_up,
	   a_statement_on_its_way_is_answered_later, copy_outside_of_its_functions_is_refused,
	   the_hook_runs_on_each_connection_and_may_refuse, statistics_and_slow_statements)
