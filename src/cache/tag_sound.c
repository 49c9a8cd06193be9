/* Is it a tag?  Asked of texts that anybody may have written into the outbox. */
#include "base/glob.h"
#include "base/scope.h"
#include "cache/tag.h"

#define ADDRESS_LEN (ADDRESS_TEXT - 1)
#define REST_MAX    78 /* digits of 2^256 */

static const struct {
	struct str prefix;
	bool address, rest;
} rows[TAG_KINDS] = {
#define TAG(name, prefix, address, rest, help)                                                 \
	{ { prefix, sizeof(prefix) - 1 }, address, rest },
#include "cache/tags.def"
};

static bool take_address(struct str *text)
{
	if (text->len < 1 + ADDRESS_LEN || !str_starts(*text, STR(":0x")))
		return false;
	for (size_t i = 3; i < 1 + ADDRESS_LEN; i++) {
		char c = text->ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	*text = str_from(*text, 1 + ADDRESS_LEN);
	return true;
}

/* A token id or a fid: decimal, without zeros in front. */
static bool take_number(struct str *text)
{
	if (text->len < 2 || text->len > 1 + REST_MAX || text->ptr[0] != ':' ||
	    (text->ptr[1] == '0' && text->len > 2))
		return false;
	for (size_t i = 1; i < text->len; i++)
		if (text->ptr[i] < '0' || text->ptr[i] > '9')
			return false;
	*text = str_from(*text, text->len);
	return true;
}

static bool is_key(struct str text)
{
	if (text.len != TAG_KEY_TEXT - 1 || text.ptr[0] != '@')
		return false;
	for (size_t i = 1; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.ptr[i]))
			return false;
	return true;
}

struct str tag_glob(struct str text)
{
	if (text.len < 2 || text.ptr[0] != '~' || glob_fault(str_from(text, 1)))
		return STR_NONE;
	return str_from(text, 1);
}

bool tag_sound(struct str text)
{
	if (is_key(text) || tag_glob(text).ptr)
		return true;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str left = text;
		if (!str_starts(text, rows[i].prefix))
			continue;
		left = str_from(left, rows[i].prefix.len);
		if ((!rows[i].address || take_address(&left)) &&
		    (!rows[i].rest || take_number(&left)) && left.len == 0)
			return true;
	}
	return false;
}
