#include "base/u256.h"

#include <stdint.h>
#include "base/hex.h"

#define INPUT_MAX 200 /* leading zeros included; more is refused unread */
#define HEX_MAX   64
#define BILLION   1000000000u

/* 2^256 - 1 */
static const char largest[] =
	"115792089237316195423570985008687907853269984665640564039457584007913129639935";

static struct str without_zeros(struct str digits)
{
	while (digits.len > 1 && digits.ptr[0] == '0')
		digits = str_from(digits, 1);
	return digits;
}

static enum rc read_decimal(struct str digits, struct u256 *ret)
{
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return RC_INVALID;
	}
	digits = without_zeros(digits);
	if (digits.len >= U256_TEXT)
		return RC_INVALID;
	if (digits.len == U256_TEXT - 1 && memcmp(digits.ptr, largest, digits.len) > 0)
		return RC_INVALID;
	memcpy(ret->dec, digits.ptr, digits.len);
	ret->dec[digits.len] = '\0';
	return RC_OK;
}

/* Divides the number, most significant word first, by 10^9; returns the rest. */
static uint32_t divide(uint32_t words[8])
{
	uint64_t rest = 0;

	for (size_t i = 0; i < 8; i++) {
		rest = rest << 32 | words[i];
		words[i] = (uint32_t)(rest / BILLION);
		rest %= BILLION;
	}
	return (uint32_t)rest;
}

static enum rc read_hex(struct str digits, struct u256 *ret)
{
	char padded[2 + HEX_MAX] = "0x", decimal[9 * 9];
	uint8_t bytes[HEX_MAX / 2];
	uint32_t words[8];

	digits = without_zeros(digits);
	if (digits.len > HEX_MAX)
		return RC_INVALID;
	memset(padded + 2, '0', HEX_MAX - digits.len);
	memcpy(padded + 2 + HEX_MAX - digits.len, digits.ptr, digits.len);
	if (hex_read((struct str){ padded, sizeof(padded) }, bytes, sizeof(bytes)) != RC_OK)
		return RC_INVALID;
	for (size_t i = 0; i < 8; i++)
		words[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 |
			   (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
	for (size_t end = sizeof(decimal); end > 0; end -= 9) {
		uint32_t group = divide(words);

		for (size_t i = 1; i <= 9; i++, group /= 10)
			decimal[end - i] = (char)('0' + group % 10);
	}
	return read_decimal((struct str){ decimal, sizeof(decimal) }, ret);
}

enum rc u256_read(struct str text, struct u256 *ret)
{
	if (text.len > INPUT_MAX)
		return RC_INVALID;
	if (hex_prefixed(text))
		return text.len > 2 ? read_hex(str_from(text, 2), ret) : RC_INVALID;
	return text.len ? read_decimal(text, ret) : RC_INVALID;
}

int u256_cmp(const struct u256 *a, const struct u256 *b)
{
	size_t a_len = strlen(a->dec), b_len = strlen(b->dec);
	int order = a_len == b_len ? memcmp(a->dec, b->dec, a_len) : 0;

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return (order > 0) - (order < 0);
}
