#include "base/base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_write(const void *bytes, size_t len, char *ret)
{
	const uint8_t *p = bytes;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			ret[n++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		ret[n++] = alphabet[bits << (6 - have) & 63];
	ret[n] = '\0';
	return n;
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

enum rc base64url_read(struct str text, uint8_t *ret, size_t cap, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	if (text.len % 4 == 1 || text.len / 4 * 3 + text.len % 4 * 3 / 4 > cap)
		return RC_INVALID;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);

		if (digit < 0)
			return RC_INVALID;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret[n++] = (uint8_t)(bits >> have);
		}
	}
	if (bits & ((1u << have) - 1)) /* two texts must not mean the same bytes */
		return RC_INVALID;
	*ret_len = n;
	return RC_OK;
}
