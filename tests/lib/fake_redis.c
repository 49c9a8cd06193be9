#include "child.h"
#include "lib/fake_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, path, strlen(path) + 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 16) != 0)
		abort();
	return fd;
}

void fake_redis_start(struct fake_redis *fake, void (*serve)(int fd, const void *ctx),
		      const void *ctx)
{
	char dir[] = "/tmp/fake-redis-XXXXXX";

	if (!mkdtemp(dir))
		abort();
	snprintf(fake->path, sizeof(fake->path), "%s/s", dir);
	snprintf(fake->url, sizeof(fake->url), "unix://%s", fake->path);
	int fd = listen_at(fake->path);
	fake->pid = child_fork();
	if (fake->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int client = accept(fd, NULL, NULL);

			serve(client, ctx);
			close(client);
		}
	}
	close(fd);
}

void fake_redis_stop(struct fake_redis *fake)
{
	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
	unlink(fake->path);
	*strrchr(fake->path, '/') = '\0';
	rmdir(fake->path);
}

ssize_t fake_redis_hear(int fd)
{
	char bytes[65536];

	return recv(fd, bytes, sizeof(bytes), 0);
}

void fake_redis_say(int fd, const void *bytes, size_t len)
{
	send(fd, bytes, len, MSG_NOSIGNAL);
}
