#include "jobs/import_line.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/jsonin.h"

enum line_fate line_bad(struct line *line, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line->reason = arena_strz(line->arena, str_of(text));
	return LINE_BAD;
}

/* PostgreSQL's text cannot hold U+0000.  Before the u there is an odd number of backslashes. */
static bool has_nul(struct str text)
{
	static const char nul[] = "\\u0000";
	for (struct str rest = text;;) {
		const char *found =
			rest.len ? memmem(rest.ptr, rest.len, nul, sizeof(nul) - 1) : NULL;
		if (!found)
			return false;
		size_t slashes = 1;
		while (found - slashes >= text.ptr && found[-(ptrdiff_t)slashes] == '\\')
			slashes++;
		if (slashes % 2 == 1)
			return true;
		rest = str_from(text, (size_t)(found - text.ptr) + 1);
	}
}

struct json_object *line_object(struct line *line, struct str text)
{
	struct json_object *root = NULL;
	const char *error = NULL;
	if (jsonin_parse(line->arena, text, IMPORT_DEPTH, &root, &error) != RC_OK) {
		line_bad(line, "not JSON: %s", error);
		return NULL;
	}
	if (jsonin_type(root) != JSONIN_OBJECT) {
		line->reason = "not a JSON object";
		return NULL;
	}
	if (has_nul(text)) {
		line->reason = "a string holds U+0000, which the database cannot keep";
		return NULL;
	}
	return root;
}

struct json_object *line_member(const struct json_object *object, const char *const *names)
{
	struct json_object *node = NULL;
	for (; *names && !node; names++)
		node = jsonin_get(object, *names);
	return node;
}

bool line_token_id(const struct json_object *node, struct u256 *ret)
{
	if (jsonin_type(node) == JSONIN_STRING)
		return u256_read(jsonin_str(node), ret) == RC_OK;
	if (jsonin_type(node) != JSONIN_NUMBER)
		return false;
	struct str digits = jsonin_text((struct json_object *)(uintptr_t)node);
	return digits.len <= 78 && u256_read(digits, ret) == RC_OK;
}

void copy_i64(struct buf *out, uint64_t n)
{
	buf_add_u64(out, n);
	buf_addc(out, '\t');
}

/* What COPY's text format gives another meaning to. */
static char escape_of(char c)
{
	switch (c) {
	case '\\':
		return '\\';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

void copy_text(struct buf *out, struct str text)
{
	size_t done = 0;
	if (!text.ptr) {
		copy_null(out);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = escape_of(text.ptr[i]);
		if (!c)
			continue;
		buf_add(out, text.ptr + done, i - done);
		buf_addc(out, '\\');
		buf_addc(out, c);
		done = i + 1;
	}
	buf_add(out, text.ptr + done, text.len - done);
	buf_addc(out, '\t');
}

void copy_bytes(struct buf *out, const uint8_t *bytes, size_t len)
{
	char hex[2 * 32 + 1];
	assert(len <= 32);
	hex_write(bytes, len, hex);
	buf_adds(out, STR("\\\\x"));
	buf_add(out, hex, 2 * len);
	buf_addc(out, '\t');
}

void copy_null(struct buf *out)
{
	buf_adds(out, STR("\\N\t"));
}

void copy_end(struct buf *out)
{
	assert(out->len > 0 && out->ptr[out->len - 1] == '\t');
	out->ptr[out->len - 1] = '\n';
}
