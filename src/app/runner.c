/* The process that runs jobs in the background, one after the other (jobs/runner.h). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "app/config.h"
#include "app/handles.h"
#include "app/process.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "jobs/runner.h"

#define NS_PER_S INT64_C(1000000000)

/* Signals come in only here, so a job is never interrupted in the midst of a step. */
static bool wait_until(void *ctx, int64_t mono_ns)
{
	int64_t ns = mono_ns - clock_mono_ns();

	(void)ctx;
	do {
		struct timespec left = { 0 };

		if (ns > 0)
			left = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
		if (ppoll(NULL, 0, &left, signals_open()) < 0 && errno != EINTR)
			log_error("waiting failed", LOG_STR("why", str_of(strerror(errno))));
		if (signals_reopen() && log_reopen() != RC_OK)
			log_error("the log cannot be reopened; the old file stays");
		ns = mono_ns - clock_mono_ns();
	} while (ns > 0 && !signals_leaving());
	return signals_leaving();
}

static void show(void *ctx, const struct job *job)
{
	const struct process *process = ctx;
	const char *title = process_rows[process->role].title;

	process->slot->requests += job == NULL;
	if (job)
		title_set("%s %d: %s, job %lld", title, process->index,
			  job_kinds[job->kind].name, (long long)job->id);
	else
		title_set("%s %d", title, process->index);
}

/* The child never leaves by this function's frame: its handles live as long as it does. */
static struct env *connect_child(void *ctx)
{
	static struct handles handles;

	handles_open(&handles, ctx);
	return &handles.env;
}

int runner_run(const struct process *process)
{
	const struct runner_hooks hooks = { .wait = wait_until,
					    .show = show,
					    .connect = connect_child,
					    .ctx = (void *)(uintptr_t)process };
	char machine[MACHINE_MAX];
	struct handles handles;

	process_machine(process->config, machine);
	handles_open(&handles, process);
	handles.env.arena = arena_new(64 * 1024);
	struct runner *runner =
		runner_new(&handles.env, machine, &process->config->runner, &hooks);
	/* The watchdog looks at requests: a job may take its time. */
	board_state(process->slot, BOARD_IDLE, clock_mono_ns());
	process_tell(process, TOLD_READY);
	while (!wait_until(NULL, runner_turn(runner, clock_mono_ns())))
		;
	title_set("%s %d (leaving)", process_rows[process->role].title, process->index);
	runner_free(runner);
	arena_free(handles.env.arena);
	handles_close(&handles);
	return EXIT_SUCCESS;
}
