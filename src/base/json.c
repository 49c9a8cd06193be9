#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#define ONES      0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u
#define BYTES(c)  (ONES * (uint64_t)(c))

/* Marks in the high bits of its bytes; exact as to whether any byte is marked, which is all
 * that is asked: a byte below n (n <= 128), or a zero byte. */
static uint64_t below(uint64_t word, uint64_t n)
{
	return (word - BYTES(n)) & ~word & HIGH_BITS;
}

/* Bytes at the start of s that are written as they are. */
static size_t plain_run(const char *s, size_t len)
{
	size_t i = 0;
	uint64_t w;

	for (; len - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, s + i, sizeof(w));
		if ((w & HIGH_BITS) || below(w, 0x20) || below(w ^ BYTES('"'), 1) ||
		    below(w ^ BYTES('\\'), 1))
			break;
	}
	while (i < len && (uint8_t)s[i] >= 0x20 && (uint8_t)s[i] < 0x80 && s[i] != '"' &&
	       s[i] != '\\')
		i++;
	return i;
}

static void escape(struct buf *out, uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
					['\t'] = 't', ['"'] = '"',  ['\\'] = '\\' };
	char text[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	if (c < sizeof(letters) && letters[c]) {
		text[1] = letters[c];
		buf_add(out, text, 2);
	} else {
		buf_add(out, text, sizeof(text));
	}
}

/* One character that is not plain; returns its bytes. */
static size_t special(struct buf *out, const char *s, size_t left)
{
	size_t len;

	if ((uint8_t)s[0] < 0x80) {
		escape(out, (uint8_t)s[0]);
		return 1;
	}
	len = utf8_char(s, left);
	if (len == 0) {
		buf_adds(out, STR("\xef\xbf\xbd"));
		return 1;
	}
	buf_add(out, s, len);
	return len;
}

void json_quote(struct buf *out, struct str text)
{
	size_t i = 0;

	buf_addc(out, '"');
	while (i < text.len) {
		size_t run = plain_run(text.ptr + i, text.len - i);

		buf_add(out, text.ptr + i, run);
		i += run;
		if (i < text.len)
			i += special(out, text.ptr + i, text.len - i);
	}
	buf_addc(out, '"');
}

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
}

/* The comma and the key in front of a value. */
static void lead(struct json *j, const char *key)
{
	assert(j->depth > 0 || (!key && !j->filled[0]));
	if (j->filled[j->depth])
		buf_addc(j->out, ',');
	j->filled[j->depth] = true;
	assert(j->depth == 0 || (j->close[j->depth] == '}') == (key != NULL));
	if (key) {
		json_quote(j->out, str_of(key));
		buf_addc(j->out, ':');
	}
}

static void open_level(struct json *j, const char *key, char open, char close)
{
	lead(j, key);
	assert(j->depth < JSON_DEPTH - 1);
	buf_addc(j->out, open);
	j->depth++;
	j->close[j->depth] = close;
	j->filled[j->depth] = false;
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	buf_addc(j->out, j->close[j->depth--]);
}

void json_str(struct json *j, const char *key, struct str s)
{
	if (!s.ptr) {
		json_null(j, key);
		return;
	}
	lead(j, key);
	json_quote(j->out, s);
}

void json_strz(struct json *j, const char *key, const char *z)
{
	json_str(j, key, str_of(z));
}

void json_int(struct json *j, const char *key, int64_t n)
{
	lead(j, key);
	if (n < 0)
		buf_addc(j->out, '-');
	buf_add_u64(j->out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void json_double(struct json *j, const char *key, double n)
{
	char text[32];
	int len;

	if (!isfinite(n)) {
		json_null(j, key);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(text, sizeof(text), "%.*g", digits, n);
		if (strtod(text, NULL) == n)
			break;
	}
	lead(j, key);
	buf_add(j->out, text, (size_t)len);
}

void json_bool(struct json *j, const char *key, bool b)
{
	lead(j, key);
	buf_adds(j->out, b ? STR("true") : STR("false"));
}

void json_null(struct json *j, const char *key)
{
	lead(j, key);
	buf_adds(j->out, STR("null"));
}

void json_raw(struct json *j, const char *key, struct str text)
{
	if (!text.len) {
		json_null(j, key);
		return;
	}
	lead(j, key);
	buf_adds(j->out, text);
}

void json_time(struct json *j, const char *key, int64_t wall_us)
{
	char text[CLOCK_RFC3339_MAX];
	size_t len = clock_rfc3339(wall_us, text);

	json_str(j, key, (struct str){ text, len });
}
