/*
 * One request out of libfcgi: parameters, body to its end, checks.  The connection holds a
 * request that fcgi_scan has seen.
 */
#ifndef HTTP_FCGI_READ_H
#define HTTP_FCGI_READ_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"

struct arena;
struct problem;
struct request;
struct request_ids;

struct fcgi_reader {
	struct arena *arena;
	struct request_ids *ids;
	int64_t body_max;   /* bytes kept; a longer body is read to its end and thrown away, 413
			     */
	int64_t started_ns; /* monotonic */
	int64_t deadline_ns; /* when the last byte must have come */
};

/*
 * false: the connection is of no more use (it ended, was silent too long, or libfcgi found it
 * malformed); nothing can be answered.  Else *ret_rc, ret and ret_problem as from request_read.
 * The input stream has been read to its end: the connection may carry another request.
 */
bool fcgi_read(FCGX_Request *fcgx, const struct fcgi_reader *reader, struct request *ret,
	       struct problem *ret_problem, enum rc *ret_rc);

#endif
