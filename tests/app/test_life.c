/* Signals, deaths and renewals of a running server; a request loop runs beside them. */
#include "lib/child.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/server.h"
#include "base/buf.h"
#include "lib/fcgi_client.h"

/* A client that asks without a pause, over one kept connection as nginx does: what it got is
 * counted in memory that the test shares with it. */
struct load {
	pid_t pid;
	struct {
		_Atomic int stop, good, bad;
	} * seen;
};

static int ask(int fd, struct buf *request)
{
	struct fcgi_reply reply;

	if (!fcgi_client_send(fd, buf_str(request)) || !fcgi_client_reply(fd, 10000, &reply))
		return 0;
	int status = reply.status;
	fcgi_reply_release(&reply);
	return status;
}

/* A kept connection that closed while idle is opened again, as nginx does; a GET may be asked
 * twice then, a status other than 200 is a loss. */
static void load_run(const struct server *s, struct load *load)
{
	struct buf request;
	int fd = -1;

	buf_init(&request, NULL, BUF_NO_MAX);
	fcgi_get(&request, "/health/live", true);
	while (!load->seen->stop) {
		bool fresh = fd < 0;
		if (fresh)
			fd = fcgi_client_open(s->hot);
		int status = fd >= 0 ? ask(fd, &request) : 0;
		if (status == 200) {
			load->seen->good++;
			continue;
		}
		load->seen->bad += status != 0 || fresh;
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	_exit(0);
}

static void load_start(const struct server *s, struct load *load)
{
	load->seen = mmap(NULL, sizeof(*load->seen), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(load->seen, MAP_FAILED);
	load->pid = child_fork();
	if (load->pid == 0)
		load_run(s, load);
	AWAIT(load->seen->good > 0);
}

/* More answers came since the mark. */
static void load_flows(struct load *load)
{
	int mark = load->seen->good;

	AWAIT(load->seen->good > mark + 50);
}

static void load_ends_without_loss(struct load *load)
{
	load_flows(load);
	load->seen->stop = 1;
	ck_assert_int_eq(waitpid(load->pid, NULL, 0), load->pid);
	ck_assert_int_eq(load->seen->bad, 0);
}

START_TEST(a_reload_loses_nothing)
{
	struct server s;
	struct load load;

	server_start(&s, "--workers=2", "--drain-timeout=1s", NULL);
	pid_t old = server_worker(&s, "such-market: worker hot 1");
	load_start(&s, &load);
	for (int n = 2; n <= 4; n++) {
		kill(s.pid, SIGHUP);
		AWAIT(server_logged(&s, "event=serving") == n);
		load_flows(&load);
	}
	AWAIT(kill(old, 0) != 0);
	load_ends_without_loss(&load);
	ck_assert_int_eq(server_logged(&s, " error "), 0);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(a_reload_applies_what_changed)
{
	struct server s;
	pid_t child[SERVER_CHILDREN];

	server_start(&s, "--drain-timeout=1s", NULL);
	server_write(&s, "workers = 3\nrun_dir_is_not_changed = 1\n");
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "configuration refused; the old one stays") == 1);
	ck_assert_int_eq(server_logged(&s, "run_dir_is_not_changed is not a setting"), 1);
	server_write(&s, "workers = 0\n");
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "workers: 0 is not in 1") == 1);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	server_write(&s, "workers = 3\nlisten = elsewhere.sock\n");
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "setting=listen") == 1);
	AWAIT(server_logged(&s, "event=serving") == 2);
	AWAIT(server_children(s.pid, child) == 7);
	ck_assert_int_ne(server_worker(&s, "such-market: worker hot 3"), 0);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(a_killed_worker_comes_back)
{
	struct server s;
	pid_t now;

	server_start(&s, "--workers=2", "--drain-timeout=1s", NULL);
	pid_t first = server_worker(&s, "such-market: worker hot 1");
	kill(first, SIGKILL);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	AWAIT((now = server_worker(&s, "such-market: worker hot 1")) != 0 && now != first);
	AWAIT(server_logged(&s, "event=\"process died\"") == 1);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(a_worker_that_keeps_dying_is_started_more_slowly)
{
	struct server s;
	pid_t last = 0, now;

	server_start(&s, "--workers=1", NULL);
	int64_t begin = server_now_ms();
	for (int i = 0; i < 5; i++) {
		AWAIT((now = server_worker(&s, "such-market: worker hot 1")) != 0 &&
		      now != last);
		last = now;
		kill(now, SIGKILL);
	}
	AWAIT((now = server_worker(&s, "such-market: worker hot 1")) != 0 && now != last);
	/* 0, 100, 200, 400 and 800 ms. */
	ck_assert_int_ge(server_now_ms() - begin, 1400);
	AWAIT(server_get(&s, "/health/live") == 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(workers_leave_with_their_master)
{
	struct server s;
	pid_t child[SERVER_CHILDREN];

	server_start(&s, "--workers=2", "--drain-timeout=1s", NULL);
	size_t n = server_children(s.pid, child);
	ck_assert_uint_eq(n, 6);
	kill(s.pid, SIGKILL);
	server_wait(&s);
	for (size_t i = 0; i < n; i++)
		AWAIT(kill(child[i], 0) != 0);
	/* What it left behind stops nobody. */
	server_launch(&s, "--workers=1", NULL);
	AWAIT(server_logged(&s, "event=serving") == 2);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

static int policy_of(const struct server *s, const char *title)
{
	pid_t pid = server_worker(s, title);

	return pid ? sched_getscheduler(pid) : -1;
}

/* Where the test itself runs as programs usually do, and may change that. */
static bool may_give_way(void)
{
	const struct sched_param none = { 0 };

	return sched_getscheduler(0) == SCHED_OTHER &&
	       sched_setscheduler(0, SCHED_BATCH, &none) == 0 &&
	       sched_setscheduler(0, SCHED_OTHER, &none) == 0;
}

START_TEST(workers_of_the_hot_lane_give_way)
{
	struct server s;
	int own = sched_getscheduler(0), given = may_give_way() ? SCHED_BATCH : own;

	server_start(&s, "--workers=1", NULL);
	ck_assert_int_eq(policy_of(&s, "such-market: worker hot 1"), given);
	ck_assert_int_eq(policy_of(&s, "such-market: worker slow 1"), own);
	ck_assert_int_eq(policy_of(&s, "such-market: relay 1"), own);
	server_write(&s, "hot_batch = off\n");
	kill(s.pid, SIGHUP);
	AWAIT(policy_of(&s, "such-market: worker hot 1") == own);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(spent_workers_are_replaced_without_loss)
{
	struct server s;
	struct load load;

	server_start(&s, "--workers=1", "--max-requests=100", "--drain-timeout=1s", NULL);
	load_start(&s, &load);
	AWAIT(server_logged(&s, "asking for a successor") >= 3);
	load_ends_without_loss(&load);
	ck_assert_int_eq(server_logged(&s, " error "), 0);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(logs_are_reopened_everywhere)
{
	struct server s;
	char moved[128];

	server_start(&s, "--workers=1", "--max-requests=50", "--drain-timeout=1s", NULL);
	snprintf(moved, sizeof(moved), "%s/log.1", s.dir);
	ck_assert_int_eq(rename(s.log, moved), 0);
	kill(s.pid, SIGUSR1);
	AWAIT(access(s.log, F_OK) == 0);
	/* A worker's own lines go to the new file too. */
	for (int i = 0; server_logged(&s, "asking for a successor") == 0; i++) {
		ck_assert_int_lt(i, 1000);
		ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	}
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_eq(server_logged(&s, "event=stopped"), 1);
}
END_TEST

START_TEST(a_kept_idle_connection_does_not_hold_the_end)
{
	struct server s;
	struct buf request;

	server_start(&s, "--workers=1", "--drain-timeout=2s", NULL);
	int fd = fcgi_client_open(s.hot);
	buf_init(&request, NULL, BUF_NO_MAX);
	fcgi_get(&request, "/health/live", true);
	ck_assert_int_eq(ask(fd, &request), 200);
	int64_t begin = server_now_ms();
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_lt(server_now_ms() - begin, 4000);
	close(fd);
	buf_release(&request);
}
END_TEST

SUITE_WITH(NULL, NULL, 90, a_reload_loses_nothing, a_reload_applies_what_changed,
	   a_killed_worker_comes_back, a_worker_that_keeps_dying_is_started_more_slowly,
	   workers_leave_with_their_master, workers_of_the_hot_lane_give_way,
	   spent_workers_are_replaced_without_loss, logs_are_reopened_everywhere,
	   a_kept_idle_connection_does_not_hold_the_end)
