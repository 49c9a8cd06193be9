#include <assert.h>
#include "base/hash.h"
#include "base/hex.h"
#include "base/scope.h"
#include "base/secret.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"

static const struct {
	enum method method;
	struct str name;
} methods[] = {
	{ METHOD_GET, { "GET", 3 } },         { METHOD_HEAD, { "HEAD", 4 } },
	{ METHOD_POST, { "POST", 4 } },       { METHOD_PUT, { "PUT", 3 } },
	{ METHOD_PATCH, { "PATCH", 5 } },     { METHOD_DELETE, { "DELETE", 6 } },
	{ METHOD_OPTIONS, { "OPTIONS", 7 } },
};

static enum method method_of(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(methods); i++)
		if (str_eq(methods[i].name, name))
			return methods[i].method;
	return METHOD_OTHER;
}

void request_ids_init(struct request_ids *ids)
{
	uint8_t random[8];

	hash_random(random, sizeof(random));
	hex_write(random, sizeof(random), ids->prefix);
	ids->next = 0;
}

static void make_id(struct request_ids *ids, char ret[REQUEST_ID_MAX + 1])
{
	memcpy(ret, ids->prefix, 16);
	hex_write_u64(ids->next++, ret + 16);
}

static const bool id_chars[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['.'] = true,         ['_'] = true,         ['-'] = true,
};

static bool is_sane_id(struct str id)
{
	if (id.len == 0 || id.len > REQUEST_ID_MAX || secret_has_key(id))
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!id_chars[(unsigned char)id.ptr[i]])
			return false;
	return true;
}

/* The parameters that are read, those of a length together. */
#define PARAMS(X)                                                                              \
	X(REQUEST_URI)                                                                         \
	X(REMOTE_ADDR)                                                                         \
	X(HTTP_ACCEPT)                                                                         \
	X(HTTP_ORIGIN)                                                                         \
	X(CONTENT_TYPE)                                                                        \
	X(REQUEST_METHOD)                                                                      \
	X(CONTENT_LENGTH)                                                                      \
	X(HTTP_X_API_KEY)                                                                      \
	X(HTTP_X_REQUEST_ID)                                                                   \
	X(HTTP_IF_NONE_MATCH)                                                                  \
	X(HTTP_AUTHORIZATION)                                                                  \
	X(HTTP_IDEMPOTENCY_KEY)

enum param_name {
#define X(name) name,
	PARAMS(X)
#undef X
	PARAM_NAMES
};

static const struct str names[PARAM_NAMES] = {
#define X(name) [name] = { #name, sizeof(#name) - 1 },
	PARAMS(X)
#undef X
};

#define FIRST(name) [sizeof(#name) - 1] = (name) + 1
static const uint8_t first_of_length[] = {
	FIRST(REQUEST_URI),       FIRST(CONTENT_TYPE),       FIRST(REQUEST_METHOD),
	FIRST(HTTP_X_REQUEST_ID), FIRST(HTTP_IF_NONE_MATCH), FIRST(HTTP_IDEMPOTENCY_KEY)
};

static enum param_name name_of(const char *text, size_t len)
{
	size_t i = len < COUNT_OF(first_of_length) ? first_of_length[len] : 0;

	for (; i > 0 && i <= PARAM_NAMES && names[i - 1].len == len; i++)
		if (memcmp(names[i - 1].ptr, text, len) == 0)
			return (enum param_name)(i - 1);
	return PARAM_NAMES;
}

/* In one pass; the first of a name counts.  Servers send parameters that the client left out as
 * empty ones: absent, both. */
static void read_params(char *const *params, struct str ret[PARAM_NAMES])
{
	memset(ret, 0, PARAM_NAMES * sizeof(*ret));
	for (; *params; params++) {
		const char *end = strchr(*params, '=');
		enum param_name name =
			end ? name_of(*params, (size_t)(end - *params)) : PARAM_NAMES;

		if (name < PARAM_NAMES && !ret[name].ptr)
			ret[name] = str_of(end + 1);
	}
	for (size_t i = 0; i < PARAM_NAMES; i++)
		if (ret[i].len == 0)
			ret[i] = STR_NONE;
}

