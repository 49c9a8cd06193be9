/*
 * The worker's FastCGI loop with a constant answer: what http/fcgi.c can do.
 *
 *	const_worker SOCKET WORKERS BYTES
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "http/fcgi.h"
#include "http/request.h"
#include "http/response.h"

static int listen_on(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		return -1;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, 511) != 0)
		return -1;
	return fd;
}

static void serve(void *ctx, struct request *req, const struct problem *bad,
		  struct response *res)
{
	if (bad)
		response_problem(res, req, bad);
	else
		response_plain(res, req, 200, "application/json", *(struct str *)ctx);
}

static void work(int listener, struct str *body)
{
	struct fcgi_options options = {
		.listen_fd = listener,
		.read_ms = 1000,
		.write_ms = 5000,
		.body_max = 1 << 20,
		.connections_max = 1024,
	};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct fcgi *f = fcgi_new(&options, serve, body);

	for (;;)
		fcgi_poll(f, -1, NULL);
}

int main(int argc, char **argv)
{
	struct str body;
	char *bytes;
	int listener;

	if (argc != 4 || (listener = listen_on(argv[1])) < 0) {
		fprintf(stderr, "usage: const_worker SOCKET WORKERS BYTES (%s)\n",
			strerror(errno));
		return 2;
	}
	body.len = strtoul(argv[3], NULL, 10);
	body.ptr = bytes = malloc(body.len + 1);
	memset(bytes, 'x', body.len);
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (fork() == 0)
			work(listener, &body);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
