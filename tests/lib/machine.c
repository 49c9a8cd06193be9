#include "lib/machine.h"

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
#include "lib/live_pg.h"
#include "lib/live_redis.h"

#define START_NS INT64_C(30000000000)

const char *machine_tree(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

void machine_read_file(const char *path, struct buf *ret)
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

void machine_write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		keeper_panic("%s: %s", path, strerror(errno));
}

/* --- such-market */

static void market_prepare(struct machine *m, const char *settings)
{
	struct buf text;

	keeper_dir(&m->market, "app");
	snprintf(m->program, sizeof(m->program), "%s/such-market",
		 machine_tree("top_builddir", "."));
	snprintf(m->conf, sizeof(m->conf), "%s/such-market.conf", m->market.dir);
	snprintf(m->option, sizeof(m->option), "--config=%s", m->conf);
	snprintf(m->hot, sizeof(m->hot), "%s/hot.sock", m->market.dir);
	snprintf(m->slow, sizeof(m->slow), "%s/slow.sock", m->market.dir);
	snprintf(m->log, sizeof(m->log), "%s/log", m->market.dir);
	snprintf(m->output, sizeof(m->output), "%s/output", m->market.dir);
	buf_init(&text, NULL, BUF_NO_MAX);
	buf_addf(&text, "database_url = \"%s\"\n", live_pg_url());
	buf_addf(&text, "direct_database_url = \"%s\"\n", live_pg_owner_url());
	buf_addf(&text, "maintenance_database_url = \"%s\"\n", live_pg_maintenance_url());
	buf_addf(&text, "redis_url = \"%s\"\n", live_redis_url());
	buf_addf(&text, "run_dir = \"%s\"\n", m->market.dir);
	buf_addf(&text, "shm_dir = \"%s/shm\"\n", m->market.dir);
	buf_addf(&text, "migrations_dir = \"%s\"\n", live_pg_migrations());
	buf_addf(&text, "cache_memory_bytes = 32m\n");
	/* Nothing is in the caches before a test has asked for it. */
	if (!strstr(settings, "warm_start"))
		buf_addf(&text, "warm_start = off\n");
	buf_addf(&text, "%s", settings);
	buf_addc(&text, '\0');
	machine_write_file(m->conf, text.ptr);
	buf_release(&text);
}

static void market_open(struct machine *m)
{
	m->market.uid = geteuid();
	m->market.gid = getegid();
	m->market.args[0] = m->program;
	m->market.args[1] = "serve";
	m->market.args[2] = m->option;
	m->market.args[3] = NULL;
	m->market_pid = mmap(NULL, sizeof(*m->market_pid), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m->market_pid == MAP_FAILED)
		keeper_panic("mmap: %s", strerror(errno));
	keeper_open(&m->market);
	machine_begin(m);
}

static bool is_titled(long pid, const char *word)
{
	char path[64], title[256];

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, title, sizeof(title) - 1);
	if (fd >= 0)
		close(fd);
	title[len > 0 ? len : 0] = '\0';
	return strstr(title, word) != NULL;
}

size_t machine_children(const struct machine *m, const char *word, pid_t *ret, size_t max)
{
	char path[64];
	struct buf text;
	size_t n = 0;

	buf_init(&text, NULL, BUF_NO_MAX);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", *m->market_pid,
		 *m->market_pid);
	if (access(path, R_OK) == 0)
		machine_read_file(path, &text);
	for (char *at = text.ptr, *end; at && n < max; at = end) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		if (is_titled(pid, word))
			ret[n++] = (pid_t)pid;
	}
	buf_release(&text);
	return n;
}

void machine_end(struct machine *m, int signal)
{
	keeper_end(&m->market, signal);
}

void machine_begin(struct machine *m)
{
	*m->market_pid = keeper_run(&m->market);
}

