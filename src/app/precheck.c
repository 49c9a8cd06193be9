#include "app/precheck.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/config.h"
#include "app/signals.h"
#include "app/title.h"
#include "base/arena.h"

static enum fit ask(const struct config *config, struct arena *arena, const char **ret_text)
{
	struct pg *pg = pg_new(&config->pg, config->pg.url);
	const struct migrate_options options = config_migrate(config);
	enum fit fit = FIT_OK;
	enum rc rc = pg_connect(pg);

	if (rc == RC_OK)
		rc = migrate_check(pg, arena, &options, ret_text);
	else
		*ret_text = arena_strz(arena, str_of(pg_error(pg)));
	if (rc == RC_UNAVAILABLE || rc == RC_TIMEOUT)
		fit = FIT_AWAY;
	else if (rc != RC_OK)
		fit = FIT_BAD;
	pg_free(pg);
	return fit;
}

static int child(const struct config *config, int fd, pid_t master)
{
	struct arena *arena = arena_new(4096);
	const char *text = "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		return FIT_AWAY;
	signals_plain();
	title_set("check of the database");
	enum fit fit = ask(config, arena, &text);
	/* Nobody reads when the master gave up; the status says it all then. */
	(void)!write(fd, text, strnlen(text, PRECHECK_TEXT - 1));
	arena_free(arena);
	return (int)fit;
}

bool precheck_start(struct precheck *ret, const struct config *config)
{
	pid_t master = getpid();
	int pipe_fd[2];

	if (pipe2(pipe_fd, O_CLOEXEC) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		close(pipe_fd[0]);
		_exit(child(config, pipe_fd[1], master));
	}
	close(pipe_fd[1]);
	if (pid < 0) {
		close(pipe_fd[0]);
		return false;
	}
	*ret = (struct precheck){ .pid = pid, .fd = pipe_fd[0] };
	return true;
}

/* A child that died of a signal proved nothing against the database. */
static enum fit reap(struct precheck *check)
{
	int status = 0;

	while (waitpid(check->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(check->fd);
	check->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= FIT_BAD)
		return (enum fit)WEXITSTATUS(status);
	snprintf(check->text, sizeof(check->text), "the check ended without an answer");
	return FIT_AWAY;
}

bool precheck_read(struct precheck *check, enum fit *ret_fit)
{
	ssize_t n =
		read(check->fd, check->text + check->len, sizeof(check->text) - 1 - check->len);

	if (n < 0)
		return false;
	check->len += (size_t)n;
	if (n > 0 && check->len < sizeof(check->text) - 1)
		return false;
	*ret_fit = reap(check);
	return true;
}

enum fit precheck_wait(struct precheck *check, const struct config *config)
{
	enum fit fit;

	if (!precheck_start(check, config)) {
		snprintf(check->text, sizeof(check->text), "no process for the check: %s",
			 strerror(errno));
		return FIT_AWAY;
	}
	while (!precheck_read(check, &fit))
		;
	return fit;
}

void precheck_cancel(struct precheck *check)
{
	if (check->pid == 0)
		return;
	kill(check->pid, SIGKILL);
	reap(check);
}
