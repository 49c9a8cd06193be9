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
		const char *hit = memchr(text.ptr + at + 2, '_', text.len - at - 2);
		size_t n = 0;

		if (!hit)
			break;
		at = (size_t)(hit - text.ptr) - 2;
		if (text.ptr[at] != 's' || text.ptr[at + 1] != 'm')
			continue;
		hit = text.ptr + at;
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

/* What follows "://": a password stands between the first colon and the '@' of
 * "user:PASSWORD@". */
static bool has_password(const char *at, const char *end, const char **ret, size_t *ret_len)
{
	const char *colon = NULL;

	for (; at < end && *at != '/' && *at > ' ' && *at != '@'; at++)
		if (*at == ':' && !colon)
			colon = at;
	if (at == end || *at != '@' || !colon)
		return false;
	*ret = colon + 1;
	*ret_len = (size_t)(at - colon) - 1;
	return true;
}

static struct span find_url(struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len, *password;
	size_t len;

	while (at < end && (at = memmem(at, (size_t)(end - at), "://", 3))) {
		at += 3;
		if (has_password(at, end, &password, &len))
			return (struct span){ (size_t)(password - text.ptr), len };
	}
	return (struct span){ text.len, 0 };
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
