/* Where the sockets come from, and who may be the master. */
#include "lib/child.h"
#include "suite.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/server.h"

START_TEST(opens_both_lanes)
{
	struct server s;
	struct stat st;

	server_start(&s, "--workers=2", NULL);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_get_at(s.slow, "/health/live"), 200);
	ck_assert_int_eq(stat(s.hot, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	AWAIT(server_title(s.pid, "such-market: master"));
	ck_assert_int_ne(server_worker(&s, "such-market: worker hot 2"), 0);
	ck_assert_int_ne(server_worker(&s, "such-market: worker slow 1"), 0);
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_ne(access(s.hot, F_OK), 0);
	ck_assert_int_ne(access(s.slow, F_OK), 0);
}
END_TEST

START_TEST(one_lane_serves_both_when_slow_is_empty)
{
	struct server s;

	server_start(&s, "--listen-slow=", "--listen-mode=0600", NULL);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_ne(access(s.slow, F_OK), 0);
	ck_assert_int_ne(server_worker(&s, "such-market: worker slow 1"), 0);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(takes_fd_0)
{
	struct server s;
	char path[96];

	server_init(&s);
	snprintf(path, sizeof(path), "%s/given.sock", s.dir);
	s.stdin_fd = server_listener(path);
	server_launch(&s, "--workers=1", NULL);
	server_await(&s);
	ck_assert_int_eq(server_get_at(path, "/health/live"), 200);
	ck_assert_int_ne(access(s.hot, F_OK), 0);
	ck_assert_int_eq(server_stop(&s), 0);
	/* The file belongs to whoever made it. */
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(takes_sockets_of_systemd)
{
	struct server s;
	char first[96], second[96];

	server_init(&s);
	snprintf(first, sizeof(first), "%s/a.sock", s.dir);
	snprintf(second, sizeof(second), "%s/b.sock", s.dir);
	s.passed_fd[0] = server_listener(first);
	s.passed_fd[1] = server_listener(second);
	s.passed = 2;
	server_launch(&s, "--workers=1", NULL);
	server_await(&s);
	ck_assert_int_eq(server_get_at(first, "/health/live"), 200);
	ck_assert_int_eq(server_get_at(second, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* The datagrams systemd would get. */
static void read_notice(int fd, char *ret, size_t size)
{
	ssize_t n = -1;

	AWAIT((n = recv(fd, ret, size - 1, MSG_DONTWAIT)) >= 0);
	ret[n] = '\0';
}

START_TEST(tells_systemd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static char env[128];
	char text[256];
	struct server s;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	server_init(&s);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/notify", s.dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	snprintf(env, sizeof(env), "NOTIFY_SOCKET=%s/notify", s.dir);
	s.env[0] = env;
	server_launch(&s, "--workers=1", NULL);
	read_notice(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "READY=1"));
	kill(s.pid, SIGHUP);
	read_notice(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "RELOADING=1\nMONOTONIC_USEC="));
	read_notice(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "READY=1"));
	kill(s.pid, SIGTERM);
	read_notice(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "STOPPING=1"));
	ck_assert_int_eq(server_wait(&s), 0);
}
END_TEST

START_TEST(removes_a_stale_socket)
{
	struct server s;

	server_init(&s);
	close(server_listener(s.hot));
	server_launch(&s, "--workers=1", NULL);
	server_await(&s);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(leaves_a_living_socket_alone)
{
	struct server s;

	server_init(&s);
	int fd = server_listener(s.hot);
	server_launch(&s, "--workers=1", NULL);
	ck_assert_int_eq(server_wait(&s), 1);
	ck_assert_int_eq(server_logged(&s, "somebody listens there already"), 1);
	ck_assert_int_eq(access(s.hot, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(never_removes_a_file)
{
	struct server s;

	server_init(&s);
	FILE *f = fopen(s.hot, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	server_launch(&s, "--workers=1", NULL);
	ck_assert_int_eq(server_wait(&s), 1);
	ck_assert_int_eq(server_logged(&s, "is not a socket"), 1);
	ck_assert_int_eq(access(s.hot, F_OK), 0);
}
END_TEST

START_TEST(listens_on_tcp)
{
	struct server s, other;

	server_start(&s, "--listen=127.0.0.1:0", "--workers=1", NULL);
	ck_assert_int_ne(access(s.hot, F_OK), 0);
	ck_assert_int_eq(server_get_at(s.slow, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
	server_init(&other);
	server_launch(&other, "--listen=256.1.1.1:99999", NULL);
	ck_assert_int_eq(server_wait(&other), 1);
	ck_assert_int_eq(server_logged(&other, "256.1.1.1:99999"), 1);
}
END_TEST

static long uid_of(pid_t pid)
{
	char path[64], line[256];
	long uid = -1;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "Uid: %ld", &uid) != 1)
		;
	if (f)
		fclose(f);
	return uid;
}

START_TEST(root_becomes_the_user)
{
	const struct passwd *pw = getpwnam("nobody");
	struct server s;
	struct stat st;

	if (getuid() != 0 || !pw)
		return;
	server_init(&s);
	ck_assert_int_eq(chmod(s.dir, 0777), 0);
	ck_assert_int_eq(chmod(s.conf, 0644), 0);
	server_launch(&s, "--user=nobody", "--workers=1", NULL);
	server_await(&s);
	ck_assert_int_eq(uid_of(s.pid), pw->pw_uid);
	ck_assert_int_eq(uid_of(server_worker(&s, "such-market: worker hot 1")), pw->pw_uid);
	ck_assert_int_eq(stat(s.hot, &st), 0);
	ck_assert_uint_eq(st.st_uid, pw->pw_uid);
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "event=serving") == 2);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
	ck_assert_int_ne(access(s.hot, F_OK), 0);
}
END_TEST

START_TEST(a_second_server_is_refused)
{
	struct server s, second;
	char text[64];

	server_start(&s, "--workers=1", NULL);
	second = s;
	server_launch(&second, "--listen=other.sock", NULL);
	ck_assert_int_eq(server_wait(&second), 1);
	snprintf(text, sizeof(text), "another such-market runs here (process %ld)",
		 (long)s.pid);
	ck_assert_int_eq(server_logged(&s, text), 1);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

static pid_t pid_in_file(const struct server *s)
{
	char path[128];
	long pid = 0;

	snprintf(path, sizeof(path), "%s/such-market.pid", s->dir);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	fclose(f);
	return (pid_t)pid;
}

START_TEST(a_copy_with_the_same_socket_helps_and_takes_over)
{
	struct server first, copy;
	char path[96];

	server_init(&first);
	snprintf(path, sizeof(path), "%s/given.sock", first.dir);
	first.stdin_fd = server_listener(path);
	copy = first;
	server_launch(&first, "--workers=1", NULL);
	server_await(&first);
	ck_assert_int_eq(pid_in_file(&first), first.pid);
	server_launch(&copy, "--workers=1", NULL);
	AWAIT(server_logged(&first, "event=serving") == 2);
	ck_assert_int_eq(pid_in_file(&first), first.pid);
	ck_assert_int_eq(server_stop(&first), 0);
	ck_assert_int_eq(server_get_at(path, "/health/live"), 200);
	AWAIT(pid_in_file(&copy) == copy.pid);
	ck_assert_int_eq(server_stop(&copy), 0);
	ck_assert_int_eq(pid_in_file(&copy), 0);
}
END_TEST

/* spawn-fcgi leaves its copies to init; here this process stands in for it. */
static void spawn_fcgi(struct server *s, const char *copies)
{
	const char *top = getenv("top_builddir");
	char path[96], binary[512];

	server_init(s);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(path, sizeof(path), "%s/given.sock", s->dir);
	snprintf(binary, sizeof(binary), "%s/such-market", top ? top : ".");
	pid_t pid = child_fork();
	if (pid == 0) {
		execlp("spawn-fcgi", "spawn-fcgi", "-s", path, "-F", copies, "--", binary,
		       "serve", "--config", s->conf, "--workers=1", (char *)NULL);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	AWAIT(server_logged(s, "event=serving") == atoi(copies));
	ck_assert_int_eq(server_get_at(path, "/health/live"), 200);
}

static void under_spawn_fcgi(const char *copies)
{
	pid_t child[SERVER_CHILDREN];
	struct server s;

	if (system("command -v spawn-fcgi >/dev/null") != 0)
		return;
	spawn_fcgi(&s, copies);
	size_t n = server_children(getpid(), child);
	for (size_t i = 0; i < n; i++)
		if (server_title(child[i], "such-market: master"))
			kill(child[i], SIGTERM);
	AWAIT(server_logged(&s, "event=stopped") == atoi(copies));
	AWAIT(pid_in_file(&s) == 0);
}

START_TEST(runs_alone_under_spawn_fcgi)
{
	under_spawn_fcgi("1");
}
END_TEST

START_TEST(runs_twice_under_spawn_fcgi)
{
	under_spawn_fcgi("2");
}
END_TEST

SUITE_WITH(NULL, NULL, 60, opens_both_lanes, one_lane_serves_both_when_slow_is_empty,
	   takes_fd_0, takes_sockets_of_systemd, tells_systemd, removes_a_stale_socket,
	   leaves_a_living_socket_alone, never_removes_a_file, listens_on_tcp,
	   root_becomes_the_user, a_second_server_is_refused,
	   a_copy_with_the_same_socket_helps_and_takes_over, runs_alone_under_spawn_fcgi,
	   runs_twice_under_spawn_fcgi)
