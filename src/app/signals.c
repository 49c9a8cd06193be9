#include "app/signals.h"

#include <sys/signalfd.h>
#include "base/scope.h"

static const int handled[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE };

static volatile sig_atomic_t leaving, reopen;
static sigset_t open_mask;

static void on_leave(int signo)
{
	(void)signo;
	leaving = 1;
}

static void on_reopen(int signo)
{
	(void)signo;
	reopen = 1;
}

static void on_nothing(int signo)
{
	(void)signo;
}

static sigset_t handled_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT_OF(handled); i++)
		sigaddset(&set, handled[i]);
	return set;
}

int signals_master(void)
{
	sigset_t set = handled_set();

	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void install(int signo, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(signo, &act, NULL);
}

void signals_worker(void)
{
	static const int masters[] = { SIGINT, SIGQUIT, SIGHUP };
	sigset_t set;

	for (size_t i = 0; i < COUNT_OF(masters); i++)
		install(masters[i], SIG_IGN);
	install(SIGTERM, on_leave);
	install(SIGUSR1, on_reopen);
	install(SIGPIPE, on_nothing);
	install(SIGCHLD, SIG_DFL);
	sigemptyset(&open_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

void signals_plain(void)
{
	sigset_t set = handled_set();

	for (size_t i = 0; i < COUNT_OF(handled); i++)
		install(handled[i], SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

const sigset_t *signals_open(void)
{
	return &open_mask;
}

bool signals_leaving(void)
{
	return leaving;
}

bool signals_reopen(void)
{
	bool was = reopen;

	reopen = 0;
	return was;
}
