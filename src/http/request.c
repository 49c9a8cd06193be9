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
	uint64_t n = ids->next++;
	uint8_t count[8];

	for (size_t i = 0; i < sizeof(count); i++)
		count[i] = (uint8_t)(n >> (56 - 8 * i));
	memcpy(ret, ids->prefix, 16);
	hex_write(count, sizeof(count), ret + 16);
}

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '.' || c == '_' || c == '-';
}

static bool is_sane_id(struct str id)
{
	if (id.len == 0 || id.len > REQUEST_ID_MAX || secret_has_key(id))
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!is_id_char(id.ptr[i]))
			return false;
	return true;
}

/* Servers send parameters that the client left out as empty ones: absent, both. */
static struct str param(const struct request_source *source, const char *name)
{
	struct str s = str_of(source->param(source->ctx, name));

	return s.len ? s : STR_NONE;
}

static void read_id(const struct request_source *source, struct request *req)
{
	struct str id = param(source, "HTTP_X_REQUEST_ID");

	if (is_sane_id(id)) {
		memcpy(req->id, id.ptr, id.len);
		req->id[id.len] = '\0';
	} else {
		make_id(source->ids, req->id);
	}
}

static enum rc check_body(const struct request_source *source, struct str body,
			  struct problem *problem)
{
	struct str text = param(source, "CONTENT_LENGTH");
	uint64_t length = 0;

	if (text.ptr && !str_u64(text, UINT64_MAX, &length))
		return problem_set(problem, RC_INVALID, "invalid_length",
				   STR("Content-Length is not a number"));
	if (length != body.len)
		return problem_set(problem, RC_INVALID, "truncated_request",
				   STR("The body is not as long as Content-Length says"));
	return RC_OK;
}

/* %2F, in the part of the URI before '?'. */
static bool has_encoded_slash(struct str path)
{
	for (size_t i = 0; i + 2 < path.len; i++)
		if (path.ptr[i] == '%' && path.ptr[i + 1] == '2' &&
		    (path.ptr[i + 2] == 'F' || path.ptr[i + 2] == 'f'))
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

static void read_headers(const struct request_source *source, struct request *req)
{
	req->content_type = param(source, "CONTENT_TYPE");
	req->accept = param(source, "HTTP_ACCEPT");
	req->if_none_match = param(source, "HTTP_IF_NONE_MATCH");
	req->authorization = param(source, "HTTP_AUTHORIZATION");
	req->api_key = param(source, "HTTP_X_API_KEY");
	req->idempotency_key = param(source, "HTTP_IDEMPOTENCY_KEY");
	req->origin = param(source, "HTTP_ORIGIN");
	req->remote_addr = param(source, "REMOTE_ADDR");
}

enum rc request_read(struct arena *arena, const struct request_source *source, struct str body,
		     int64_t started_ns, struct request *ret, struct problem *ret_problem)
{
	struct str uri = param(source, "REQUEST_URI");
	enum rc rc;

	assert(source->ids);
	*ret = (struct request){ .arena = arena, .body = body, .started_ns = started_ns };
	ret->method_text = param(source, "REQUEST_METHOD");
	ret->method = method_of(ret->method_text);
	read_id(source, ret);
	read_headers(source, ret);
	if (!ret->method_text.ptr || !uri.ptr)
		return problem_set(ret_problem, RC_INVALID, "truncated_request",
				   STR("The request has no method or no address"));
	rc = read_uri(uri, ret, ret_problem);
	return rc == RC_OK ? check_body(source, body, ret_problem) : rc;
}
