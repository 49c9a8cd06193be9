/* Forking, and what a child undoes before it is its own. */
#include "app/master.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "app/signals.h"
#include "app/slots.h"
#include "app/title.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

/* The lock, the pipe's other end and the signals are the master's. */
static void become_child(struct master *m)
{
	rundir_child(&m->rundir);
	close(m->signal_fd);
	close(m->tell_fd[0]);
	if (m->check.pid != 0)
		close(m->check.fd);
	signals_worker();
}

static int run_child(struct master *m, const struct child *child, pid_t master)
{
	const struct process_row *row = &process_rows[child->role];
	const struct process process = {
		.role = child->role,
		.index = child->index,
		.config = m->config,
		.listen_fd = m->listeners.fd[row->lane],
		.board = m->board,
		.slot = board_slot(m->board, (size_t)child->slot),
		.map = m->map,
		.tell_fd = m->tell_fd[1],
	};

	/* Asked first, then looked: a master that died between the two is noticed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		return EXIT_FAILURE;
	become_child(m);
	title_set("%s %d", row->title, child->index);
	log_role(row->title);
	process.slot->pid = getpid();
	process.slot->started_us = clock_wall_us();
	board_state(process.slot, BOARD_STARTING, clock_mono_ns());
	metric_attach(&process.slot->cells);
	return row->run(&process);
}

pid_t master_spawn(void *ctx, struct child *child)
{
	struct master *m = ctx;
	pid_t master = getpid();

	if (child->slot < 0)
		child->slot = slots_claim(m->board, m->slots_lock, child->role);
	if (child->slot < 0) {
		log_error("no slot on the board for another process");
		return -1;
	}
	pid_t pid = fork();
	if (pid == 0)
		exit(run_child(m, child, master));
	if (pid < 0)
		log_error("fork failed", LOG_STR("why", str_of(strerror(errno))));
	else
		board_slot(m->board, (size_t)child->slot)->pid = pid;
	return pid;
}

void master_signal(void *ctx, pid_t pid, int signo)
{
	(void)ctx;
	if (signo == SIGKILL)
		log_warn("process killed", LOG_INT("process", pid));
	kill(pid, signo);
}

void master_gone(void *ctx, const struct child *child)
{
	struct master *m = ctx;

	if (child->slot >= 0)
		slots_free(m->board, child->slot, clock_mono_ns());
}
