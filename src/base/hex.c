#include "base/hex.h"

const uint8_t hex_digits[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};

bool hex_prefixed(struct str text)
{
	return text.len >= 2 && text.ptr[0] == '0' && (text.ptr[1] | 0x20) == 'x';
}

enum rc hex_read(struct str text, uint8_t *ret, size_t len)
{
	uint8_t all = 0;

	if (!hex_prefixed(text) || text.len % 2 || (text.len - 2) / 2 != len)
		return RC_INVALID;
	for (size_t i = 2; i < text.len; i++)
		all |= hex_digit(text.ptr[i]);
	if (all > 15)
		return RC_INVALID;
	for (size_t i = 0; i < len; i++) {
		const char *p = text.ptr + 2 + 2 * i;

		ret[i] = (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
	}
	return RC_OK;
}

void hex_write(const uint8_t *bytes, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * len] = '\0';
}

void hex_write_u64(uint64_t n, char ret[17])
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(n >> (56 - 8 * i));
	hex_write(bytes, sizeof(bytes), ret);
}

enum rc address_read(struct str text, struct address *ret)
{
	return hex_read(text, ret->byte, sizeof(ret->byte));
}

void address_write(const struct address *a, char ret[ADDRESS_TEXT])
{
	memcpy(ret, "0x", 2);
	hex_write(a->byte, sizeof(a->byte), ret + 2);
}

bool address_is_zero(const struct address *a)
{
	static const struct address zero;

	return address_eq(a, &zero);
}
