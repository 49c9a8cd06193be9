/*
 * PostgreSQL: crashes, and what may happen to a standby.  While all is well commits wait for
 * its disk (not for its replay), so that no promotion undoes what was acknowledged: of what is
 * lost with an asynchronous one nobody could say whose fault it is.  Before it is hurt they
 * stop waiting.
 */
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

void restart_database(struct stage *s, uint32_t *seed)
{
	keeper_end(&live_pair_primary()->keeper, SIGINT);
	wait_ms(s, between(seed, 0, 1000));
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
