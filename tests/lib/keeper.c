#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "lib/keeper.h"

#define PATIENCE_NS INT64_C(20000000000) /* for a server that was told to end */

void keeper_panic(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fputs("test server: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

void keeper_show(const char *log)
{
	char line[512];
	FILE *in = fopen(log, "re");
	while (in && fgets(line, sizeof(line), in))
		fputs(line, stderr);
	if (in)
		fclose(in);
}

void keeper_dir(struct keeper *keeper, const char *what)
{
	snprintf(keeper->dir, sizeof(keeper->dir), "/tmp/such-market-%s-XXXXXX", what);
	if (!mkdtemp(keeper->dir) || chown(keeper->dir, keeper->uid, keeper->gid) != 0)
		keeper_panic("%s: %s", keeper->dir, strerror(errno));
	keeper->wire = -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* A shell's background job inherits SIGINT and SIGQUIT ignored, a test may block some. */
static void forget_signals(void)
{
	sigset_t none;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In a child: becomes the server's user, then the server. */
static _Noreturn void become(const struct keeper *keeper, const char *const *args,
			     const char *log)
{
	int in = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(keeper->gid) != 0 || setuid(keeper->uid) != 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT); /* after setuid, which clears it */
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    chdir(*keeper->dir ? keeper->dir : "/") != 0)
		_exit(126);
	close_range(3, ~0U, 0);
	forget_signals();
	execvp(args[0], (char *const *)args);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Only pids of our own children, so never one that was used again. */
static void end(pid_t *pid, int signal)
{
	if (*pid <= 0)
		return;
	int64_t until = clock_mono_ns() + PATIENCE_NS;
	kill(*pid, SIGCONT);
	kill(*pid, signal);
	while (waitpid(*pid, NULL, WNOHANG) == 0) {
		if (clock_mono_ns() > until)
			kill(*pid, SIGKILL);
		poll(NULL, 0, 2);
	}
	*pid = 0;
}

static pid_t begin(const struct keeper *keeper)
{
	char log[KEEPER_PATH + 8];
	snprintf(log, sizeof(log), "%s/log", keeper->dir);
	pid_t pid = fork();
	if (pid == 0)
		become(keeper, keeper->args, log);
	return pid;
}

#define WORD_RUN 0 /* other words: a signal number ends the server */
#define WORD_PID -1

/* The keeper's loop, until the end of file. */
static _Noreturn void keep(const struct keeper *keeper, int wire)
{
	pid_t pid = 0;
	int word;
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	for (;;) {
		ssize_t n = recv(wire, &word, sizeof(word), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(word))
			break;
		if (word == WORD_RUN)
			pid = begin(keeper);
		else if (word != WORD_PID)
			end(&pid, word);
		if (send(wire, &pid, sizeof(pid), 0) != sizeof(pid))
			break;
	}
	end(&pid, SIGQUIT);
	/* Children of the server may write a little longer than it lives. */
	for (int i = 0; i < 100; i++) {
		if (nftw(keeper->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0)
			break;
		poll(NULL, 0, 20);
	}
	_exit(0);
}

void keeper_open(struct keeper *keeper)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		keeper_panic("socketpair: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		keeper_panic("fork: %s", strerror(errno));
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		setpgid(0, 0); /* a test that is killed with its group leaves the keeper */
		dup2(null, 0);
		dup2(null, 1);
		dup2(pair[1], 3);
		close_range(4, ~0U, 0);
		keep(keeper, 3);
	}
	close(pair[1]);
	keeper->wire = pair[0];
}

static pid_t ask(struct keeper *keeper, int word)
{
	pid_t pid = -1;
	if (send(keeper->wire, &word, sizeof(word), MSG_NOSIGNAL) != sizeof(word) ||
	    recv(keeper->wire, &pid, sizeof(pid), 0) != sizeof(pid) || pid < 0)
		keeper_panic("%s: the keeper is gone", keeper->dir);
	return pid;
}

pid_t keeper_run(struct keeper *keeper)
{
	return ask(keeper, WORD_RUN);
}

/* The keeper is asked: another process of the program may have restarted the server. */
pid_t keeper_pid(struct keeper *keeper)
{
	return ask(keeper, WORD_PID);
}

void keeper_end(struct keeper *keeper, int signal)
{
	assert(signal > 0);
	ask(keeper, signal);
}

/* The end of file ends the server when this is the last process that holds the wire. */
void keeper_close(struct keeper *keeper)
{
	if (keeper->wire >= 0)
		close(keeper->wire);
	keeper->wire = -1;
}

void keeper_command(const struct keeper *keeper, const char *const *args, const char *log)
{
	pid_t pid = fork();
	if (pid == 0)
		become(keeper, args, log);
	int status = pid < 0 ? -1 : wait_for(pid);
	if (status == 0)
		return;
	keeper_show(log);
	keeper_panic("%s failed (%d)", args[0], status);
}
