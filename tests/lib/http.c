#include "lib/http.h"

#include <check.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/jsonin.h"
#include "lib/keeper.h"

static size_t take(char *bytes, size_t size, size_t n, void *ctx)
{
	buf_add(ctx, bytes, size * n);
	return size * n;
}

struct http *http_new(const char *socket)
{
	struct http *http = mem_alloc(sizeof(*http));
	CURL *curl = curl_easy_init();

	if (!curl)
		keeper_panic("no curl");
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &http->head);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &http->body);
	http->curl = curl;
	http->arena = arena_new(1 << 20);
	buf_init(&http->head, NULL, BUF_NO_MAX);
	buf_init(&http->body, NULL, BUF_NO_MAX);
	return http;
}

void http_free(struct http *http)
{
	curl_easy_cleanup(http->curl);
	arena_free(http->arena);
	buf_release(&http->head);
	buf_release(&http->body);
	free(http);
}

static void read_json(struct http *http)
{
	const char *type = http_header(http, "Content-Type"), *error;

	http->json = NULL;
	if (!type || !strstr(type, "json") || http_header(http, "Content-Encoding") ||
	    !http->body.len)
		return;
	if (jsonin_parse(http->arena, buf_str(&http->body), 64, &http->json, &error) != RC_OK)
		keeper_panic("answer is not JSON: %s", error);
}

bool http_try(struct http *http, const struct http_ask *ask)
{
	const char *method = ask->method ? ask->method : "GET";
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	char url[32768];
	long status = 0;
	CURLcode code;

	arena_reset(http->arena);
	buf_clear(&http->head);
	buf_clear(&http->body);
	http->json = NULL;
	if (snprintf(url, sizeof(url), "http://localhost%s", ask->path) >= (int)sizeof(url))
		keeper_panic("a path is too long");
	for (int i = 0; i < HTTP_HEADERS && ask->headers[i]; i++)
		headers = curl_slist_append(headers, ask->headers[i]);
	curl_easy_setopt(http->curl, CURLOPT_URL, url);
	curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	if (ask->body.ptr) {
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, ask->body.ptr);
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE, (long)ask->body.len);
	}
	curl_easy_setopt(http->curl, CURLOPT_NOBODY, (long)(strcmp(method, "HEAD") == 0));
	curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(http->curl);
	curl_slist_free_all(headers);
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	http->status = code == CURLE_OK ? (int)status : 0;
	*buf_room(&http->body, 1) = '\0';
	if (code == CURLE_OK)
		read_json(http);
	return code == CURLE_OK;
}

int http_ask(struct http *http, const struct http_ask *ask)
{
	ck_assert_msg(http_try(http, ask), "no answer to %s", ask->path);
	return http->status;
}

int http_get(struct http *http, const char *path)
{
	return http_ask(http, &(struct http_ask){ .path = path });
}

int http_getf(struct http *http, const char *fmt, ...)
{
	char path[16384];
	va_list args;

	va_start(args, fmt);
	ck_assert_int_lt(vsnprintf(path, sizeof(path), fmt, args), sizeof(path));
	va_end(args);
	return http_get(http, path);
}

/* The value of the n-th header of that name; STR_NONE when there are fewer. */
static struct str header_value(struct http *http, const char *name, int n)
{
	struct str rest = buf_str(&http->head), wanted = str_of(name);

	while (rest.len) {
		struct str value = str_cut(&rest, '\n'), key = str_cut(&value, ':');
		if (str_eq_nocase(str_trim(key), wanted) && n-- == 0) {
			if (value.len && value.ptr[value.len - 1] == '\r')
				value.len--;
			return str_trim(value);
		}
	}
	return STR_NONE;
}

const char *http_header(struct http *http, const char *name)
{
	struct str value = header_value(http, name, 0);

	return value.ptr ? arena_strz(http->arena, value) : NULL;
}

int http_header_count(struct http *http, const char *name)
{
	int n = 0;

	while (header_value(http, name, n).ptr)
		n++;
	return n;
}

struct json_object *http_at(struct http *http, const char *path)
{
	struct str rest = str_of(path);
	struct json_object *node = http->json;

	while (node && rest.len) {
		struct str part = str_cut(&rest, '.');
		uint64_t i;
		if (jsonin_type(node) == JSONIN_ARRAY && str_u64(part, SIZE_MAX, &i))
			node = i < jsonin_count(node) ? jsonin_at(node, i) : NULL;
		else
			node = jsonin_get(node, arena_strz(http->arena, part));
	}
	return node;
}

const char *http_text(struct http *http, const char *path)
{
	struct str text = jsonin_str(http_at(http, path));

	return text.ptr ? arena_strz(http->arena, text) : NULL;
}

int64_t http_num(struct http *http, const char *path)
{
	int64_t n = 0;

	ck_assert_msg(jsonin_i64(http_at(http, path), &n), "%s is not a number in %.*s", path,
		      (int)http->body.len, http->body.ptr);
	return n;
}

size_t http_count(struct http *http, const char *path)
{
	struct json_object *node = http_at(http, path);

	ck_assert_msg(jsonin_type(node) == JSONIN_ARRAY, "%s is not an array in %.*s", path,
		      (int)http->body.len, http->body.ptr);
	return jsonin_count(node);
}

bool http_null(struct http *http, const char *path)
{
	const char *dot = strrchr(path, '.');
	struct str parent = { path, dot ? (size_t)(dot - path) : 0 };
	struct json_object *node = http_at(http, arena_strz(http->arena, parent));

	path = dot ? dot + 1 : path;
	return jsonin_has(node, path) && !jsonin_get(node, path);
}

void http_problem_at(struct http *http, int status, const char *code, int line)
{
	const char *type = http_header(http, "Content-Type");
	const char *have = http_text(http, "code");

	if (http->status != status || !have || strcmp(have, code) != 0)
		ck_abort_msg("line %d: wanted %d %s, got %d: %.*s", line, status, code,
			     http->status, (int)http->body.len, http->body.ptr);
	ck_assert_str_eq(type, "application/problem+json");
	ck_assert_int_eq(http_num(http, "status"), status);
	ck_assert_ptr_nonnull(http_text(http, "type"));
	ck_assert_ptr_nonnull(http_text(http, "detail"));
	ck_assert_ptr_nonnull(http_text(http, "title"));
	ck_assert_str_eq(http_text(http, "error"), http_text(http, "title"));
	ck_assert_str_eq(http_text(http, "requestId"), http_header(http, "X-Request-Id"));
}
