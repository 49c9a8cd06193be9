#include <assert.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/keeper.h"
#include "lib/live_redis.h"

#define START_NS INT64_C(10000000000)

static struct keeper server;
static char path[KEEPER_PATH + 16], url[KEEPER_PATH + 32];

static int try_socket(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.*s", (int)sizeof(to.sun_path) - 1, path);
	int rc = connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return rc;
}

void live_redis_resume(void)
{
	int64_t until = clock_mono_ns() + START_NS;
	keeper_run(&server);
	while (try_socket() != 0) {
		if (clock_mono_ns() > until)
			keeper_panic("%s: Redis does not start", server.dir);
		poll(NULL, 0, 2);
	}
}

static void start(const char *password, const char *append_only)
{
	server.uid = geteuid();
	server.gid = getegid();
	keeper_dir(&server, "redis");
	snprintf(path, sizeof(path), "%s/s", server.dir);
	snprintf(url, sizeof(url), "unix://%s", path);
	const char *args[] = {
		"redis-server",
		"--port",
		"0",
		"--unixsocket",
		path,
		"--save",
		"",
		"--appendonly",
		append_only,
		"--dir",
		server.dir,
		"--appendfsync",
		"always",
		password ? "--requirepass" : NULL,
		password,
		NULL,
	};
	static_assert(COUNT_OF(args) <= KEEPER_ARGS, "room for the arguments");
	memcpy(server.args, args, sizeof(args));
	keeper_open(&server);
	live_redis_resume();
}

void live_redis_start_with(const char *password)
{
	start(password, "no");
}

void live_redis_start(void)
{
	start(NULL, "no");
}

void live_redis_start_kept(void)
{
	start(NULL, "yes");
}

void live_redis_done(void)
{
	keeper_close(&server);
}

const char *live_redis_path(void)
{
	return path;
}

const char *live_redis_url(void)
{
	return url;
}

pid_t live_redis_pid(void)
{
	return keeper_pid(&server);
}

void live_redis_stop(void)
{
	keeper_end(&server, SIGTERM);
}

void live_redis_kill(void)
{
	keeper_end(&server, SIGKILL);
}

const char *live_redis_say(const char *socket_path, const char *line)
{
	static char reply[8192];
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n = 0;

	snprintf(to.sun_path, sizeof(to.sun_path), "%.*s", (int)sizeof(to.sun_path) - 1,
		 socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) &&
	    send(fd, "\r\n", 2, MSG_NOSIGNAL) == 2)
		n = recv(fd, reply, sizeof(reply) - 1, 0);
	reply[n > 0 ? n : 0] = '\0';
	close(fd);
	return reply;
}

void live_redis_save(void)
{
	const char *reply = live_redis_say(path, "SAVE");

	if (strncmp(reply, "+OK", 3) != 0)
		keeper_panic("%s: Redis does not save: %s", server.dir, reply);
}

void live_redis_forget(void)
{
	char dump[KEEPER_PATH + 16];

	snprintf(dump, sizeof(dump), "%s/dump.rdb", server.dir);
	unlink(dump);
}
