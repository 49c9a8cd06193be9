/*
 * such-market as built, started by a test: in a directory of its own under /tmp, on unix
 *sockets, ended with the test's process.  Without a database unless a test names one.
 *
 *	struct server s;
 *	server_start(&s, "--workers=2", NULL);        waits until it serves
 *	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
 *	ck_assert_int_eq(server_stop(&s), 0);
 */
#ifndef APP_SERVER_H
#define APP_SERVER_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SERVER_WAIT_S   20
#define SERVER_CHILDREN 64

struct server {
	pid_t pid;
	char dir[64], log[96], hot[96], slow[96], conf[96];
	int stdin_fd; /* given as fd 0; -1: /dev/null */
	int passed;   /* this many sockets as LISTEN_FDS, from passed_fd */
	int passed_fd[2];
	const char *env[8]; /* "NAME=value" added to the environment */
};

/* Makes the directory; nothing runs yet. */
void server_init(struct server *s);
/* Starts; arguments up to NULL follow the harness's own. */
void server_launch(struct server *s, const char *arg, ...) __attribute__((sentinel));
/* server_init, server_launch, and waits until it says that it serves. */
void server_start(struct server *s, const char *arg, ...) __attribute__((sentinel));
void server_await(struct server *s); /* until it serves; the test fails when it does not */
int server_stop(struct server *s);   /* TERM; the exit status, -1 when it had to be killed */
int server_wait(struct server *s);   /* for its end by itself; the exit status */

/* GET over a new connection: the status, 0 when no answer came. */
int server_get(const struct server *s, const char *uri);
int server_get_at(const char *socket, const char *uri);
/* Processes whose parent it is. */
size_t server_children(pid_t pid, pid_t ret[SERVER_CHILDREN]);
bool server_title(pid_t pid, const char *wanted);               /* ps shows this */
pid_t server_worker(const struct server *s, const char *title); /* 0: none has it */
int server_logged(const struct server *s, const char *text);    /* lines that hold it */
const char *server_migrations(void);
void server_write(const struct server *s, const char *text); /* the conf file */
int server_listener(const char *path);                       /* a listening socket */

/* Runs such-market with these words; the exit status, its outputs in *ret_text (static). */
int server_run(char *const *env, const char **ret_text, const char *word, ...)
	__attribute__((sentinel));

int64_t server_now_ms(void);
void server_pause(void); /* a breath between two looks */
#define AWAIT(expr)                                                                            \
	do {                                                                                   \
		int64_t await_end = server_now_ms() + SERVER_WAIT_S * 1000;                    \
		while (!(expr)) {                                                              \
			ck_assert_msg(server_now_ms() < await_end, "never: %s", #expr);        \
			server_pause();                                                        \
		}                                                                              \
	} while (0)

#endif
