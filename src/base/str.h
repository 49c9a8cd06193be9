/*
 * A slice of bytes that somebody else owns.  Not terminated; may hold any byte.
 * STR("literal") makes one at compile time.  An absent value is { NULL, 0 }.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct str {
	const char *ptr;
	size_t len;
};

#define STR(lit)   ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_NONE   ((struct str){ NULL, 0 })
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static inline bool str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline struct str str_from(struct str s, size_t start)
{
	if (start > s.len)
		start = s.len;
	return (struct str){ s.ptr ? s.ptr + start : NULL, s.len - start };
}

/* Cut s at the first c: the part before it is returned, *s becomes the part after it.  Without
 * a c all of s is returned and *s becomes STR_NONE: loop while (s.ptr). */
struct str str_cut(struct str *s, char c);
/* Without spaces and tabs at both ends. */
struct str str_trim(struct str s);
/* A whole non-negative decimal number of digits only; false when not one or beyond max. */
bool str_u64(struct str s, uint64_t max, uint64_t *ret);

#endif
