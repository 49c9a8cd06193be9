/* Looks how late everything is on this computer: what is late is not therefore stale. */
#include <poll.h>
#include "base/clock.h"
#include "base/scope.h"
#include "coherence/parts.h"
#include "lib/live_pg.h"
#include "net/pg.h"

static const struct pg_options options = { .connect_ms = 2000, .deadline_ms = 10000 };

#define PULSE_MS 10

/* The worst of the last three seconds. */
void run_pulse(struct stage *s)
{
	struct pg *pg = pg_new(&options, live_pg_url());
	int64_t worst_ns[3] = { 0 }, second_ns = 0;

	while (!s->account->stop) {
		int64_t start_ns = clock_mono_ns();
		SCOPED(pg_result_done)
		struct pg_result done = pg_run(pg, STMT_ping, PG_NO_ARGS);
		poll(NULL, 0, PULSE_MS);
		int64_t now_ns = clock_mono_ns(),
			late_ns = now_ns - start_ns - PULSE_MS * 1000000;
		if (now_ns / 1000000000 != second_ns) {
			second_ns = now_ns / 1000000000;
			worst_ns[second_ns % 3] = 0;
		}
		if (late_ns > worst_ns[second_ns % 3])
			worst_ns[second_ns % 3] = late_ns;
		late_ns = 0;
		for (int i = 0; i < 3; i++)
			late_ns = worst_ns[i] > late_ns ? worst_ns[i] : late_ns;
		s->account->late_ns = late_ns;
	}
	pg_free(pg);
}