static void read_id(struct str id, struct request_ids *ids, struct request *req)
{
	if (is_sane_id(id)) {
		memcpy(req->id, id.ptr, id.len);
		req->id[id.len] = '\0';
	} else {
		make_id(ids, req->id);
	}
}

static enum rc read_length(struct str text, struct request *req, struct problem *problem)
{
	if (text.ptr && !str_u64(text, UINT64_MAX, &req->announced))
		return problem_set(problem, RC_INVALID, "invalid_length",
				   STR("Content-Length is not a number"));
	return RC_OK;
}

/* %2F, in the part of the URI before '?'. */
static bool has_encoded_slash(struct str path)
{
	const char *at = path.len ? memchr(path.ptr, '%', path.len) : NULL;
	const char *end = path.ptr + path.len;

	for (; at && at + 2 < end; at++)
		if (at[0] == '%' && at[1] == '2' && (at[2] == 'F' || at[2] == 'f'))
			return true;
	return false;
}

static enum rc read_uri(struct str uri, struct request *req, struct problem *problem)
{
	struct str path = str_cut(&uri, '?');

	if (path.len > REQUEST_PATH_MAX || uri.len > REQUEST_QUERY_MAX)
		return problem_set(problem, RC_URI_TOO_LONG, NULL, STR_NONE);
	if (path.len == 0 || path.ptr[0] != '/')
		return problem_set(problem, RC_INVALID, "invalid_path",
				   STR("The path does not start with a slash"));
	if (has_encoded_slash(path))
		return problem_set(problem, RC_INVALID, "encoded_slash",
				   STR("An encoded slash is not allowed in a path"));
	if (!percent_decode(req->arena, path, false, &req->path))
		return problem_set(problem, RC_INVALID, "invalid_path",
				   STR("The path is not percent-encoded UTF-8 text"));
	req->query = uri;
	return RC_OK;
}

enum rc request_read(struct arena *arena, const struct request_source *source,
		     int64_t started_ns, struct request *ret, struct problem *ret_problem)
{
	struct str p[PARAM_NAMES];
	enum rc length_rc, rc;

	assert(source->ids);
	read_params(source->params, p);
	*ret = (struct request){
		.arena = arena,
		.started_ns = started_ns,
		.method_text = p[REQUEST_METHOD],
		.method = method_of(p[REQUEST_METHOD]),
		.content_type = p[CONTENT_TYPE],
		.accept = p[HTTP_ACCEPT],
		.if_none_match = p[HTTP_IF_NONE_MATCH],
		.authorization = p[HTTP_AUTHORIZATION],
		.api_key = p[HTTP_X_API_KEY],
		.idempotency_key = p[HTTP_IDEMPOTENCY_KEY],
		.origin = p[HTTP_ORIGIN],
		.remote_addr = p[REMOTE_ADDR],
	};
	read_id(p[HTTP_X_REQUEST_ID], source->ids, ret);
	length_rc = read_length(p[CONTENT_LENGTH], ret, ret_problem);
	if (!ret->method_text.ptr || !p[REQUEST_URI].ptr)
		return problem_set(ret_problem, RC_INVALID, "truncated_request",
				   STR("The request has no method or no address"));
	rc = read_uri(p[REQUEST_URI], ret, ret_problem);
	return rc == RC_OK ? length_rc : rc;
}

enum rc request_body(struct request *req, struct str body, struct problem *ret_problem)
{
	if (body.len != req->announced)
		return problem_set(ret_problem, RC_INVALID, "truncated_request",
				   STR("The body is not as long as Content-Length says"));
	req->body = body;
	return RC_OK;
}
