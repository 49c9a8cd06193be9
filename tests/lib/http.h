/*
 * An HTTP client for tests, over a unix socket.  Failures of the transport fail the test unless
 * http_try is used.
 *
 *	struct http *http = http_new(socket);
 *	http_get(http, "/api/collections");
 *	ck_assert_int_eq(http->status, 200);
 *	ck_assert_str_eq(http_text(http, "collections.0.name"), "Punks");
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

struct arena;
struct json_object;

#define HTTP_HEADERS 8

struct http_ask {
	const char *method; /* NULL: GET */
	const char *path;   /* sent as it is */
	struct str body;
	const char *headers[HTTP_HEADERS]; /* "Name: value" */
};

struct http {
	void *curl;
	struct arena *arena;      /* emptied by the next request */
	int status;               /* of the last answer; 0: none came */
	struct buf head, body;    /* a NUL stands behind the body's bytes */
	struct json_object *json; /* the body, when it is JSON and not compressed */
};

struct http *http_new(const char *socket);
void http_free(struct http *http);

bool http_try(struct http *http, const struct http_ask *ask);
int http_ask(struct http *http, const struct http_ask *ask); /* status */
int http_get(struct http *http, const char *path);
int http_getf(struct http *http, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Of the last answer; terminated, NULL when absent; belongs to the arena. */
const char *http_header(struct http *http, const char *name);
int http_header_count(struct http *http, const char *name);

/* A place in the answer by a dotted path, numbers for array elements ("nfts.0.owner"). */
struct json_object *http_at(struct http *http, const char *path);
const char *http_text(struct http *http, const char *path); /* NULL unless a string */
int64_t http_num(struct http *http, const char *path);      /* fails the test unless a number */
size_t http_count(struct http *http, const char *path);     /* elements of an array */
bool http_null(struct http *http, const char *path); /* the key is there, its value null */

/* The last answer is this problem: status, media type, code, and all its required members. */
#define http_problem_is(http, status, code) http_problem_at(http, status, code, __LINE__)
void http_problem_at(struct http *http, int status, const char *code, int line);

#endif
