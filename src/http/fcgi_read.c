#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "http/fcgi_read.h"
#include "http/problem.h"
#include "http/request.h"

struct body {
	char *ptr;
	size_t len, room; /* kept */
	size_t total;     /* seen */
};

static void body_keep(struct body *b, const char *bytes, size_t len)
{
	size_t n = b->room - b->len < len ? b->room - b->len : len;

	if (n)
		memcpy(b->ptr + b->len, bytes, n);
	b->len += n;
	b->total += len;
}

static bool body_read(FCGX_Stream *in, struct body *b)
{
	char chunk[8192];
	int n;

	while ((n = FCGX_GetStr(chunk, sizeof(chunk), in)) > 0)
		body_keep(b, chunk, (size_t)n);
	return FCGX_GetError(in) == 0;
}

bool fcgi_read(FCGX_Request *fcgx, const struct fcgi_reader *reader, struct request *ret,
	       struct problem *ret_problem, enum rc *ret_rc)
{
	struct request_source source = { .ids = reader->ids };
	uint64_t max = (uint64_t)reader->body_max;
	struct body body = { 0 };

	if (FCGX_Accept_r(fcgx) != 0 || FCGX_GetError(fcgx->in) != 0)
		return false;
	source.params = fcgx->envp;
	*ret_rc = request_read(reader->arena, &source, reader->started_ns, ret, ret_problem);
	if (ret->announced && ret->announced <= max) {
		body.room = ret->announced;
		body.ptr = arena_alloc(reader->arena, body.room);
	}
	if (!body_read(fcgx->in, &body))
		return false;
	if (ret->announced > max || body.total > max)
		*ret_rc = problem_set(ret_problem, RC_TOO_LARGE, NULL,
				      arena_printf(reader->arena, "A body may have %lld bytes",
						   (long long)reader->body_max));
	else if (*ret_rc == RC_OK)
		*ret_rc = request_body(ret, (struct str){ body.ptr, body.total }, ret_problem);
	return true;
}
