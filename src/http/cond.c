#include "http/cond.h"

/* The opaque part with its quotes: weakness does not matter to If-None-Match. */
static struct str opaque(struct str tag)
{
	return str_starts(tag, STR("W/")) ? str_from(tag, 2) : tag;
}

/* One entity tag off the front of the list; STR_NONE at its end or where it stops being a list.
 */
static struct str next_tag(struct str *list)
{
	size_t i = 0, start;

	while (i < list->len &&
	       (list->ptr[i] == ' ' || list->ptr[i] == '\t' || list->ptr[i] == ','))
		i++;
	start = i;
	if (list->len - i >= 2 && list->ptr[i] == 'W' && list->ptr[i + 1] == '/')
		i += 2;
	if (i >= list->len || list->ptr[i] != '"')
		return STR_NONE;
	for (i++; i < list->len && list->ptr[i] != '"'; i++)
		;
	if (i >= list->len)
		return STR_NONE;
	struct str tag = { list->ptr + start, i + 1 - start };

	*list = str_from(*list, i + 1);
	return tag;
}

bool cond_none_match(struct str header, struct str etag)
{
	struct str tag;

	if (str_eq(str_trim(header), STR("*")))
		return true;
	while ((tag = next_tag(&header)).ptr)
		if (str_eq(opaque(tag), opaque(etag)))
			return true;
	return false;
}
