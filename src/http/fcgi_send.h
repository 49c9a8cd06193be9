/*
 * An answer as FastCGI records, sent with one system call on the socket itself: libfcgi's
 * stream would write it in pieces of 8 KB.  What the peer does not take at once is kept (the
 * request's memory is reset meanwhile) and sent when the socket takes more; nobody waits for
 * it.
 */
#ifndef HTTP_FCGI_SEND_H
#define HTTP_FCGI_SEND_H

#include <stddef.h>

struct response;

enum fcgi_sent {
	FCGI_SENT,   /* to the last byte */
	FCGI_UNSENT, /* the rest is kept in *rest */
	FCGI_LOST    /* the peer is gone */
};

/* What is still to be sent; all zero when there is nothing. */
struct fcgi_rest {
	char *ptr; /* heap */
	size_t len, done;
};

/* STDOUT records with Status, head and body, the end of STDOUT, END_REQUEST.  Ends res->head.
 */
enum fcgi_sent fcgi_send(int fd, int request_id, struct response *res, struct fcgi_rest *rest);
enum fcgi_sent fcgi_send_rest(int fd, struct fcgi_rest *rest);
void fcgi_rest_release(struct fcgi_rest *rest);

#endif
