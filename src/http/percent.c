#include "base/arena.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "http/query.h"

static bool is_plain_text(struct str s)
{
	if (utf8_plain(s)) /* as most of it is */
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
			uint8_t high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : HEX_BAD;
			uint8_t low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : HEX_BAD;

			if (high == HEX_BAD || low == HEX_BAD)
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
