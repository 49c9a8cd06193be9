#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static bool is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The first two bytes tell overlong forms, surrogates and too large values (RFC 3629, 4). */
static bool second_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_tail(second);
	}
}

size_t utf8_char(const char *at, size_t left)
{
	const uint8_t *p = (const uint8_t *)at;
	size_t len;

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < len || !second_fits(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (!is_tail(p[i]))
			return 0;
	}
	return len;
}

static size_t ascii_run(struct str s, size_t i)
{
	uint64_t word;

	for (; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.ptr + i, sizeof(word));
		if (word & EACH(0x80))
			break;
	}
	return i;
}

bool utf8_valid(struct str s)
{
	size_t i = 0;

	while ((i = ascii_run(s, i)) < s.len) {
		size_t len = utf8_char(s.ptr + i, s.len - i);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

/* Eight at once: a byte below the space borrows, one above '~' gets its high bit; neither
 * reaches another byte before one of them is seen. */
bool utf8_plain(struct str s)
{
	uint64_t word, odd = 0;
	size_t i = 0;

	for (; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.ptr + i, sizeof(word));
		odd |= (word - EACH(' ')) | (word + EACH(1)) | word;
	}
	for (; i < s.len; i++)
		odd |= (unsigned char)(s.ptr[i] - ' ') > '~' - ' ' ? EACH(0x80) : 0;
	return (odd & EACH(0x80)) == 0;
}

size_t utf8_count(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += !is_tail((uint8_t)s.ptr[i]);
	return n;
}
