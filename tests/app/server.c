#include "app/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "lib/child.h"
#include "lib/fcgi_client.h"

#define ARGS_MAX   40
#define OUTPUT_MAX 65536

static const char *binary(void)
{
	static char path[512];
	const char *top = getenv("top_builddir");

	snprintf(path, sizeof(path), "%s/such-market", top ? top : ".");
	return path;
}

const char *server_migrations(void)
{
	static char path[512];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/sql/migrations", top ? top : ".");
	return path;
}

int64_t server_now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

void server_pause(void)
{
	poll(NULL, 0, 10);
}

/* Waits for the end of the test, however it comes, and removes the directory. */
static void janitor(const char *dir)
{
	int wire[2];

	ck_assert_int_eq(pipe2(wire, O_CLOEXEC), 0);
	if (child_fork() != 0) {
		close(wire[0]);
		return;
	}
	char end;
	setsid();
	close(wire[1]);
	while (read(wire[0], &end, 1) > 0)
		;
	execlp("rm", "rm", "-rf", dir, (char *)NULL);
	_exit(127);
}

void server_init(struct server *s)
{
	*s = (struct server){ .stdin_fd = -1 };
	snprintf(s->dir, sizeof(s->dir), "/tmp/sm-app-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	snprintf(s->hot, sizeof(s->hot), "%s/hot.sock", s->dir);
	snprintf(s->slow, sizeof(s->slow), "%s/slow.sock", s->dir);
	snprintf(s->conf, sizeof(s->conf), "%s/conf", s->dir);
	server_write(s, "");
	janitor(s->dir);
}

void server_write(const struct server *s, const char *text)
{
	FILE *f = fopen(s->conf, "we");

	ck_assert_ptr_nonnull(f);
	fprintf(f,
		"run_dir = %s\nshm_dir = %s/shm\nlog_file = %s\nmigrations_dir = %s\n"
		"slow_workers = 1\ncache_memory_bytes = 16m\n%s%s\n",
		s->dir, s->dir, s->log, server_migrations(),
		strstr(text, "database_url")
			? ""
			: "database_url = postgresql:///no?host=/nowhere\n",
		text);
	ck_assert_int_eq(fclose(f), 0);
}

/* Descriptors where systemd puts them; our own numbers lie above. */
static void pass_sockets(const struct server *s)
{
	char text[16];

	for (int i = 0; i < s->passed; i++)
		dup2(s->passed_fd[i], 3 + i);
	snprintf(text, sizeof(text), "%d", s->passed);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%ld", (long)getpid());
	setenv("LISTEN_PID", text, 1);
}

static void become(const struct server *s, char **argv, pid_t parent)
{
	char err[128];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	snprintf(err, sizeof(err), "%s/stderr", s->dir);
	int fd = open(err, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	fd = s->stdin_fd >= 0 ? s->stdin_fd : open("/dev/null", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	if (s->passed)
		pass_sockets(s);
	for (size_t i = 0; s->env[i]; i++)
		putenv((char *)s->env[i]);
	execvp(argv[0], argv);
	_exit(127);
}

static void launch(struct server *s, const char *arg, va_list rest)
{
	char *argv[ARGS_MAX] = { (char *)binary(), (char *)"serve", (char *)"--config",
				 (char *)s->conf };
	pid_t parent = getpid();
	int n = 4;

	for (; arg && n < ARGS_MAX - 1; arg = va_arg(rest, const char *))
		argv[n++] = (char *)arg;
	s->pid = child_fork();
	if (s->pid == 0)
		become(s, argv, parent);
}

void server_launch(struct server *s, const char *arg, ...)
{
	va_list rest;

	va_start(rest, arg);
	launch(s, arg, rest);
	va_end(rest);
}

/* What the server said is the reason. */
static void fail_with_log(const struct server *s)
{
	char text[4096] = "", path[128];
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), i ? "%s/stderr" : "%s/log", s->dir);
		FILE *f = fopen(path, "re");
		if (!f)
			continue;
		len += fread(text + len, 1, sizeof(text) - 1 - len, f);
		fclose(f);
	}
	ck_abort_msg("the server ended:\n%s", text);
}

