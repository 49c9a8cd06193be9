#include "model/pattern.h"

#include <string.h>
#include "base/arena.h"
#include "base/glob.h"
#include "base/hex.h"
#include "base/scope.h"
#include "cache/redis_key.h"
#include "cache/tag.h"

#define ADDRESS_LEN (ADDRESS_TEXT - 1)

/* --- what cannot be a glob of ours -------------------------------------------------------- */

static bool has(struct str text, const char *word)
{
	return text.len && memmem(text.ptr, text.len, word, strlen(word));
}

/* No key has any of these, and people who write them do not mean themselves. */
static bool is_regex(struct str text)
{
	static const char *const words[] = { ".*", ".+", "\\d", "\\w", "\\s", "(", ")", "|" };

	if (text.len && (strchr("^/", text.ptr[0]) || text.ptr[text.len - 1] == '$'))
		return true;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (has(text, words[i]))
			return true;
	return false;
}

/* --- one address, one user ---------------------------------------------------------------- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_address(struct str text)
{
	size_t n = 2;

	if (text.len < ADDRESS_LEN || text.ptr[0] != '0' || text.ptr[1] != 'x')
		return false;
	while (n < ADDRESS_LEN && is_hex(text.ptr[n]))
		n++;
	return n == ADDRESS_LEN && (n == text.len || !is_hex(text.ptr[n]));
}

/* Where the next whole address begins; NULL: nowhere.  What stands in a class is none. */
static const char *find_address(struct str glob)
{
	size_t n;

	while (glob.len && (n = glob_element(glob)) > 0) {
		if (is_address(glob))
			return glob.ptr;
		glob = str_from(glob, n);
	}
	return NULL;
}

/* Which tags speak for the keys of an address, by what stands before it. */
static const struct {
	const char *head;
	const char *tags; /* a letter each; all of them speak for any other head */
} families[] = {
	{ "collections:{", "cb" },
	{ "nfts:{", "b" },
	{ "ownership:{", "b" },
	{ "wallets:{", "o" },
};

static const char *tags_of_head(struct str head)
{
	for (size_t i = 0; i < COUNT_OF(families); i++)
		if (str_eqz(head, families[i].head))
			return families[i].tags;
	return "cbo";
}

static bool add_address(struct arena *arena, struct str rest, struct pattern *p)
{
	const char *at = find_address(rest);
	struct address a;

	if (!at)
		return false;
	struct str found = { at, ADDRESS_LEN };
	struct str after = str_from(rest, (size_t)(at - rest.ptr) + ADDRESS_LEN);
	if (find_address(after) || address_read(found, &a) != RC_OK)
		return false;
	char text[ADDRESS_TEXT];
	address_write(&a, text);
	const char *tags = tags_of_head((struct str){ rest.ptr, (size_t)(at - rest.ptr) });
	for (p->tags = 0; tags[p->tags]; p->tags++)
		p->tag[p->tags] = arena_printf(arena, "%c:%s", tags[p->tags], text);
	return true;
}

/* Keys have their addresses in lower case. */
static struct str lower(struct arena *arena, struct str key)
{
	const char *at = find_address(key);
	char *copy = (char *)(uintptr_t)arena_dup(arena, key).ptr;

	for (size_t i = 2; at && i < ADDRESS_LEN; i++)
		copy[at - key.ptr + (ptrdiff_t)i] = (char)(at[i] | 0x20);
	return (struct str){ copy, key.len };
}

/* "users:{12}:*" */
static bool add_user(struct arena *arena, struct str rest, struct pattern *p)
{
	uint64_t fid;

	if (!str_starts(rest, STR("users:{")))
		return false;
	rest = str_from(rest, sizeof("users:{") - 1);
	struct str digits = str_cut(&rest, '}');
	if (!rest.ptr || !str_u64(digits, INT64_MAX, &fid))
		return false;
	p->tag[p->tags++] = arena_printf(arena, "u:%llu", (unsigned long long)fid);
	return true;
}

/* --- all of it ---------------------------------------------------------------------------- */

static const char *fault(struct str prefix, struct str text, const char **ret_code)
{
	struct str rest = str_from(text, prefix.len + 1);
	const char *why = glob_fault(rest);

	*ret_code = "invalid_pattern";
	if (is_regex(text))
		return "looks like a regular expression, which could take for ever: write a "
		       "glob (*, ?, [a-z])";
	if (!str_starts(text, prefix) || text.len <= prefix.len + 1 ||
	    text.ptr[prefix.len] != ':') {
		*ret_code = "pattern_outside_prefix";
		return "does not begin with this service's own prefix and a colon";
	}
	if (why)
		return why;
	if (!redis_key_may_be_copy(rest))
		return "names no copies: they begin with collections:, nfts:, ownership:, "
		       "users: or wallets:";
	return NULL;
}

enum rc pattern_read(struct arena *arena, struct str prefix, struct str text,
		     struct pattern *ret, const char **ret_code, const char **ret_why)
{
	struct pattern p = { .kind = PATTERN_GLOB };
	const char *why = fault(prefix, text, ret_code);

	if (why) {
		*ret_why = why;
		return RC_INVALID;
	}
	p.rest = str_from(text, prefix.len + 1);
	if (str_eqz(p.rest, "*")) {
		p.kind = PATTERN_ALL;
	} else if (glob_literal(p.rest) == p.rest.len) {
		p.kind = PATTERN_KEY;
		p.rest = lower(arena, p.rest);
		p.tag[0] = (struct str){ arena_alloc(arena, TAG_KEY_TEXT), TAG_KEY_TEXT - 1 };
		tag_write_key(p.rest, (char *)(uintptr_t)p.tag[0].ptr);
		p.tags = 1;
	} else if (add_address(arena, p.rest, &p) || add_user(arena, p.rest, &p)) {
		p.kind = PATTERN_TAGS;
	}
	*ret = p;
	return RC_OK;
}
