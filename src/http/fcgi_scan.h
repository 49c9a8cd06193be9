/*
 * A look at bytes that came on a connection, before libfcgi reads them: is there one whole,
 * well-formed request?  libfcgi blocks on half a request, trusts lengths (it allocates what a
 * name says, up to 4 GB), executes truncated requests and reads past the end of one: none of it
 * can happen to bytes that were looked at.  Pure: bytes in, verdict out.
 *
 * The form wanted: BEGIN_REQUEST (responder), PARAMS … empty PARAMS, STDIN … empty STDIN, all
 * of one request id and nothing in between (FastCGI 1.0, sections 3.3 and 5; nginx sends
 * exactly that).
 */
#ifndef HTTP_FCGI_SCAN_H
#define HTTP_FCGI_SCAN_H

#include <stddef.h>
#include "base/str.h"

#define FCGI_SCAN_MAX 65536 /* the parameters must end within so many bytes */

enum fcgi_verdict {
	FCGI_MORE,  /* well-formed so far, the rest has not come */
	FCGI_WHOLE, /* one request, to its last byte */
	FCGI_LONG,  /* the parameters are whole, the body is longer than these FCGI_SCAN_MAX
		       bytes */
	FCGI_BAD    /* malformed */
};

/* *ret_len: bytes of the request (FCGI_WHOLE; what follows them is another request's), or of
 * its beginning to the end of the parameters (FCGI_LONG). */
enum fcgi_verdict fcgi_scan(struct str bytes, size_t *ret_len);

#endif
