#include "lib/stack.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/http.h"
#include "lib/keeper.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"

#define START_NS   INT64_C(30000000000)
#define PATH_BYTES 512

static struct keeper market, front;
/* Shared: a test in a child may start the server again. */
static pid_t *market_pid;
static pid_t front_pid;
static char program[PATH_BYTES], conf[PATH_BYTES], log_path[PATH_BYTES],
	socket_path[PATH_BYTES];
static char hot_path[PATH_BYTES], output_path[PATH_BYTES];
static struct buf output;

static const char *tree(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static void read_file(const char *path, struct buf *ret)
{
	char bytes[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		keeper_panic("%s: %s", path, strerror(errno));
	buf_clear(ret);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(ret, bytes, (size_t)n);
	buf_addc(ret, '\0');
	ret->len--;
	close(fd);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		keeper_panic("%s: %s", path, strerror(errno));
}

/* Waits up to the start time until done says so. */
static void wait_for(bool (*done)(void), const char *what)
{
	int64_t until = clock_mono_ns() + START_NS;

	while (!done()) {
		if (clock_mono_ns() > until) {
			stack_log_dump();
			keeper_panic("%s did not happen", what);
		}
		poll(NULL, 0, 10);
	}
}

/* --- such-market */

static void market_prepare(const char *settings)
{
	struct buf text;

	keeper_dir(&market, "app");
	snprintf(program, sizeof(program), "%s/such-market", tree("top_builddir", "."));
	snprintf(conf, sizeof(conf), "%s/such-market.conf", market.dir);
	snprintf(hot_path, sizeof(hot_path), "%s/hot.sock", market.dir);
	snprintf(log_path, sizeof(log_path), "%s/log", market.dir);
	snprintf(output_path, sizeof(output_path), "%s/output", market.dir);
	buf_init(&output, NULL, BUF_NO_MAX);
	buf_init(&text, NULL, BUF_NO_MAX);
	buf_addf(&text, "database_url = \"%s\"\n", live_pg_url());
	buf_addf(&text, "direct_database_url = \"%s\"\n", live_pg_owner_url());
	buf_addf(&text, "redis_url = \"%s\"\n", live_redis_url());
	buf_addf(&text, "run_dir = \"%s\"\n", market.dir);
	buf_addf(&text, "migrations_dir = \"%s\"\n", live_pg_migrations());
	buf_addf(&text, "cache_memory_bytes = 32m\n");
	buf_addf(&text, "%s", settings);
	buf_addc(&text, '\0');
	write_file(conf, text.ptr);
	buf_release(&text);
}

static void market_open(void)
{
	static char option[PATH_BYTES + 16];

	snprintf(option, sizeof(option), "--config=%s", conf);
	market.uid = geteuid();
	market.gid = getegid();
	market.args[0] = program;
	market.args[1] = "serve";
	market.args[2] = option;
	market.args[3] = NULL;
	market_pid = mmap(NULL, sizeof(*market_pid), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (market_pid == MAP_FAILED)
		keeper_panic("mmap: %s", strerror(errno));
	keeper_open(&market);
	*market_pid = keeper_run(&market);
}

pid_t stack_market(void)
{
	return *market_pid;
}

size_t stack_workers(pid_t *ret, size_t max)
{
	char path[64], title[256];
	struct buf text;
	size_t n = 0;

	buf_init(&text, NULL, BUF_NO_MAX);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", *market_pid, *market_pid);
	read_file(path, &text);
	for (char *at = text.ptr, *end; n < max; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? 0 : read(fd, title, sizeof(title) - 1);
		if (fd >= 0)
			close(fd);
		title[len > 0 ? len : 0] = '\0';
		if (strstr(title, "worker"))
			ret[n++] = (pid_t)pid;
	}
	buf_release(&text);
	return n;
}

void stack_market_stop(void)
{
	keeper_end(&market, SIGTERM);
}

void stack_market_begin(void)
{
	*market_pid = keeper_run(&market);
}

void stack_market_resume(void)
{
	stack_market_begin();
	stack_wait_ready();
}

/* --- nginx */

struct word {
	const char *name, *value;
};

/* Copies a file of nginx/ into the stack, its @WORDS@ put in. */
static void fill(const char *source, const char *target, const struct word *words)
{
	struct buf in, out;

	buf_init(&in, NULL, BUF_NO_MAX);
	buf_init(&out, NULL, BUF_NO_MAX);
	read_file(source, &in);
	for (const char *at = in.ptr; *at;) {
		const struct word *w = words;
		while (w->name && strncmp(at, w->name, strlen(w->name)) != 0)
			w++;
		buf_add(&out, w->name ? w->value : at, w->name ? strlen(w->value) : 1);
		at += w->name ? strlen(w->name) : 1;
	}
	buf_addc(&out, '\0');
	write_file(target, out.ptr);
	buf_release(&in);
	buf_release(&out);
}

static void front_files(void)
{
	char listen[PATH_BYTES + 8], slow[PATH_BYTES], from[PATH_BYTES], to[PATH_BYTES];
	char snippets[PATH_BYTES], enabled[PATH_BYTES];
	const char *top = tree("top_srcdir", "..");

	snprintf(socket_path, sizeof(socket_path), "%s/http.sock", front.dir);
	snprintf(listen, sizeof(listen), "unix:%s", socket_path);
	snprintf(slow, sizeof(slow), "%s/slow.sock", market.dir);
	snprintf(snippets, sizeof(snippets), "%s/nginx/snippets", top);
	snprintf(enabled, sizeof(enabled), "%s/enabled", front.dir);
	const struct word words[] = {
		{ "@LISTEN@", listen },
		{ "@SERVER_NAME@", "_" },
		{ "@ACCESS_LOG@", "off" },
		{ "@SOCKET_HOT@", hot_path },
		{ "@SOCKET_SLOW@", slow },
		{ "@SNIPPETS@", snippets },
		{ "@ENABLED@", enabled },
		{ "@RUN@", front.dir },
		{ "@LOG@", front.dir },
		{ "@CONF@", front.dir },
		{ NULL, NULL },
	};
	if (mkdir(enabled, 0700) != 0)
		keeper_panic("%s: %s", enabled, strerror(errno));
	snprintf(from, sizeof(from), "%s/nginx/nginx.conf.in", top);
	snprintf(to, sizeof(to), "%s/nginx.conf", front.dir);
	fill(from, to, words);
	snprintf(from, sizeof(from), "%s/nginx/such-market.conf.in", top);
	snprintf(to, sizeof(to), "%s/such-market.site.conf", front.dir);
	fill(from, to, words);
}

/* Clients come over a unix socket: they say themselves which address they play. */
static void front_open(void)
{
	static char file[PATH_BYTES], errors[PATH_BYTES], global[64];

	front.uid = geteuid();
	front.gid = getegid();
	keeper_dir(&front, "nginx");
	front_files();
	stack_snippet(NULL);
	snprintf(file, sizeof(file), "%s/nginx.conf", front.dir);
	snprintf(errors, sizeof(errors), "%s/nginx.log", front.dir);
	snprintf(global, sizeof(global), "%s", geteuid() == 0 ? "user root;" : "");
	const char *args[] = {
		"/usr/sbin/nginx", "-e", errors, "-p", front.dir, "-c", file, "-g", global, NULL
	};
	memcpy(front.args, args, sizeof(args));
	keeper_open(&front);
	front_pid = keeper_run(&front);
}

void stack_snippet(const char *name)
{
	char path[PATH_BYTES], source[PATH_BYTES];
	struct buf text;

	buf_init(&text, NULL, BUF_NO_MAX);
	buf_addf(&text, "set_real_ip_from unix:;\nreal_ip_header X-Real-IP;\n");
	if (name) {
		snprintf(source, sizeof(source), "%s/nginx/snippets/%s",
			 tree("top_srcdir", ".."), name);
		buf_addf(&text, "include %s;\n", source);
	}
	buf_addc(&text, '\0');
	snprintf(path, sizeof(path), "%s/enabled/tests.conf", front.dir);
	write_file(path, text.ptr);
	buf_release(&text);
	if (front_pid)
		kill(front_pid, SIGHUP);
}

/* --- together */

static bool answers(void)
{
	struct http *http = stack_http();
	bool ok = http_try(http, &(struct http_ask){ .path = "/health/ready" }) &&
		  http->status == 200;

	http_free(http);
	return ok;
}

void stack_wait_ready(void)
{
	wait_for(answers, "/health/ready");
}

/* What the shell that runs the tests has set is not for this stack. */
static void forget_environment(void)
{
	static const char *const prefixes[] = { "SUCH_MARKET_",        "DATABASE_URL",
						"DIRECT_DATABASE_URL", "REDIS_",
						"KV_REST_API_",        "UPSTASH_",
						"CACHE_TTL",           "ENABLE_",
						"DB_HEALTH_" };
	char name[128];

	for (char **at = environ; *at;) {
		size_t i = 0;
		while (i < COUNT_OF(prefixes) &&
		       strncmp(*at, prefixes[i], strlen(prefixes[i])) != 0)
			i++;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*at, "="), *at);
		if (i == COUNT_OF(prefixes) || unsetenv(name) != 0)
			at++;
	}
}

void stack_start_with(const char *settings)
{
	forget_environment();
	live_pg_start();
	live_redis_start();
	market_prepare(settings);
	market_open();
	front_open();
	stack_wait_ready();
}

void stack_start(void)
{
	stack_start_with("workers = 2\nslow_workers = 2\n");
}

void stack_done(void)
{
	keeper_end(&front, SIGTERM);
	keeper_close(&front);
	keeper_end(&market, SIGTERM);
	keeper_close(&market);
	live_redis_done();
	live_pg_done();
}

struct http *stack_http(void)
{
	return http_new(socket_path);
}

const char *stack_socket(void)
{
	return socket_path;
}

const char *stack_hot_socket(void)
{
	return hot_path;
}

const char *stack_log(void)
{
	return log_path;
}

int stack_log_count(const char *text)
{
	struct buf log;
	int n = 0;

	buf_init(&log, NULL, BUF_NO_MAX);
	read_file(log_path, &log);
	for (const char *at = log.ptr, *hit; (hit = strstr(at, text)); n++)
		at = hit + strcspn(hit, "\n");
	buf_release(&log);
	return n;
}

void stack_log_dump(void)
{
	struct buf log;

	buf_init(&log, NULL, BUF_NO_MAX);
	read_file(log_path, &log);
	fprintf(stderr, "--- such-market's log:\n%s---\n", log.ptr);
	buf_release(&log);
}

int stack_run(const char *const *args)
{
	const char *argv[32] = { program, args[0], NULL };
	char option[PATH_BYTES + 16];
	int n = 2, status = 0;
	pid_t pid;

	snprintf(option, sizeof(option), "--config=%s", conf);
	argv[n++] = option;
	for (int i = 1; args[i]; i++)
		argv[n++] = args[i];
	argv[n] = NULL;
	ck_assert_int_lt(n, 32);
	pid = fork();
	if (pid == 0) {
		int out = open(output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
			_exit(126);
		execv(program, (char *const *)argv);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	read_file(output_path, &output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *stack_output(void)
{
	return output.ptr;
}

const char *stack_file(const char *name, const char *text)
{
	static char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", market.dir, name);
	write_file(path, text);
	return path;
}

const char *stack_data(const char *name)
{
	static char path[PATH_BYTES];
	char beside[PATH_BYTES / 2];

	snprintf(beside, sizeof(beside), "%s/../shared/data", tree("top_srcdir", ".."));
	snprintf(path, sizeof(path), "%s/%s", tree("SHARED_DATA", beside), name);
	return access(path, R_OK) == 0 ? path : NULL;
}
