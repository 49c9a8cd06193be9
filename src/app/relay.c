/* The process that follows the outbox for this machine; its loop is all it does. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "app/config.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "jobs/relay.h"
#include "model/status.h"

#define NS_PER_MS INT64_C(1000000)

static void wait_until(int64_t mono_ns)
{
	int64_t ns = mono_ns - clock_mono_ns();
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	if (ns > 0 && ppoll(NULL, 0, &left, signals_open()) < 0 && errno != EINTR)
		log_error("waiting failed", LOG_STR("why", str_of(strerror(errno))));
}

static void follow(const struct process *process, struct relay *relay)
{
	while (!signals_leaving()) {
		int64_t start_ns = clock_mono_ns();

		relay_poll(relay, clock_boot_ns(), start_ns);
		process->slot->requests++;
		wait_until(start_ns + process->config->relay.interval_ms * NS_PER_MS);
		if (signals_reopen() && log_reopen() != RC_OK)
			log_error("the log cannot be reopened; the old file stays");
	}
}

int relay_run(const struct process *process)
{
	char machine[MACHINE_NAME_MAX];
	struct pg *pg = pg_new(&process->config->pg, process->config->pg.url);

	machine_name(process->config->app.run_dir, machine);
	struct relay *relay = relay_new(pg, process->map, machine, &process->config->relay);
	/* The watchdog looks at requests: catching up may take its time. */
	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	follow(process, relay);
	title_set("%s %d (leaving)", process_rows[process->role].title, process->index);
	relay_leave(relay);
	relay_free(relay);
	pg_free(pg);
	return EXIT_SUCCESS;
}
