/*
 * The grammar of RFC 8259, to the letter.  json-c is kinder than that: it takes NaN, Infinity,
 * "1." and raw control characters, cuts member names at U+0000, and turns integers beyond 64
 * bits into the nearest 64-bit one without a word (seen with 0.16).  So texts are checked here
 * first.
 */
#ifndef BASE_JSONIN_CHECK_H
#define BASE_JSONIN_CHECK_H

#include <stdbool.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;

/* Behind each integer that json-c would not keep exactly: it keeps the text of fractions. */
#define JSONIN_MARK "e-00"

/* *ret is the text for json-c, terminated, in the arena; *ret_marked: it has marks. */
enum rc jsonin_check(struct arena *arena, struct str text, int max_depth, struct str *ret,
		     bool *ret_marked, const char **ret_error);

#endif
