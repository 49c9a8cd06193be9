/*
 * The yardsticks: what a program on bare libfcgi does, without anything of such-market.
 *
 *	bare classic SOCKET WORKERS BYTES          FCGX_Accept_r in a loop, a constant answer
 *	bare mux SOCKET WORKERS BYTES              many kept connections with epoll, a constant
 *answer bare owner SOCKET WORKERS CONNINFO         mux, and one prepared statement a request
 *
 * The path of an owner request ends …/{address}/nfts/{decimal id}/owner, trusted as it comes.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "net/stmt.h"

#define CONNECTIONS 1024

static char *constant;
static size_t constant_len;
static PGconn *db;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		die(path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 || listen(fd, 511) != 0)
		die(path);
	return fd;
}

static void answer_constant(FCGX_Request *r)
{
	FCGX_FPrintF(r->out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		     (int)constant_len);
	FCGX_PutStr(constant, (int)constant_len, r->out);
}

/* The 20 bytes of "0x…" and the id between "/nfts/" and the next slash. */
static int owner_args(const char *uri, char address[20], char id[80])
{
	const char *hex = strstr(uri, "/0x"), *token = strstr(uri, "/nfts/");
	size_t len;

	if (!hex || !token)
		return 0;
	for (int i = 0; i < 20; i++) {
		unsigned byte;
		if (sscanf(hex + 3 + 2 * i, "%2x", &byte) != 1)
			return 0;
		address[i] = (char)byte;
	}
	token += strlen("/nfts/");
	len = strcspn(token, "/?");
	if (len >= 80)
		return 0;
	memcpy(id, token, len);
	id[len] = '\0';
	return 1;
}

static void answer_owner(FCGX_Request *r)
{
	char address[20], id[80];
	const char *uri = FCGX_GetParam("REQUEST_URI", r->envp);
	const char *const values[] = { address, id };
	const int lengths[] = { 20, 0 }, formats[] = { 1, 0 };
	PGresult *rows;

	if (!uri || !owner_args(uri, address, id)) {
		FCGX_PutS("Status: 400\r\n\r\n", r->out);
		return;
	}
	rows = PQexecPrepared(db, "owner_of", 2, values, lengths, formats, 0);
	if (PQresultStatus(rows) != PGRES_TUPLES_OK)
		die(PQerrorMessage(db));
	FCGX_PutS("Content-Type: application/json\r\n\r\n{\"owners\":[", r->out);
	for (int i = 0; i < PQntuples(rows); i++)
		for (int j = 0; j < PQnfields(rows); j++)
			FCGX_FPrintF(r->out, "%s\"%s\"", i + j ? "," : "",
				     PQgetvalue(rows, i, j));
	FCGX_PutS("]}", r->out);
	PQclear(rows);
}

static void classic_loop(int listener, void (*answer)(FCGX_Request *))
{
	FCGX_Request r;

	FCGX_InitRequest(&r, listener, 0);
	while (FCGX_Accept_r(&r) == 0) {
		answer(&r);
		FCGX_Finish_r(&r);
	}
}

static void watch(int ep, int fd, void *what, unsigned events)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) != 0)
		die("epoll_ctl");
}

static void take_connection(int ep, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	FCGX_Request *r;

	if (fd < 0)
		return;
	r = calloc(1, sizeof(*r));
	if (!r || FCGX_InitRequest(r, listener, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		die("request");
	r->ipcFd = fd;
	r->keepConnection = 1;
	watch(ep, fd, r, EPOLLIN | EPOLLRDHUP);
}

static void drop_connection(FCGX_Request *r)
{
	close(r->ipcFd);
	r->ipcFd = -1;
	FCGX_Free(r, 0);
	free(r);
}

/* The listener is non-blocking: a closed connection makes FCGX_Accept_r return, not wait. */
static void mux_loop(int listener, void (*answer)(FCGX_Request *))
{
	struct epoll_event events[64];
	int ep = epoll_create1(EPOLL_CLOEXEC);

	watch(ep, listener, NULL, EPOLLIN | EPOLLEXCLUSIVE);
	for (;;) {
		int n = epoll_wait(ep, events, 64, -1);
		for (int i = 0; i < n; i++) {
			FCGX_Request *r = events[i].data.ptr;
			if (!r) {
				take_connection(ep, listener);
			} else if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
				drop_connection(r);
			} else if (FCGX_Accept_r(r) == 0) {
				answer(r);
				FCGX_Finish_r(r);
			} else {
				drop_connection(r);
			}
		}
	}
}

static void db_open(const char *conninfo)
{
	db = PQconnectdb(conninfo);
	if (PQstatus(db) != CONNECTION_OK)
		die(PQerrorMessage(db));
	PGresult *r = PQprepare(db, "owner_of", stmt_text(STMT_owner_of), 0, NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		die(PQerrorMessage(db));
	PQclear(r);
}

static void work(const char *mode, int listener, const char *what)
{
	if (strcmp(mode, "owner") == 0) {
		db_open(what);
		mux_loop(listener, answer_owner);
	} else if (strcmp(mode, "mux") == 0) {
		mux_loop(listener, answer_constant);
	} else {
		classic_loop(listener, answer_constant);
	}
}

int main(int argc, char **argv)
{
	int listener, workers;

	if (argc != 5) {
		fprintf(stderr,
			"usage: bare classic|mux|owner SOCKET WORKERS BYTES|CONNINFO\n");
		return 2;
	}
	constant_len = strtoul(argv[4], NULL, 10);
	constant = malloc(constant_len + 1);
	memset(constant, 'x', constant_len);
	workers = (int)strtol(argv[3], NULL, 10);
	listener = listen_on(argv[2]);
	FCGX_Init();
	for (int i = 0; i < workers; i++) {
		if (fork() == 0) {
			signal(SIGTERM, SIG_DFL);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(argv[1], listener, argv[4]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
