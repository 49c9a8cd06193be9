/* Hexadecimal, addresses and hashes. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct address {
	uint8_t byte[20];
};
#define ADDRESS_TEXT 43 /* "0x" + 40 digits + NUL */

#define HEX_BAD 0xff
extern const uint8_t hex_digits[256]; /* one more than the value; 0: none */
/* 0 … 15, of a digit in any case; else HEX_BAD. */
static inline uint8_t hex_digit(char c)
{
	return (uint8_t)(hex_digits[(unsigned char)c] - 1);
}

bool hex_prefixed(struct str text); /* begins with "0x" or "0X" */
/* Exactly len bytes from "0x…" in any case, else RC_INVALID. */
enum rc hex_read(struct str text, uint8_t *ret, size_t len);
/* 2*len lower-case digits and a NUL, without "0x". */
void hex_write(const uint8_t *bytes, size_t len, char *ret);
/* 16 digits, the highest first, and NUL. */
void hex_write_u64(uint64_t n, char ret[17]);

enum rc address_read(struct str text, struct address *ret);
void address_write(const struct address *a, char ret[ADDRESS_TEXT]); /* lower case */
bool address_is_zero(const struct address *a);
static inline bool address_eq(const struct address *a, const struct address *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

#endif
