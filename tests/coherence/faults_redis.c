/* Redis forgets, hangs, and comes back as it was. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "coherence/faults.h"
#include "lib/live_redis.h"

#define LINK_NS INT64_C(20000000000)

void empty_redis(struct stage *s, uint32_t *seed)
{
	live_redis_stop();
	wait_ms(s, between(seed, 0, 1000));
	live_redis_resume();
}

void pause_redis(struct stage *s, uint32_t *seed)
{
	pid_t pid = live_redis_pid();

	kill(pid, SIGSTOP);
	wait_ms(s, between(seed, 100, 2000));
	kill(pid, SIGCONT);
}

/* What was written since the dump is undone, as if nobody had ever invalidated anything. */
void dump_redis(struct stage *s, uint32_t *seed)
{
	live_redis_save();
	wait_ms(s, between(seed, 500, 4000));
	live_redis_stop();
	live_redis_resume();
	live_redis_forget();
}

/* A port on which nobody listens: replication goes over TCP only. */
static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		keeper_panic("no free port");
	close(fd);
	return ntohs(at.sin_port);
}

static void copy_begin(struct keeper *copy, const char *socket, const char *port)
{
	const char *args[] = { "redis-server", "--port", "0",       "--unixsocket",
			       socket,         "--save", "",        "--appendonly",
			       "no",           "--dir",  copy->dir, "--replicaof",
			       "127.0.0.1",    port,     NULL };

	memcpy(copy->args, args, sizeof(args));
	keeper_open(copy);
	keeper_run(copy);
}

static bool is_linked(const struct stage *s, const char *socket)
{
	int64_t until = clock_mono_ns() + LINK_NS;

	while (!strstr(live_redis_say(socket, "INFO replication"), "master_link_status:up")) {
		if (s->account->stop || clock_mono_ns() > until)
			return false;
		wait_ms(s, 20);
	}
	return true;
}

/* The copy takes the socket over, without what had not got to it; later an empty one does. */
static void exchange(struct stage *s, uint32_t *seed, struct keeper *copy, const char *socket)
{
	pid_t pid = keeper_pid(copy);

	kill(pid, SIGSTOP);
	wait_ms(s, between(seed, 50, 1000));
	live_redis_kill();
	kill(pid, SIGCONT);
	live_redis_say(socket, "REPLICAOF NO ONE");
	if (rename(socket, live_redis_path()) != 0)
		keeper_panic("%s cannot be taken over", socket);
	wait_ms(s, between(seed, 1500, 3000));
	keeper_end(copy, SIGKILL);
	live_redis_resume();
}

void fail_over_redis(struct stage *s, uint32_t *seed)
{
	static char socket[KEEPER_PATH + 16], port[16];
	char line[64];
	struct keeper copy = { .uid = geteuid(), .gid = getegid() };

	snprintf(port, sizeof(port), "%d", free_port());
	snprintf(line, sizeof(line), "CONFIG SET port %s repl-diskless-sync-delay 0", port);
	if (strncmp(live_redis_say(live_redis_path(), line), "+OK", 3) != 0)
		keeper_panic("Redis takes no port");
	keeper_dir(&copy, "copy");
	snprintf(socket, sizeof(socket), "%s/s", copy.dir);
	copy_begin(&copy, socket, port);
	if (is_linked(s, socket)) {
		wait_ms(s, between(seed, 200, 2000));
		exchange(s, seed, &copy, socket);
	}
	keeper_close(&copy);
}
