#include "lib/live_pair.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/live_pg.h"
#include "lib/pg_server.h"
#include "net/pg.h"

#define PATIENCE_NS INT64_C(60000000000)
#define BASE        "such_market"

static struct pg_server other;
static struct pg_server *primary, *standby;
static char urls[2][PG_SERVER_PATH + 256];
static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 30000 };

void live_pair_sql(const struct pg_server *server, const char *sql)
{
	pg_server_sql(pg_server_url(server, "postgres", BASE), sql);
}

/* Until the statement says "t"; what fails meanwhile does not matter. */
static void wait_for(const struct pg_server *server, const char *sql)
{
	int64_t until = clock_mono_ns() + PATIENCE_NS;
	struct pg *pg = pg_new(&options, pg_server_url(server, "postgres", BASE));

	for (bool done = false; !done;) {
		SCOPED(pg_result_done) struct pg_result row = pg_exec(pg, sql);
		done = row.rc == RC_OK && row.count == 1 && pg_flag(&row, 0, 0);
		if (!done && clock_mono_ns() > until) {
			keeper_show(server->log);
			keeper_panic("did not happen: %s (%s)", sql, pg_error(pg));
		}
		if (!done)
			poll(NULL, 0, 10);
	}
	pg_free(pg);
}

/* Where the primary's log ends now. */
static void end_of_log(char ret[64])
{
	struct pg *pg = pg_new(&options, pg_server_url(primary, "postgres", BASE));
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(pg, "SELECT pg_current_wal_lsn()");

	if (row.rc != RC_OK)
		keeper_panic("%s", pg_error(pg));
	snprintf(ret, 64, STR_FMT, STR_ARG(pg_str(&row, 0, 0)));
	pg_free(pg);
}

void live_standby_catch_up(void)
{
	char end[64], sql[256];

	end_of_log(end);
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) > 0 FROM pg_stat_replication"
		 " WHERE state = 'streaming' AND flush_lsn >= '%s'",
		 end);
	wait_for(primary, sql);
}

void live_standby_replayed(void)
{
	char end[64], sql[256];

	end_of_log(end);
	snprintf(sql, sizeof(sql), "SELECT pg_last_wal_replay_lsn() >= '%s'", end);
	wait_for(standby, sql);
}

static void set(const struct pg_server *server, const char *name, const char *value)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "ALTER SYSTEM SET %s = '%s'", name, value);
	live_pair_sql(server, sql);
	live_pair_sql(server, "SELECT pg_reload_conf()");
}

void live_standby_delay(int ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%dms", ms);
	set(standby, "recovery_min_apply_delay", text);
}

void live_standby_wait_for(bool on)
{
	set(primary, "synchronous_standby_names", on ? "*" : "");
}

static void copy_primary(void)
{
	static char program[PG_SERVER_PATH + 32], log[PG_SERVER_PATH];
	const char *forget[] = { "rm", "-rf", standby->data, NULL };
	const char *args[] = { program,       "-h",       primary->keeper.dir,
			       "-U",          "postgres", "-D",
			       standby->data, "-R",       "-X",
			       "stream",      "-c",       "fast",
			       "--no-sync",   NULL };

	snprintf(program, sizeof(program), "%s/pg_basebackup", pg_server_bindir());
	snprintf(log, sizeof(log), "%s/copy.log", standby->keeper.dir);
	keeper_command(&standby->keeper, forget, log);
	keeper_command(&standby->keeper, args, log);
}

void live_standby_end(void)
{
	keeper_end(&standby->keeper, SIGQUIT);
}

void live_standby_resume(void)
{
	pg_server_resume(standby);
	live_standby_catch_up();
}

void live_standby_rebuild(void)
{
	live_standby_end();
	copy_primary();
	live_standby_resume();
	live_standby_delay(0);
}

void live_standby_stop(bool stopped)
{
	pg_server_hang(standby, stopped);
}

/* Commits of what becomes a primary wait for nobody. */
void live_standby_promote(void)
{
	set(standby, "synchronous_standby_names", "");
	live_pair_sql(standby, "SELECT pg_promote(false)");
	wait_for(standby, "SELECT NOT pg_is_in_recovery()");
}

void live_pair_fail_over(void)
{
	struct pg_server *was = primary;

	set(standby, "synchronous_standby_names", "");
	keeper_end(&primary->keeper, SIGQUIT);
	live_standby_promote();
	primary = standby;
	standby = was;
}

struct pg_server *live_pair_primary(void)
{
	return primary;
}

struct pg_server *live_pair_standby(void)
{
	return standby;
}

const char *live_pair_url(int server)
{
	return urls[server];
}

void live_pair_start(void)
{
	primary = live_pg_server();
	standby = &other;
	pg_server_prepare(standby, "standby");
	keeper_open(&standby->keeper);
	snprintf(urls[0], sizeof(urls[0]), "%s",
		 pg_server_url(primary, "such_market_app", BASE));
	snprintf(urls[1], sizeof(urls[1]), "%s",
		 pg_server_url(standby, "such_market_app", BASE));
	copy_primary();
	live_standby_resume();
}

void live_pair_done(void)
{
	keeper_close(&other.keeper);
}
