/*
 * Token ids and quantities: 0 … 2^256-1 as canonical decimal text (no sign, no leading zeros),
 * which is what both PostgreSQL (NUMERIC(78,0)) and JSON answers speak.
 */
#ifndef BASE_U256_H
#define BASE_U256_H

#include "base/rc.h"
#include "base/str.h"

#define U256_TEXT 79 /* 78 digits + NUL */

struct u256 {
	char dec[U256_TEXT];
};

/* Decimal, or hexadecimal with "0x"; leading zeros are dropped.  RC_INVALID for anything else,
 * and for more than 200 characters. */
enum rc u256_read(struct str text, struct u256 *ret);
int u256_cmp(const struct u256 *a, const struct u256 *b);

static inline struct str u256_str(const struct u256 *n)
{
	return str_of(n->dec);
}

#endif
