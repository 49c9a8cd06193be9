/*
 * PostgreSQL: crashes, and what may happen to a standby.  While all is well commits wait for
 * its disk (not for its replay), so that no promotion undoes what was acknowledged: of what is
 * lost with an asynchronous one nobody could say whose fault it is.  Before it is hurt they
 * stop waiting.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include "base/scope.h"
#include "coherence/faults.h"
#include "lib/live_pair.h"
#include "lib/live_pg.h"
#include "lib/pg_server.h"
#include "net/pg.h"

static const struct pg_options options = { .connect_ms = 2000, .deadline_ms = 60000 };

void crash_database(struct stage *s, uint32_t *seed)
{
	keeper_end(&live_pair_primary()->keeper, SIGQUIT);
	wait_ms(s, between(seed, 0, 500));
	pg_server_resume(live_pair_primary());
}

static bool run(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	return done.rc == RC_OK;
}

static struct pg *primary_open(void)
{
	return pg_new(&options, pg_server_url(live_pair_primary(), "postgres", "such_market"));
}

void prune_events(const struct stage *s, int ms)
{
	char sql[256];
	struct pg *pg = primary_open();

	snprintf(sql, sizeof(sql), "SELECT such_market.cache_prune('%d ms', 1000000)", ms);
	while (!run(pg, sql) && !s->account->stop)
		poll(NULL, 0, 20);
	pg_free(pg);
}

/* Stopped: of what follows nothing is on disk until somebody waits for it. */
static pid_t stop_walwriter(struct pg *pg)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(pg, "SELECT pid::int8 FROM pg_stat_activity"
					   " WHERE backend_type = 'walwriter'");
	pid_t pid = row.rc == RC_OK && row.count == 1 ? (pid_t)pg_i64(&row, 0, 0) : 0;

	if (pid)
		kill(pid, SIGSTOP);
	return pid;
}

static uint64_t next_number(struct pg *pg)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(pg, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8");

	return row.rc == RC_OK ? (uint64_t)pg_i64(&row, 0, 0) : 0;
}

/*
 * Numbers that labels are above were never on disk, and are given out again: while nobody can
 * write, so that nobody flushes, a few hundred are used up, and copies are made that are
 * labelled above them.
 */
void lose_numbers(struct stage *s, uint32_t *seed)
{
	struct pg *lock = primary_open(), *pg = primary_open();
	uint64_t before = 0;
	pid_t pid = 0;

	if (run(lock, "SET lock_timeout = '3s'; SET deadlock_timeout = '5s'; BEGIN;"
		      "DO $$ BEGIN EXECUTE (SELECT 'LOCK TABLE ' ||"
		      " string_agg(format('such_market.%I', tablename), ', ')"
		      " || ' IN EXCLUSIVE MODE' FROM pg_tables"
		      " WHERE schemaname = 'such_market'); END $$"))
		pid = stop_walwriter(pg);
	if (pid) {
		run(pg, "DO $$ BEGIN FOR i IN 1..500 LOOP"
			" PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$");
		/* Whoever waits with a number of before would hold all labels back. */
		run(pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			" WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()");
		wait_ms(s, between(seed, 500, 1000));
		before = next_number(pg);
		kill(pid, SIGKILL);
	}
	keeper_end(&live_pair_primary()->keeper, SIGQUIT);
	pg_free(lock);
	pg_server_resume(live_pair_primary());
	uint64_t after = next_number(pg);
	fprintf(stderr, "lost: %ld numbers\n", before > after ? (long)(before - after) : 0);
	pg_free(pg);
}

/* Away for longer than the lease: what is in memory is answered with a flag. */
void restart_database(struct stage *s, uint32_t *seed)
{
	keeper_end(&live_pair_primary()->keeper, SIGINT);
	wait_ms(s, between(seed, 2500, 3500));
	pg_server_resume(live_pair_primary());
}

void delay_replica(struct stage *s, uint32_t *seed)
{
	(void)s;
	live_standby_delay(dice(seed) % 2 ? between(seed, 100, 500) : between(seed, 100, 5000));
}

void kill_replica(struct stage *s, uint32_t *seed)
{
	live_standby_wait_for(false);
	live_standby_end();
	wait_ms(s, between(seed, 0, 2000));
	live_standby_resume();
	live_standby_wait_for(true);
}

void stop_replica(struct stage *s, uint32_t *seed)
{
	live_standby_wait_for(false);
	live_standby_stop(true);
	wait_ms(s, between(seed, 200, 3000));
	live_standby_stop(false);
	live_standby_catch_up();
	live_standby_wait_for(true);
}

static void rebuild(uint32_t *seed)
{
	live_standby_rebuild();
	live_standby_delay(between(seed, 100, 1000));
	live_standby_wait_for(true);
}

/* Its numbers run ahead of the primary's: whatever it is asked its label is high enough. */
static void burn_xids(void)
{
	static const char *const steps[] = {
		"SET default_transaction_read_only = off",
		"SET synchronous_commit = off",
		"DO $$ BEGIN FOR i IN 1..20000 LOOP"
		" PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
	};
	char url[PG_SERVER_PATH + 256];

	snprintf(url, sizeof(url), "%s",
		 pg_server_url(live_pair_standby(), "postgres", "such_market"));
	struct pg *pg = pg_new(&options, url);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, steps[i]);
		if (done.rc != RC_OK)
			keeper_panic("%s: %s", steps[i], pg_error(pg));
	}
	pg_free(pg);
}

/* Nobody may take it for the primary: it says that it takes no writes. */
void stray_replica(struct stage *s, uint32_t *seed)
{
	live_standby_wait_for(false);
	live_standby_catch_up();
	live_pair_sql(live_pair_standby(),
		      "ALTER SYSTEM SET default_transaction_read_only = on");
	live_standby_promote();
	burn_xids();
	wait_ms(s, between(seed, 2000, 4000));
	rebuild(seed);
}

void fail_over_database(struct stage *s, uint32_t *seed)
{
	live_standby_catch_up();
	live_pair_fail_over();
	wait_ms(s, between(seed, 0, 3000));
	rebuild(seed);
}
