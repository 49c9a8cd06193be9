#include "child.h"
#include "lib/commit_hold.h"

#include <check.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/live_pg.h"
#include "net/pg.h"

#define WAIT_NS INT64_C(20000000000)

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 30000 };

static struct pg *connect_local(void)
{
	struct pg *pg = pg_new(&options, live_pg_super_url());
	SCOPED(pg_result_done)
	struct pg_result set = pg_exec(pg, "SET synchronous_commit = local");

	ck_assert_msg(set.rc == RC_OK, "%s", pg_error(pg));
	return pg;
}

/* Rows of the query. */
static int count_of(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);

	ck_assert_msg(rows.rc == RC_OK, "%s: %s", sql, pg_error(pg));
	return rows.count;
}

static pid_t begin_probe(void)
{
	pid_t child = child_fork();
	if (child)
		return child;
	struct pg *pg = pg_new(&options, live_pg_super_url());
	pg_exec(pg, "SET application_name = 'probe'");
	pg_exec(pg, "SELECT pg_logical_emit_message(true, 'probe', '')");
	_exit(0);
}

/* The server takes a moment to take the setting: true when the probe had to wait. */
static bool probe_waits(struct pg *pg)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	pid_t child = begin_probe();

	while (waitpid(child, NULL, WNOHANG) == 0) {
		ck_assert_int_lt(clock_mono_ns(), until);
		if (count_of(pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				 " WHERE wait_event = 'SyncRep' AND application_name = "
				 "'probe'") > 0) {
			waitpid(child, NULL, 0);
			return true;
		}
		poll(NULL, 0, 2);
	}
	return false;
}

void commits_hold(void)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	struct pg *pg = connect_local();

	count_of(pg, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	count_of(pg, "SELECT pg_reload_conf()");
	while (!probe_waits(pg))
		ck_assert_int_lt(clock_mono_ns(), until);
	pg_free(pg);
}

void commits_release(void)
{
	struct pg *pg = connect_local();

	count_of(pg, "ALTER SYSTEM RESET synchronous_standby_names");
	count_of(pg, "SELECT pg_reload_conf()");
	pg_free(pg);
}

void commits_await(bool end)
{
	int64_t until = clock_mono_ns() + WAIT_NS;
	struct pg *pg = connect_local();

	while (count_of(pg, end ? "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				  " WHERE wait_event = 'SyncRep' AND usename = "
				  "'such_market_app'"
				: "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
				  " AND usename = 'such_market_app'") == 0) {
		ck_assert_int_lt(clock_mono_ns(), until);
		poll(NULL, 0, 2);
	}
	pg_free(pg);
}
