/*
 * A small raw FastCGI client for tests: it makes records byte by byte, so that it can also make
 * them wrong.
 *
 *	int fd = fcgi_client_open("/tmp/x/socket");
 *	fcgi_request(&buf, 1, true, params, COUNT_OF(params), body);
 *	ck_assert(fcgi_client_send(fd, buf_str(&buf)));
 *	ck_assert(fcgi_client_reply(fd, 1000, &reply));
 *	… reply.status, reply.head, reply.body …
 *	fcgi_reply_release(&reply);
 */
#ifndef TESTS_LIB_FCGI_CLIENT_H
#define TESTS_LIB_FCGI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/str.h"

struct fcgi_param {
	const char *name;
	struct str value;
};

struct fcgi_reply {
	int status;      /* of the Status header */
	struct buf out;  /* all of STDOUT */
	struct str head; /* header lines, with Status */
	struct str body;
	int app_status, protocol_status;
};

/* Record types (FastCGI 1.0, section 8). */
enum {
	FCGI_TYPE_BEGIN = 1,
	FCGI_TYPE_END = 3,
	FCGI_TYPE_PARAMS = 4,
	FCGI_TYPE_STDIN = 5,
	FCGI_TYPE_STDOUT = 6
};

int fcgi_client_open(const char *path); /* -1: errno says why */

/* Pieces of requests, appended. */
void fcgi_record(struct buf *out, int type, int id, struct str content, int padding);
void fcgi_begin(struct buf *out, int id, int role, bool keep);
void fcgi_stream(struct buf *out, int type, int id, struct str content); /* with its end */
void fcgi_pair(struct buf *out, struct str name, struct str value);
/* A whole request. */
void fcgi_request(struct buf *out, int id, bool keep, const struct fcgi_param *params, size_t n,
		  struct str body);
/* A GET of uri with nothing else. */
void fcgi_get(struct buf *out, const char *uri, bool keep);

bool fcgi_client_send(int fd, struct str bytes);
/* Reads to END_REQUEST; false when it does not come in time, or the connection ends before. */
bool fcgi_client_reply(int fd, int timeout_ms, struct fcgi_reply *ret);
/* Waits until the other side has closed; false: it has not. */
bool fcgi_client_ended(int fd, int timeout_ms);
/* A header's value, STR_NONE when it is not there. */
struct str fcgi_reply_header(const struct fcgi_reply *reply, const char *name);
void fcgi_reply_release(struct fcgi_reply *reply);

#endif
