/*
 * Does the database fit this program?  Asked by a child, because the master holds no connection
 * and must not wait for one.
 */
#ifndef APP_PRECHECK_H
#define APP_PRECHECK_H

#include <stdbool.h>
#include <sys/types.h>

struct config;

enum fit {
	FIT_OK,
	FIT_AWAY, /* no answer: serve anyway, live but not ready */
	FIT_BAD   /* schema, chain or configuration do not fit */
};

#define PRECHECK_TEXT 512

struct precheck {
	pid_t pid; /* 0: none runs */
	int fd;    /* readable when it has something to say */
	char text[PRECHECK_TEXT];
	size_t len;
};

bool precheck_start(struct precheck *ret, const struct config *config);
/* Reads what there is; true at the end, the child reaped: *ret_fit and check->text are set. */
bool precheck_read(struct precheck *check, enum fit *ret_fit);
/* Start, wait, end. */
enum fit precheck_wait(struct precheck *check, const struct config *config);
void precheck_cancel(struct precheck *check);

#endif
