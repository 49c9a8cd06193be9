#include "http/accept.h"

/* How closely a range names the type: exact 3, one of its kind 2, anything 1, another thing 0.
 */
static int closeness(struct str range, struct str type)
{
	struct str rest = type;
	struct str kind = str_cut(&rest, '/');

	if (str_eq_nocase(range, type))
		return 3;
	if (str_eq(range, STR("*/*")) || str_eq(range, STR("*")))
		return 1;
	if (range.len == kind.len + 2 && strncasecmp(range.ptr, kind.ptr, kind.len) == 0 &&
	    memcmp(range.ptr + kind.len, "/*", 2) == 0)
		return 2;
	return 0;
}

/* q=0, q=0.0, q=0.000: not wanted at all. */
static bool is_zero(struct str quality)
{
	size_t i = 1;

	if (quality.len == 0 || quality.ptr[0] != '0')
		return false;
	if (i < quality.len && quality.ptr[i++] != '.')
		return false;
	while (i < quality.len && quality.ptr[i] == '0')
		i++;
	return i == quality.len;
}

static bool refused(struct str parameters)
{
	while (parameters.len) {
		struct str one = str_trim(str_cut(&parameters, ';'));

		if (one.len >= 2 && (one.ptr[0] == 'q' || one.ptr[0] == 'Q') &&
		    one.ptr[1] == '=')
			return is_zero(str_from(one, 2));
	}
	return false;
}

bool accept_allows(struct str header, struct str type)
{
	int best = 0;
	bool allowed = true, named = false;

	type = str_trim(str_cut(&type, ';'));
	while (header.len) {
		struct str range = str_cut(&header, ',');
		struct str media = str_trim(str_cut(&range, ';'));
		int close = closeness(media, type);

		named = named || memchr(media.ptr, '/', media.len);
		if (close > best) {
			best = close;
			allowed = !refused(range);
		}
	}
	return best ? allowed : !named;
}
