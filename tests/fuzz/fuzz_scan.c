/*
 * FastCGI records.  Rooms: base http.  Bytes that the scan calls a whole request are given to
 * libfcgi on a socket: it must read them without waiting, to the last byte and not one more.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/arena.h"
#include "http/fcgi_read.h"
#include "http/fcgi_scan.h"
#include "http/problem.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void read_whole(const uint8_t *data, size_t size)
{
	const struct timeval patience = { .tv_sec = 1 };
	struct request_ids ids = { .prefix = "0123456789abcdef" };
	struct fcgi_reader reader = { .arena = arena_new(65536),
				      .ids = &ids,
				      .body_max = 4096 };
	struct problem problem = { 0 };
	struct request req;
	FCGX_Request fcgx;
	int pair[2];
	enum rc rc;
	char byte;

	require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	require(write(pair[1], data, size) == (ssize_t)size);
	FCGX_InitRequest(&fcgx, -1, 0);
	fcgx.ipcFd = pair[0];
	fcgx.keepConnection = 1;
	fcgx.detached = 1;
	require(fcgi_read(&fcgx, &reader, &req, &problem, &rc));
	require(recv(pair[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	FCGX_Free(&fcgx, 0);
	close(pair[0]);
	close(pair[1]);
	arena_free(reader.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = 0;
	enum fcgi_verdict verdict = fcgi_scan((struct str){ (const char *)data, size }, &len);

	FCGX_Init();
	if (verdict == FCGI_WHOLE) {
		require(len > 0 && len <= size);
		read_whole(data, len);
	}
	return 0;
}
