/* The master's loop: signals, what children tell, a check that ended, time. */
#include "app/master.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/notify.h"
#include "app/slots.h"
#include "app/title.h"
#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"

#define TICK_NS 500000000

static void tell_death(pid_t pid, const struct child *child, int status)
{
	const char *role = process_rows[child->role].title;
	bool wanted = child->state == CHILD_WAITING;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !wanted)
		log_debug("process left", LOG_STR("role", str_of(role)),
			  LOG_INT("process", pid));
	else if (WIFSIGNALED(status))
		log_error("process died", LOG_STR("role", str_of(role)),
			  LOG_INT("process", pid), LOG_INT("signal", WTERMSIG(status)));
	else
		log_error("process ended", LOG_STR("role", str_of(role)),
			  LOG_INT("process", pid), LOG_INT("status", WEXITSTATUS(status)));
}

/* The check's child is reaped by precheck_read, so children are asked for one by one. */
static void reap(struct master *m)
{
	for (int i = 0; i < BOARD_SLOTS; i++) {
		pid_t pid = m->children.child[i].pid;
		int status, slot = m->children.child[i].slot;

		if (pid <= 0 || waitpid(pid, &status, WNOHANG) != pid)
			continue;
		int64_t now_ns = clock_mono_ns();
		const struct child *child = children_died(&m->children, pid, now_ns);
		if (child->state == CHILD_WAITING)
			slots_keep(m->board, slot, now_ns);
		tell_death(pid, child, status);
	}
}

static void stop(struct master *m)
{
	if (m->stopping) {
		children_signal(&m->children, SIGKILL);
		return;
	}
	log_info("stopping");
	notify_stopping();
	title_set("master (stopping)");
	m->stopping = true;
	precheck_cancel(&m->check);
	children_stop(&m->children, clock_mono_ns());
}

static void reopen_logs(struct master *m)
{
	if (log_reopen() != RC_OK)
		log_error("the log cannot be reopened; the old file stays");
	children_signal(&m->children, SIGUSR1);
}

static void on_signal(struct master *m, int signo)
{
	switch (signo) {
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		stop(m);
		break;
	case SIGHUP:
		if (!m->stopping)
			master_reload(m);
		break;
	case SIGUSR1:
		reopen_logs(m);
		break;
	case SIGCHLD:
		reap(m);
		break;
	default:
		break;
	}
}

static void read_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		on_signal(m, (int)info.ssi_signo);
}

static void read_told(struct master *m)
{
	struct told told;

	while (read(m->tell_fd[0], &told, sizeof(told)) == (ssize_t)sizeof(told))
		children_told(&m->children, &told, clock_mono_ns());
}

static void read_check(struct master *m)
{
	enum fit fit;

	if (precheck_read(&m->check, &fit))
		master_reload_checked(m, fit);
}

/* Told once a generation: everybody is up. */
static void see_settled(struct master *m)
{
	if (m->settled || m->stopping || !children_settled(&m->children))
		return;
	m->settled = true;
	title_set("master");
	log_info("serving", LOG_INT("processes", children_ready(&m->children)),
		 LOG_INT("generation", m->children.generation));
	notify_ready("serving");
}

/* A copy that came second becomes the machine's master when the first is gone. */
static void take_over(struct master *m)
{
	const char *why;

	if (!m->attached || !rundir_take(&m->rundir))
		return;
	m->attached = false;
	log_info("now the machine's master");
	if (rundir_write_pid(&m->rundir, &why) != RC_OK)
		log_error("cannot write the pid file", LOG_STR("why", str_of(why)));
	if (m->stopping)
		return;
	master_map_take(m);
	master_begin(m); /* with a relay */
}

static void tick(struct master *m, int64_t now_ns)
{
	if (now_ns - m->tick_ns < TICK_NS)
		return;
	m->tick_ns = now_ns;
	notify_alive(now_ns);
	master_watch(m, now_ns);
	if (m->attached && !m->stopping)
		master_map_follow(m);
	take_over(m);
}

static int wait_ms(int64_t until_ns, int64_t now_ns)
{
	int64_t ns = until_ns - now_ns;

	if (ns <= 0)
		return 0;
	return ns > TICK_NS ? TICK_NS / 1000000 : (int)(ns / 1000000 + 1);
}

static void wait_once(struct master *m, int64_t until_ns)
{
	struct pollfd fds[] = {
		{ .fd = m->signal_fd, .events = POLLIN },
		{ .fd = m->tell_fd[0], .events = POLLIN },
		{ .fd = m->check.pid ? m->check.fd : -1, .events = POLLIN },
	};

	if (poll(fds, 3, wait_ms(until_ns, clock_mono_ns())) < 0 && errno != EINTR)
		log_error("poll failed", LOG_STR("why", str_of(strerror(errno))));
	/* What a child told before it died counts first. */
	read_told(m);
	if (fds[2].revents)
		read_check(m);
	read_signals(m);
}

int master_run(struct master *m)
{
	log_info("started",
		 LOG_STR("listen", m->listeners.given ? STR("given socket")
						      : str_of(m->config->app.listen)),
		 LOG_STR("version", STR(PACKAGE_VERSION)));
	master_begin(m);
	while (!m->stopping || !children_gone(&m->children)) {
		int64_t next_ns = children_step(&m->children, clock_mono_ns());

		see_settled(m);
		wait_once(m, next_ns);
		tick(m, clock_mono_ns());
	}
	log_info("stopped");
	return EXIT_SUCCESS;
}