void server_await(struct server *s)
{
	AWAIT(server_logged(s, "event=serving") > 0 || waitpid(s->pid, NULL, WNOHANG) != 0);
	if (server_logged(s, "event=serving") == 0)
		fail_with_log(s);
}

void server_start(struct server *s, const char *arg, ...)
{
	va_list rest;

	server_init(s);
	va_start(rest, arg);
	launch(s, arg, rest);
	va_end(rest);
	server_await(s);
}

int server_wait(struct server *s)
{
	int status = 0;
	pid_t got = 0;

	AWAIT((got = waitpid(s->pid, &status, WNOHANG)) != 0);
	s->pid = 0;
	return got > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int server_stop(struct server *s)
{
	kill(s->pid, SIGTERM);
	return server_wait(s);
}

int server_get_at(const char *path, const char *uri)
{
	struct fcgi_reply reply = { .status = 0 };
	struct buf out;
	int status = 0, fd = fcgi_client_open(path);

	if (fd < 0)
		return 0;
	buf_init(&out, NULL, BUF_NO_MAX);
	fcgi_get(&out, uri, false);
	if (fcgi_client_send(fd, buf_str(&out)) &&
	    fcgi_client_reply(fd, SERVER_WAIT_S * 1000, &reply)) {
		status = reply.status;
		fcgi_reply_release(&reply);
	}
	buf_release(&out);
	close(fd);
	return status;
}

int server_get(const struct server *s, const char *uri)
{
	return server_get_at(s->hot, uri);
}

size_t server_children(pid_t pid, pid_t ret[SERVER_CHILDREN])
{
	char path[64];
	size_t n = 0;
	long child;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	FILE *f = fopen(path, "re");
	while (f && n < SERVER_CHILDREN && fscanf(f, "%ld", &child) == 1)
		ret[n++] = (pid_t)child;
	if (f)
		fclose(f);
	return n;
}

bool server_title(pid_t pid, const char *wanted)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	size_t len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	return strcmp(text, wanted) == 0;
}

pid_t server_worker(const struct server *s, const char *title)
{
	pid_t child[SERVER_CHILDREN];
	size_t n = server_children(s->pid, child);

	for (size_t i = 0; i < n; i++)
		if (server_title(child[i], title))
			return child[i];
	return 0;
}

static int count_lines(const char *path, const char *text)
{
	char line[8192];
	int n = 0;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return n;
}

int server_logged(const struct server *s, const char *text)
{
	char err[128];

	snprintf(err, sizeof(err), "%s/stderr", s->dir);
	return count_lines(s->log, text) + count_lines(err, text);
}

int server_listener(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_uint_lt(strlen(path), sizeof(sun.sun_path));
	memcpy(sun.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	/* Above the numbers that pass_sockets gives away, also when stdin was closed. */
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	return high;
}

int server_run(char *const *env, const char **ret_text, const char *word, ...)
{
	static char output[OUTPUT_MAX];
	char *argv[ARGS_MAX] = { (char *)binary() };
	static char *const nothing[] = { NULL };
	int wire[2], status, n = 1;
	size_t len = 0;
	va_list rest;

	va_start(rest, word);
	for (; word && n < ARGS_MAX - 1; word = va_arg(rest, const char *))
		argv[n++] = (char *)word;
	va_end(rest);
	ck_assert_int_eq(pipe2(wire, O_CLOEXEC), 0);
	pid_t pid = child_fork();
	if (pid == 0) {
		dup2(wire[1], STDOUT_FILENO);
		dup2(wire[1], STDERR_FILENO);
		execve(argv[0], argv, env ? env : nothing);
		_exit(127);
	}
	close(wire[1]);
	for (ssize_t got; (got = read(wire[0], output + len, sizeof(output) - 1 - len)) > 0;)
		len += (size_t)got;
	close(wire[0]);
	output[len] = '\0';
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	*ret_text = output;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
