/*
 * One request out of libfcgi: parameters, body to its end, checks.  ipcFd holds a request that
 * fcgi_scan has seen, and nothing else.
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
};

/*
 * false: libfcgi found it malformed; nothing can be answered.  Else *ret_rc, ret and
 * ret_problem as from request_read.
 */
bool fcgi_read(FCGX_Request *fcgx, const struct fcgi_reader *reader, struct request *ret,
	       struct problem *ret_problem, enum rc *ret_rc);

#endif
