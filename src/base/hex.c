#include "base/hex.h"

#define BAD 0xff

static uint8_t digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint8_t)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (uint8_t)(c - 'A' + 10);
	return BAD;
}

bool hex_prefixed(struct str text)
{
	return text.len >= 2 && text.ptr[0] == '0' && (text.ptr[1] | 0x20) == 'x';
}

enum rc hex_read(struct str text, uint8_t *ret, size_t len)
{
	if (!hex_prefixed(text) || text.len % 2 || (text.len - 2) / 2 != len)
		return RC_INVALID;
	for (size_t i = 2; i < text.len; i++) {
		if (digit_of(text.ptr[i]) == BAD)
			return RC_INVALID;
	}
	for (size_t i = 0; i < len; i++) {
		const char *p = text.ptr + 2 + 2 * i;

		ret[i] = (uint8_t)(digit_of(p[0]) << 4 | digit_of(p[1]));
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
