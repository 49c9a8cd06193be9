#include "api/ask.h"

#include <check.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"

static const struct {
	const char *text;
	enum method method;
} methods[] = { { "GET", METHOD_GET },         { "HEAD", METHOD_HEAD },
		{ "POST", METHOD_POST },       { "PUT", METHOD_PUT },
		{ "OPTIONS", METHOD_OPTIONS }, { "DELETE", METHOD_DELETE },
		{ "BREW", METHOD_OTHER } };

static enum method method_of(const char *text)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].text, text) == 0)
			return methods[i].method;
	ck_abort_msg("no method %s", text);
}

struct reply ask(struct env *env, const struct ask *what)
{
	static const struct http_options http = { .cors_origin = "*" };
	struct gate gate = { .env = env, .http = &http };
	const char *method = what->method ? what->method : "GET";
	struct request req = {
		.arena = env->arena,
		.method = method_of(method),
		.method_text = str_of(method),
		.path = str_of(what->path),
		.query = str_of(what->query),
		.accept = str_of(what->accept),
		.if_none_match = str_of(what->if_none_match),
		.authorization = str_of(what->authorization),
		.api_key = str_of(what->api_key),
		.origin = str_of(what->origin),
		.content_type = str_of(what->content_type),
		.idempotency_key = str_of(what->idempotency_key),
		.body = str_of(what->body),
		.remote_addr = str_of(what->remote),
		.id = "test-request",
		.started_ns = clock_mono_ns(),
	};
	struct response res;

	response_init(&res, env->arena);
	gate_serve(&gate, &req, NULL, &res);
	return (struct reply){ res.status, buf_str(&res.head), res.body, res.bodyless };
}

struct reply get(struct env *env, const char *path, const char *query)
{
	return ask(env, &(struct ask){ .path = path, .query = query });
}

struct str header(const struct reply *reply, const char *name)
{
	struct str rest = reply->head;

	while (rest.ptr && rest.len) {
		struct str line = str_cut(&rest, '\n');
		struct str key = str_cut(&line, ':');

		if (str_eq_nocase(key, str_of(name))) {
			if (line.len && line.ptr[line.len - 1] == '\r')
				line.len--;
			return str_trim(line);
		}
	}
	return STR_NONE;
}

void ck_problem(struct env *env, const struct reply *reply, int status, const char *code)
{
	char quoted[100];

	ck_assert_int_eq(reply->status, status);
	ck_str(header(reply, "Content-Type"), "application/problem+json");
	snprintf(quoted, sizeof(quoted), "\"%s\"", code);
	ck_str(body_at(env, reply->body, "code"), quoted);
	ck_str(body_at(env, reply->body, "requestId"), "\"test-request\"");
	ck_assert(
		str_eq(body_at(env, reply->body, "error"), body_at(env, reply->body, "title")));
	ck_str(header(reply, "X-Request-Id"), "test-request");
}
