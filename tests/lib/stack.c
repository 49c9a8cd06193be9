#include "lib/stack.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "lib/machine.h"

static struct machine machine;
static struct buf output;

pid_t stack_market(void)
{
	return *machine.market_pid;
}

const char *stack_mapping(void)
{
	static char path[MACHINE_PATH];

	snprintf(path, sizeof(path), "%s/shm/cache", machine.market.dir);
	return path;
}

size_t stack_children(const char *word, pid_t *ret, size_t max)
{
	return machine_children(&machine, word, ret, max);
}

size_t stack_workers(pid_t *ret, size_t max)
{
	return machine_children(&machine, "worker", ret, max);
}

void stack_market_stop(void)
{
	machine_end(&machine, SIGTERM);
}

void stack_market_begin(void)
{
	machine_begin(&machine);
}

void stack_market_resume(void)
{
	stack_market_begin();
	stack_wait_ready();
}

void stack_snippet(const char *name)
{
	machine_snippet(&machine, name);
}

void stack_wait_ready(void)
{
	machine_wait_ready(&machine);
}

void stack_start_with(const char *settings)
{
	buf_init(&output, NULL, BUF_NO_MAX);
	live_pg_start();
	live_redis_start();
	machine_start(&machine, settings);
}

void stack_start(void)
{
	stack_start_with("workers = 2\nslow_workers = 2\n");
}

void stack_done(void)
{
	machine_done(&machine);
	live_redis_done();
	live_pg_done();
}

struct http *stack_http(void)
{
	return machine_http(&machine);
}

const char *stack_socket(void)
{
	return machine.socket;
}

const char *stack_hot_socket(void)
{
	return machine.hot;
}

const char *stack_log(void)
{
	return machine.log;
}

static int count_lines(const char *path, const char *text)
{
	struct buf log;
	int n = 0;

	buf_init(&log, NULL, BUF_NO_MAX);
	machine_read_file(path, &log);
	for (const char *at = log.ptr, *hit; *at && (hit = strstr(at, text)); n++) {
		at = hit + strcspn(hit, "\n");
		at += *at == '\n';
	}
	buf_release(&log);
	return n;
}

int stack_log_count(const char *text)
{
	return count_lines(machine.log, text);
}

static int count_front_lines(const char *name, const char *text)
{
	char path[MACHINE_PATH];

	snprintf(path, sizeof(path), "%s/%s", machine.front.dir, name);
	return count_lines(path, text);
}

int stack_nginx_log_count(const char *text)
{
	return count_front_lines("nginx.log", text);
}

int stack_access_log_count(const char *text)
{
	return count_front_lines("access.log", text);
}

void stack_log_dump(void)
{
	struct buf log;

	buf_init(&log, NULL, BUF_NO_MAX);
	machine_read_file(machine.log, &log);
	fprintf(stderr, "--- such-market's log:\n%s---\n", log.ptr);
	buf_release(&log);
}

int stack_run(const char *const *args)
{
	int status = machine_run(&machine, args);

	machine_read_file(machine.output, &output);
	return status;
}

const char *stack_output(void)
{
	return output.ptr;
}

const char *stack_file(const char *name, const char *text)
{
	static char path[MACHINE_PATH];

	snprintf(path, sizeof(path), "%s/%s", machine.market.dir, name);
	machine_write_file(path, text);
	return path;
}

const char *stack_data(const char *name)
{
	static char path[MACHINE_PATH];
	char beside[MACHINE_PATH / 2];

	snprintf(beside, sizeof(beside), "%s/../shared/data", machine_tree("top_srcdir", ".."));
	snprintf(path, sizeof(path), "%s/%s", machine_tree("SHARED_DATA", beside), name);
	return access(path, R_OK) == 0 ? path : NULL;
}
