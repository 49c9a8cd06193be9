/* UTF-8 as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* Bytes of the character at the start of left bytes: 1 … 4, or 0 when malformed or cut. */
size_t utf8_char(const char *at, size_t left);
bool utf8_valid(struct str s);
/* Nothing but printable ASCII, from space to '~'. */
bool utf8_plain(struct str s);
size_t utf8_count(struct str s); /* code points of valid text */

#endif
