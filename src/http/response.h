/* A response being made: status, headers, body; sent once by fcgi.c. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include "base/answer.h"
#include "base/buf.h"
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
};

struct http_options {
	int64_t max_age_s[TIER_COUNT]; /* Cache-Control max-age by tier; 0: must-revalidate only */
	const char *cors_origin;       /* "*", or one origin; "" : no CORS headers */
};

void response_init(struct response *res, struct arena *arena);
/* A value with CR, LF or other control bytes is dropped (never sent). */
void response_header(struct response *res, const char *name, struct str value);
/* The answer, or 304 when If-None-Match matches; ETag, Cache-Control, Cache-Status, Vary, … */
void response_answer(struct response *res, const struct request *req,
		     const struct http_options *options, const struct answer *answer);
/* Uncacheable JSON or text. */
void response_plain(struct response *res, const struct request *req, int status,
		    const char *content_type, struct str body);
void response_problem(struct response *res, const struct request *req,
		      const struct problem *problem);
/* 204 for OPTIONS: Allow and, for public reads, the CORS answer. */
void response_options(struct response *res, const struct request *req,
		      const struct http_options *options, const char *allow, bool public_read);

#endif