int machine_run(const struct machine *m, const char *const *args)
{
	const char *argv[32] = { m->program, args[0], m->option, NULL };
	int n = 3, status = 0;

	for (int i = 1; args[i] && n < 31; i++)
		argv[n++] = args[i];
	argv[n] = NULL;
	pid_t pid = fork();
	if (pid == 0) {
		int out = open(m->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
			_exit(126);
		execv(m->program, (char *const *)argv);
		_exit(127);
	}
	if (pid < 0)
		keeper_panic("fork: %s", strerror(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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
	machine_read_file(source, &in);
	for (const char *at = in.ptr; *at;) {
		const struct word *w = words;
		while (w->name && strncmp(at, w->name, strlen(w->name)) != 0)
			w++;
		buf_add(&out, w->name ? w->value : at, w->name ? strlen(w->value) : 1);
		at += w->name ? strlen(w->name) : 1;
	}
	buf_addc(&out, '\0');
	machine_write_file(target, out.ptr);
	buf_release(&in);
	buf_release(&out);
}

static void front_files(const struct machine *m)
{
	char listen[MACHINE_PATH + 8], from[MACHINE_PATH], to[MACHINE_PATH];
	char snippets[MACHINE_PATH], enabled[MACHINE_PATH], access[MACHINE_PATH + 32];
	const char *top = machine_tree("top_srcdir", "..");

	snprintf(listen, sizeof(listen), "unix:%s", m->socket);
	snprintf(snippets, sizeof(snippets), "%s/nginx/snippets", top);
	snprintf(enabled, sizeof(enabled), "%s/enabled", m->front.dir);
	snprintf(access, sizeof(access), "%s/access.log such_market", m->front.dir);
	const struct word words[] = {
		{ "@LISTEN@", listen },
		{ "@SERVER_NAME@", "_" },
		{ "@ACCESS_LOG@", access },
		{ "@SOCKET_HOT@", m->hot },
		{ "@SOCKET_SLOW@", m->slow },
		{ "@SNIPPETS@", snippets },
		{ "@ENABLED@", enabled },
		{ "@RUN@", m->front.dir },
		{ "@LOG@", m->front.dir },
		{ "@CONF@", m->front.dir },
		{ NULL, NULL },
	};
	if (mkdir(enabled, 0700) != 0)
		keeper_panic("%s: %s", enabled, strerror(errno));
	snprintf(from, sizeof(from), "%s/nginx/nginx.conf.in", top);
	snprintf(to, sizeof(to), "%s/nginx.conf", m->front.dir);
	fill(from, to, words);
	snprintf(from, sizeof(from), "%s/nginx/such-market.conf.in", top);
	snprintf(to, sizeof(to), "%s/such-market.site.conf", m->front.dir);
	fill(from, to, words);
}

/* Clients come over a unix socket: they say themselves which address they play. */
static void front_open(struct machine *m)
{
	static char file[MACHINE_PATH], errors[MACHINE_PATH], global[64];

	m->front.uid = geteuid();
	m->front.gid = getegid();
	keeper_dir(&m->front, "nginx");
	snprintf(m->socket, sizeof(m->socket), "%s/http.sock", m->front.dir);
	front_files(m);
	machine_snippet(m, NULL);
	snprintf(file, sizeof(file), "%s/nginx.conf", m->front.dir);
	snprintf(errors, sizeof(errors), "%s/nginx.log", m->front.dir);
	snprintf(global, sizeof(global), "%s", geteuid() == 0 ? "user root;" : "");
	const char *args[] = { "/usr/sbin/nginx",
			       "-e",
			       errors,
			       "-p",
			       m->front.dir,
			       "-c",
			       file,
			       "-g",
			       global,
			       NULL };
	memcpy(m->front.args, args, sizeof(args));
	keeper_open(&m->front); /* which keeps these texts: the statics may change now */
	m->front_pid = keeper_run(&m->front);
}

void machine_snippet(const struct machine *m, const char *name)
{
	char path[MACHINE_PATH], source[MACHINE_PATH];
	struct buf text;

	buf_init(&text, NULL, BUF_NO_MAX);
	buf_addf(&text, "set_real_ip_from unix:;\nreal_ip_header X-Real-IP;\n");
	if (name) {
		snprintf(source, sizeof(source), "%s/nginx/snippets/%s",
			 machine_tree("top_srcdir", ".."), name);
		buf_addf(&text, "include %s;\n", source);
	}
	buf_addc(&text, '\0');
	snprintf(path, sizeof(path), "%s/enabled/tests.conf", m->front.dir);
	machine_write_file(path, text.ptr);
	buf_release(&text);
	if (m->front_pid)
		kill(m->front_pid, SIGHUP);
}

/* --- together */

static bool answers(const struct machine *m)
{
	struct http *http = machine_http(m);
	bool ok = http_try(http, &(struct http_ask){ .path = "/health/ready" }) &&
		  http->status == 200 && !strstr(http->body.ptr, "\"copies\"");

	http_free(http);
	return ok;
}

void machine_wait_ready(const struct machine *m)
{
	int64_t until = clock_mono_ns() + START_NS;

	while (!answers(m)) {
		if (clock_mono_ns() > until) {
			keeper_show(m->log);
			keeper_panic("/health/ready did not happen");
		}
		poll(NULL, 0, 10);
	}
}

/* What the tests themselves tell the program. */
static bool is_wanted(const char *name)
{
	return strcmp(name, "SUCH_MARKET_FP") == 0 || strcmp(name, "SUCH_MARKET_MUTATION") == 0;
}

/* What the shell that runs the tests has set is not for this machine. */
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
		if (i == COUNT_OF(prefixes) || is_wanted(name) || unsetenv(name) != 0)
			at++;
	}
}

void machine_start(struct machine *m, const char *settings)
{
	forget_environment();
	market_prepare(m, settings);
	market_open(m);
	front_open(m);
	machine_wait_ready(m);
}

void machine_done(struct machine *m)
{
	keeper_end(&m->front, SIGTERM);
	keeper_close(&m->front);
	keeper_end(&m->market, SIGTERM);
	keeper_close(&m->market);
}

struct http *machine_http(const struct machine *m)
{
	return http_new(m->socket);
}
