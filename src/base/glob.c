#include "base/glob.h"

#include <string.h>

size_t glob_literal(struct str pattern)
{
	size_t n = 0;

	while (n < pattern.len && !strchr("*?[\\", pattern.ptr[n]))
		n++;
	return n;
}

size_t glob_element(struct str p)
{
	size_t n = 1;

	if (p.ptr[0] == '\\')
		return p.len > 1 ? 2 : 0;
	if (p.ptr[0] != '[')
		return 1;
	if (n < p.len && p.ptr[n] == '^')
		n++;
	for (; n < p.len && p.ptr[n] != ']'; n++)
		if (p.ptr[n] == '\\')
			n++;
	return n < p.len ? n + 1 : 0;
}

const char *glob_fault(struct str pattern)
{
	int stars = 0;

	if (pattern.len > GLOB_MAX)
		return "is longer than 200 bytes";
	for (size_t i = 0; i < pattern.len; i++)
		if ((unsigned char)pattern.ptr[i] < 0x20 || pattern.ptr[i] == 0x7f)
			return "has control characters";
	while (pattern.len > 0) {
		size_t n = glob_element(pattern);

		if (n == 0)
			return "ends within brackets or after a \\";
		stars += pattern.ptr[0] == '*';
		pattern = str_from(pattern, n);
	}
	return stars > GLOB_STARS ? "has more than 8 stars" : NULL;
}

static bool in_class(struct str class, char c)
{
	bool not = class.len > 2 && class.ptr[1] == '^', found = false;

	for (size_t i = not ? 2 : 1; i + 1 < class.len; i++) {
		char low = class.ptr[i], high;

		if (low == '\\' && i + 2 < class.len)
			low = class.ptr[++i];
		high = low;
		if (i + 3 < class.len && class.ptr[i + 1] == '-') {
			high = class.ptr[i + 2];
			i += 2;
		}
		found |= (c >= low && c <= high) || (c >= high && c <= low);
	}
	return found != not ;
}

static bool takes(struct str one, char c)
{
	switch (one.ptr[0]) {
	case '?':
		return true;
	case '[':
		return in_class(one, c);
	case '\\':
		return one.ptr[1] == c;
	default:
		return one.ptr[0] == c;
	}
}

/* The last star alone is tried again: what an earlier one took could have been taken by it. */
bool glob_match(struct str pattern, struct str text)
{
	struct str star = STR_NONE, from = STR_NONE;

	for (;;) {
		if (pattern.len > 0 && pattern.ptr[0] == '*') {
			star = pattern = str_from(pattern, 1);
			from = text;
			continue;
		}
		if (text.len == 0)
			return pattern.len == 0;
		size_t n = pattern.len ? glob_element(pattern) : 0;
		if (n && takes((struct str){ pattern.ptr, n }, text.ptr[0])) {
			pattern = str_from(pattern, n);
			text = str_from(text, 1);
			continue;
		}
		if (!star.ptr)
			return false;
		pattern = star;
		text = from = str_from(from, 1);
	}
}
