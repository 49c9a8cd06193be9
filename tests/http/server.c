#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "http/problem.h"
#include "http/request.h"
#include "lib/child.h"
#include "server.h"

static volatile sig_atomic_t stopping;

static void on_term(int signal_number)
{
	(void)signal_number;
	stopping = 1;
}

static struct str filled(struct arena *arena, uint64_t n)
{
	char *bytes = arena_alloc(arena, n + 1);

	for (uint64_t i = 0; i < n; i++)
		bytes[i] = (char)('a' + i % 26);
	return (struct str){ bytes, n };
}

static struct str listed(const struct request *req)
{
	return arena_printf(req->arena,
			    "method=" STR_FMT "\npath=" STR_FMT "\nquery=" STR_FMT
			    "\naccept=" STR_FMT "\ntype=" STR_FMT "\nkey=" STR_FMT "\nid=%s\n",
			    STR_ARG(req->method_text), STR_ARG(req->path), STR_ARG(req->query),
			    STR_ARG(req->accept), STR_ARG(req->content_type),
			    STR_ARG(req->api_key), req->id);
}

static void serve(void *ctx, struct request *req, const struct problem *bad,
		  struct response *res)
{
	const struct problem unknown = { .rc = RC_NOT_FOUND };
	struct str body = STR_NONE;
	uint64_t n = 0;

	(void)ctx;
	if (!bad && str_eqz(req->path, "/constant"))
		body = filled(req->arena, 700);
	else if (!bad && str_eqz(req->path, "/echo"))
		body = req->body;
	else if (!bad && str_eqz(req->path, "/params"))
		body = listed(req);
	else if (!bad && str_eqz(req->path, "/bytes") && str_starts(req->query, STR("n=")) &&
		 str_u64(str_from(req->query, 2), 1 << 24, &n))
		body = filled(req->arena, n);
	else {
		response_problem(res, req, bad ? bad : &unknown);
		return;
	}
	response_plain(res, req, 200, "text/plain", body);
}

int server_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 512), 0);
	return fd;
}

static void publish(struct server_shared *shared, const struct fcgi *f)
{
	shared->served = fcgi_served(f);
	shared->connections = (uint64_t)fcgi_connections(f);
}

static void run(struct server *s, const struct fcgi_options *options, int drain_ms)
{
	struct sigaction action = { .sa_handler = on_term };
	sigset_t blocked, open;
	struct fcgi *f;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGTERM, &action, NULL);
	metric_attach(&s->shared->cells);
	f = fcgi_new(options, serve, NULL);
	if (!f)
		_exit(3);
	while (!stopping) {
		fcgi_poll(f, -1, &open);
		publish(s->shared, f);
	}
	fcgi_drain(f, drain_ms);
	publish(s->shared, f);
	fcgi_free(f);
	close(options->listen_fd);
}

void server_start(struct server *s, struct fcgi_options options, int drain_ms)
{
	*s = (struct server){ .folder = "/tmp/such-market-http.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(s->folder));
	snprintf(s->path, sizeof(s->path), "%s/socket", s->folder);
	s->shared = mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(s->shared, MAP_FAILED);
	options.listen_fd = server_listen(s->path);
	s->pid = child_fork();
	if (s->pid == 0) {
		run(s, &options, drain_ms);
		exit(0);
	}
	close(options.listen_fd);
}

void server_term(const struct server *s)
{
	kill(s->pid, SIGTERM);
}

void server_stop(struct server *s)
{
	int status = -1;

	server_term(s);
	ck_assert_int_eq(waitpid(s->pid, &status, 0), s->pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "the server ended with %#x", (unsigned)status);
	unlink(s->path);
	rmdir(s->folder);
	munmap(s->shared, sizeof(*s->shared));
}

uint64_t server_count(const struct server *s, enum counter c)
{
	return ((volatile struct metric_cells *)&s->shared->cells)->counter[c];
}

int server_descriptors(const struct server *s)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	DIR *folder = opendir(path);

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

bool server_settles(const struct server *s, uint64_t connections)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t end_ns = clock_mono_ns() + INT64_C(5000000000);

	while (s->shared->connections != connections) {
		if (clock_mono_ns() > end_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}
