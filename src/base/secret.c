#include "base/secret.h"

#include <stddef.h>
#include "base/buf.h"

static bool is_key_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

/* Bytes of text up to the first key in it; text.len: none. */
static size_t find_key(struct str text)
{
	for (size_t at = 0; text.len - at >= SECRET_KEY_LEN; at++) {
		const char *hit = memmem(text.ptr + at, text.len - at, "sm_", 3);
		size_t n = 0;

		if (!hit)
			break;
		at = (size_t)(hit - text.ptr);
		while (at + n < text.len && n < SECRET_KEY_LEN && is_key_char(hit[n]))
			n++;
		if (n == SECRET_KEY_LEN)
			return at;
	}
	return text.len;
}

bool secret_has_key(struct str text)
{
	return text.len >= SECRET_KEY_LEN && find_key(text) < text.len;
}

struct span {
	size_t at, len;
};

/* "…://user:PASSWORD@…" */
static struct span find_url(struct str text)
{
	struct span none = { text.len, 0 };
	const char *scheme = text.len ? memmem(text.ptr, text.len, "://", 3) : NULL;
	const char *end = text.ptr + text.len, *colon = NULL, *p;

	if (!scheme)
		return none;
	for (p = scheme + 3; p < end && *p != '/' && *p > ' ' && *p != '@'; p++)
		if (*p == ':' && !colon)
			colon = p;
	if (p < end && *p == '@' && colon)
		return (struct span){ (size_t)(colon + 1 - text.ptr), (size_t)(p - colon - 1) };
	struct span next = find_url(str_from(text, (size_t)(scheme + 3 - text.ptr)));
	next.at += (size_t)(scheme + 3 - text.ptr);
	return next;
}

/* "… password=PASSWORD …" */
static struct span find_word(struct str text)
{
	const char *hit = text.len ? memmem(text.ptr, text.len, "password=", 9) : NULL;
	struct span span = { text.len, 0 };

	if (!hit)
		return span;
	span.at = (size_t)(hit - text.ptr) + 9;
	while (span.at + span.len < text.len && text.ptr[span.at + span.len] > ' ')
		span.len++;
	return span;
}

static struct span first(struct str text)
{
	struct span key = { find_key(text), SECRET_KEY_LEN }, url = find_url(text),
		    word = find_word(text);
	struct span least = url.at < word.at ? url : word;

	return key.at < least.at ? key : least;
}

bool secret_any(struct str text)
{
	return first(text).at < text.len;
}

void secret_hide(struct str text, struct buf *out)
{
	while (text.len) {
		struct span span = first(text);

		buf_add(out, text.ptr, span.at);
		if (span.at == text.len)
			return;
		buf_adds(out, STR("[hidden]"));
		text = str_from(text, span.at + span.len);
	}
}
