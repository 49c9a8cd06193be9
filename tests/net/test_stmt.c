/* Every statement of sql/queries is prepared against the migrated schema: a typo cannot ship.
 */
#include "suite.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "base/scope.h"
#include "lib/live_pg.h"
#include "net/pg.h"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 10000 };

START_TEST(every_statement_is_prepared)
{
	PGconn *conn = PQconnectdb(live_pg_url());
	int bad = 0;
	PQclear(PQexec(conn, "SET search_path = such_market, public, pg_temp"));
	for (int i = 0; i < STMT_COUNT; i++) {
		PGresult *done = PQprepare(conn, stmt_name((enum stmt)i),
					   stmt_text((enum stmt)i), 0, NULL);
		if (PQresultStatus(done) != PGRES_COMMAND_OK) {
			fprintf(stderr, "%s: %s", stmt_name((enum stmt)i),
				PQresultErrorMessage(done));
			bad++;
		}
		PQclear(done);
	}
	PQfinish(conn);
	ck_assert_int_eq(bad, 0);
	ck_assert_int_gt(STMT_COUNT, 0);
}
END_TEST

START_TEST(one_is_run_by_name)
{
	struct pg *pg = pg_new(&options, live_pg_url());
	SCOPED(pg_result_done) struct pg_result rows = pg_run(pg, STMT_ping, PG_NO_ARGS);
	ck_assert_int_eq(rows.rc, RC_OK);
	ck_assert_int_eq(rows.count, 1);
	ck_assert(!pg_flag(&rows, 0, 0));
	pg_free(pg);
}
END_TEST

/* What sql2c makes of a text: exit status, and *ret_out when given. */
static int sql2c(const char *sql, char *ret_out, size_t size)
{
	char command[1024];
	snprintf(command, sizeof(command),
		 "printf '%%b' '%s' >sql2c.$$; awk -f %s/tools/sql2c.awk sql2c.$$ 2>/dev/null; "
		 "rc=$?; rm -f sql2c.$$; exit $rc",
		 sql, getenv("top_srcdir"));
	FILE *in = popen(command, "r");
	size_t n = fread(ret_out, 1, size - 1, in);
	ret_out[n] = '\0';
	return WEXITSTATUS(pclose(in));
}

START_TEST(sql_becomes_rows)
{
	static const struct {
		const char *sql;
		int status;
		const char *has;
	} rows[] = {
		{ "", 0, "#undef STMT" },
		{ "-- name: a\\n-- told\\nSELECT 1\\n\\n-- name: b\\nSELECT 2\\n", 0,
		  "STMT(a,\n\t\"SELECT 1\\n\")\nSTMT(b,\n\t\"SELECT 2\\n\")\n" },
		{ "-- name: a\\nSELECT \"x\"\\n", 0, "SELECT \\\"x\\\"" },
		{ "-- name: a\\nSELECT 1\\n-- name: a\\nSELECT 2\\n", 1, "" },
		{ "-- name: a\\n-- name: b\\nSELECT 2\\n", 1, "" },
		{ "-- name: a\\n", 1, "" },
		{ "-- name: two words\\nSELECT 1\\n", 1, "" },
		{ "-- name:\\nSELECT 1\\n", 1, "" },
		{ "SELECT 1\\n", 1, "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char out[512];
		ck_assert_msg(sql2c(rows[i].sql, out, sizeof(out)) == rows[i].status,
			      "row %zu: %s", i, out);
		ck_assert_msg(strstr(out, rows[i].has), "row %zu: %s", i, out);
	}
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 60, every_statement_is_prepared, one_is_run_by_name,
	   sql_becomes_rows)
