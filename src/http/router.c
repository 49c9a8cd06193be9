#include <stdint.h>
#include "base/scope.h"
#include "http/router.h"

#define SEGMENTS 16 /* no pattern has more */

/* "/a/b": "a", "b".  Returns how many, SEGMENTS + 1 when there are more. */
static size_t split(struct str path, struct str ret[SEGMENTS])
{
	size_t n = 0;

	while (path.len) {
		struct str rest = str_from(path, 1);
		const char *end = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;

		if (n == SEGMENTS)
			return SEGMENTS + 1;
		ret[n++] = (struct str){ rest.ptr, len };
		path = str_from(rest, len);
	}
	return n;
}

/* The pattern's segment is these bytes; *pattern goes behind it. */
static bool is_segment(const char **pattern, struct str have)
{
	const char *p = *pattern;

	for (size_t i = 0; i < have.len; i++, p++)
		if (*p == '\0' || *p != have.ptr[i])
			return false;
	*pattern = p;
	return *p == '\0' || *p == '/';
}

/*
 * How well a pattern fits: 0 not at all; else one bit a segment from the left, set where the
 * segment is fixed, behind a leading 1, so that the larger number is the closer pattern.  By
 * hand, as each request meets the whole table: most patterns fail at an early byte.
 */
static uint32_t fit(const char *pattern, const struct str *have, size_t n,
		    struct str hole[ROUTE_HOLES])
{
	uint32_t score = 1u << 31;
	size_t holes = 0, i;

	for (i = 0; *pattern && i < n; i++) {
		if (*++pattern == '{') {
			if (have[i].len == 0 || holes == ROUTE_HOLES)
				return 0;
			hole[holes++] = have[i];
			while (*pattern && *pattern != '/')
				pattern++;
		} else if (is_segment(&pattern, have[i])) {
			score |= 1u << (30 - i);
		} else {
			return 0;
		}
	}
	return *pattern || i < n ? 0 : score;
}

static const struct {
	enum method method;
	const char *text;
} allow_order[] = {
	{ METHOD_GET, "GET, HEAD, " }, { METHOD_POST, "POST, " },     { METHOD_PUT, "PUT, " },
	{ METHOD_PATCH, "PATCH, " },   { METHOD_DELETE, "DELETE, " },
};

static void write_allow(unsigned methods, char ret[64])
{
	size_t len = 0;

	for (size_t i = 0; i < COUNT_OF(allow_order); i++) {
		size_t n;

		if (!(methods & (1u << allow_order[i].method)))
			continue;
		n = strlen(allow_order[i].text);
		memcpy(ret + len, allow_order[i].text, n);
		len += n;
	}
	memcpy(ret + len, "OPTIONS", sizeof("OPTIONS"));
}

void route_find(const struct route *routes, size_t n, enum method method, struct str path,
		struct route_match *ret)
{
	enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;
	struct str segment[SEGMENTS];
	size_t segments = split(path, segment);
	uint32_t best = 0;
	unsigned methods = 0;

	*ret = (struct route_match){ 0 };
	if (segments > SEGMENTS)
		return;
	for (size_t i = 0; i < n; i++) {
		struct str hole[ROUTE_HOLES] = { STR_NONE };
		uint32_t score = fit(routes[i].path, segment, segments, hole);

		if (score == 0 || score < best)
			continue;
		if (score > best) {
			best = score;
			methods = 0;
			ret->route = NULL;
			memcpy(ret->hole, hole, sizeof(hole));
		}
		methods |= 1u << routes[i].method;
		if (routes[i].method == wanted)
			ret->route = &routes[i];
	}
	ret->path_known = best != 0;
	if (ret->path_known)
		write_allow(methods, ret->allow);
}
