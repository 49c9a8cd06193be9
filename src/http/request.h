/* A request as the rooms above see it: parsed, bounded, checked.  Slices live in the arena. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct problem;

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER
};

#define REQUEST_ID_MAX    64
#define REQUEST_PATH_MAX  2048 /* as sent, percent-encoded */
#define REQUEST_QUERY_MAX 8192

struct request {
	struct arena *arena;
	enum method method;
	struct str method_text;
	/* Percent-decoded once, valid UTF-8, no control bytes, starts with '/'.  An encoded
	 * slash is refused (400, encoded_slash): it would be a segment in one reading and data
	 * in another. */
	struct str path;
	struct str query;   /* raw, without '?' */
	struct str body;    /* once request_body took it */
	uint64_t announced; /* bytes of body: Content-Length; 0 without one that is a number */
	struct str content_type, accept, if_none_match, authorization, api_key, idempotency_key;
	struct str origin; /* CORS */
	struct str remote_addr;
	char id[REQUEST_ID_MAX + 1]; /* X-Request-Id: the client's when sane, else made */
	int64_t started_ns;          /* monotonic */
};

/* Makes request ids without a system call each: a random prefix of the process and a counter.
 * To be seeded after the fork. */
struct request_ids {
	char prefix[17]; /* 16 hexadecimal digits */
	uint64_t next;
};
void request_ids_init(struct request_ids *ids);

/* The request's parameters: "NAME=value", ended by NULL, as FastCGI programs get them.  They
 * are borrowed: they live as long as the request. */
struct request_source {
	char *const *params;
	struct request_ids *ids;
};

/*
 * From FastCGI parameters (REQUEST_METHOD, REQUEST_URI, CONTENT_LENGTH, …), all but the body.
 * RC_INVALID, RC_URI_TOO_LONG, …: *ret_problem says what is wrong; ret->id and method are set
 * even then, so that an answer can be sent.
 */
enum rc request_read(struct arena *arena, const struct request_source *source,
		     int64_t started_ns, struct request *ret, struct problem *ret_problem);
/* RC_INVALID: not as long as was announced. */
enum rc request_body(struct request *req, struct str body, struct problem *ret_problem);

#endif
