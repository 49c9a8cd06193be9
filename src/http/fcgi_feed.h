/*
 * libfcgi reads from descriptors; a request that was looked at is in memory already.  OS_Read,
 * through which libfcgi reads (fcgios.h), is defined here: a program's own definition is taken
 * before a shared library's, so a descriptor of ours stands for bytes and no system call moves
 * them a second time.  Where that does not take (libfcgi linked statically or with -Bsymbolic)
 * the bytes become a file in memory: slower, the same otherwise.
 */
#ifndef HTTP_FCGI_FEED_H
#define HTTP_FCGI_FEED_H

#include <stdbool.h>
#include "base/str.h"

/* Tries once a process which of the two it is; after FCGX_Init. */
void feed_init(void);
/* libfcgi reads bytes themselves. */
bool feed_is_direct(void);

/* A descriptor for FCGX_Request.ipcFd that gives bytes (borrowed) and then ends; one at a time.
 * -1: errno says why. */
int feed_open(struct str bytes);
/* Not when libfcgi has closed it. */
void feed_close(int fd);

#endif
