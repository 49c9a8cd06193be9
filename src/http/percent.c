#include "base/arena.h"
#include "base/utf8.h"
#include "http/query.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_plain_text(struct str s)
{
	bool ascii = true;

	for (size_t i = 0; i < s.len; i++)
		ascii &= (unsigned char)(s.ptr[i] - 0x20) < 0x7f - 0x20;
	if (ascii) /* as most of it is */
		return true;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return utf8_valid(s);
}

/* The decoded length, or -1 for a bad escape. */
static ptrdiff_t unescape(struct str s, bool plus_is_space, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
			int low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		to[len++] = c;
	}
	return (ptrdiff_t)len;
}

bool percent_decode(struct arena *arena, struct str s, bool plus_is_space, struct str *ret)
{
	struct str out = s;

	if (s.len &&
	    (memchr(s.ptr, '%', s.len) || (plus_is_space && memchr(s.ptr, '+', s.len)))) {
		char *to = arena_alloc(arena, s.len);
		ptrdiff_t len = unescape(s, plus_is_space, to);

		if (len < 0)
			return false;
		out = (struct str){ to, (size_t)len };
	}
	if (!is_plain_text(out))
		return false;
	*ret = out;
	return true;
}
