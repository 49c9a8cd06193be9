/* A response being made: status, headers, body; sent once by fcgi.c. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/answer.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/str.h"

struct arena;
struct problem;
struct request;

struct response {
	struct arena *arena;
	int status;
	struct buf head; /* header lines, each with CRLF, without Status */
	struct str body; /* borrowed */
	bool bodyless;   /* HEAD, 204, 304 */
	int64_t made_ns; /* when it was ready to be sent, monotonic; 0: not told */
};

struct http_options {
	int64_t max_age_s[TIER_COUNT]; /* Cache-Control max-age by tier; 0: must-revalidate only
					*/
	const char *cors_origin;       /* "*", or one origin; "" : no CORS headers */
	const char *public_reads;      /* "viewer": for keys only; else (also NULL) open */
};
extern const struct conf_key http_keys[];

/* Public reads need a key, so nobody else may keep their answers. */
static inline bool http_reads_private(const struct http_options *options)
{
	return options->public_reads && options->public_reads[0] == 'v';
}

void response_init(struct response *res, struct arena *arena);
/* A value with CR, LF or other control bytes is dropped (never sent). */
void response_header(struct response *res, const char *name, struct str value);
/* The answer, or 304 when If-None-Match matches; ETag, Cache-Control, Cache-Status, Vary, CORS,
 * … 406 instead when Accept refuses the content type (http/accept.h).  TIER_NONE is not
 * storable. */
void response_answer(struct response *res, const struct request *req,
		     const struct http_options *options, const struct answer *answer);
/* Uncacheable JSON or text (or 406).  Headers added before it stay. */
void response_plain(struct response *res, const struct request *req, int status,
		    const char *content_type, struct str body);
/* problem+json with what its status asks for: Allow, Retry-After (503 always),
 * WWW-Authenticate. */
void response_problem(struct response *res, const struct request *req,
		      const struct problem *problem);
/* Lets a page of another origin read this: for problems of public reads, which know no options.
 */
void response_cors(struct response *res, const struct http_options *options);
/* 204 for OPTIONS: Allow and, for public reads, the CORS answer. */
void response_options(struct response *res, const struct request *req,
		      const struct http_options *options, const char *allow, bool public_read);

#endif
