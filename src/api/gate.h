/*
 * The gate: from a request to an answer.  Finds the route, checks the key's role, runs the
 * handler, turns failures into problem+json, counts and times.  The worker loop calls nothing
 * else of api.
 */
#ifndef API_GATE_H
#define API_GATE_H

#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"

struct api_options;
struct env;

struct gate {
	struct env *env;
	const struct http_options *http;
	const struct api_options *options; /* NULL: no limits */
};

/* bad: set when the request could not be read; then only that problem is answered. */
void gate_serve(struct gate *gate, struct request *req, const struct problem *bad,
		struct response *res);

#endif
