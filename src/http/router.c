#include <stdint.h>
#include "base/scope.h"
#include "http/router.h"

/* One segment off the front of "/a/b": "a" is returned, "/b" stays. */
static struct str next_segment(struct str *path)
{
	struct str s = str_from(*path, 1);
	const char *end = s.len ? memchr(s.ptr, '/', s.len) : NULL;

	s.len = end ? (size_t)(end - s.ptr) : s.len;
	*path = str_from(*path, s.len + 1);
	return s;
}

/* The path has what stands before the first hole: most patterns fail here, cheaply. */
static bool begins(const char *pattern, struct str path)
{
	for (size_t i = 0; pattern[i] && pattern[i] != '{'; i++)
		if (i == path.len || path.ptr[i] != pattern[i])
			return false;
	return true;
}

/*
 * How well a pattern fits: 0 not at all; else one bit a segment from the left, set where the
 * segment is fixed, behind a leading 1, so that the larger number is the closer pattern.
 */
static uint32_t fit(const char *pattern, struct str path, struct str hole[ROUTE_HOLES])
{
	struct str rest;
	uint32_t score = 1u << 31;
	size_t holes = 0;

	if (!begins(pattern, path))
		return 0;
	rest = str_of(pattern);
	for (uint32_t bit = 1u << 30; rest.len || path.len; bit >>= 1) {
		if (rest.len == 0 || path.len == 0)
			return 0;
		struct str want = next_segment(&rest), have = next_segment(&path);

		if (want.len && want.ptr[0] == '{') {
			if (have.len == 0 || holes == ROUTE_HOLES)
				return 0;
			hole[holes++] = have;
		} else if (str_eq(want, have)) {
			score |= bit;
		} else {
			return 0;
		}
	}
	return score;
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
		size_t n = strlen(allow_order[i].text);

		if (!(methods & (1u << allow_order[i].method)))
			continue;
		memcpy(ret + len, allow_order[i].text, n);
		len += n;
	}
	memcpy(ret + len, "OPTIONS", sizeof("OPTIONS"));
}

void route_find(const struct route *routes, size_t n, enum method method, struct str path,
		struct route_match *ret)
{
	enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;
	uint32_t best = 0;
	unsigned methods = 0;

	*ret = (struct route_match){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct str hole[ROUTE_HOLES] = { STR_NONE };
		uint32_t score = fit(routes[i].path, path, hole);

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
