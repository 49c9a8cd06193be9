#include "cache/redis_key.h"

#include "base/arena.h"
#include "base/hex.h"
#include "base/glob.h"
#include "base/scope.h"
#include "cache/tag.h"

/* Copies that have one key: what else a tag touches (pages, sorts, filters) has too many. */
static const struct {
	struct str tag;          /* its first field */
	const char *head, *tail; /* around the braces; the tag's third field follows */
} copies[] = {
	{ { "c", 1 }, "collections:", ":metadata" },
	{ { "n", 1 }, "collections:", ":stats" },
	{ { "n", 1 }, "collections:", ":traits" },
	{ { "n", 1 }, "collections:", ":distribution" },
	{ { "r", 1 }, "collections:", ":traits" },
	{ { "h", 1 }, "collections:", ":stats" },
	{ { "h", 1 }, "collections:", ":distribution" },
	{ { "b", 1 }, "collections:", ":stats" },
	{ { "b", 1 }, "collections:", ":traits" },
	{ { "b", 1 }, "collections:", ":distribution" },
	{ { "t", 1 }, "nfts:", ":" },
	{ { "t", 1 }, "ownership:", ":" },
	{ { "u", 1 }, "users:", ":profile" },
	{ { "u", 1 }, "users:", ":contracts" },
};

/* The first fields of the keys of model/reads.def. */
static const struct str families[] = {
#define FAMILY(text)                                                                           \
	{                                                                                      \
		text, sizeof(text) - 1                                                         \
	}
	FAMILY("collections"), FAMILY("nfts"),    FAMILY("ownership"),
	FAMILY("users"),       FAMILY("wallets"),
};

bool redis_key_may_be_copy(struct str rest)
{
	struct str literal = { rest.ptr, glob_literal(rest) };
	bool open = literal.len < rest.len && !memchr(literal.ptr, ':', literal.len);
	struct str first = str_cut(&literal, ':');

	for (size_t i = 0; i < COUNT_OF(families); i++)
		if (open ? str_starts(families[i], first) : str_eq(families[i], first))
			return true;
	return false;
}

struct str redis_key_braces(struct str key)
{
	const char *open = memchr(key.ptr, '{', key.len), *close;

	if (!open)
		return STR_NONE;
	close = memchr(open, '}', key.len - (size_t)(open - key.ptr));
	if (!close || close == open + 1) /* Redis takes the whole key then */
		return STR_NONE;
	return (struct str){ open, (size_t)(close - open) + 1 };
}

/* Parts one after the other: each hit in Redis needs a handful of names. */
static struct str join(struct arena *arena, const struct str *part, size_t n)
{
	size_t len = 0;
	char *name, *at;

	for (size_t i = 0; i < n; i++)
		len += part[i].len;
	name = at = arena_alloc(arena, len);
	for (size_t i = 0; i < n; i++) {
		memcpy(at, part[i].ptr, part[i].len);
		at += part[i].len;
	}
	return (struct str){ name, len };
}

struct str redis_key_copy(struct arena *arena, struct str prefix, struct str key)
{
	const struct str parts[] = { prefix, STR(":"), key };

	return join(arena, parts, COUNT_OF(parts));
}

struct str redis_key_inv(struct arena *arena, struct str prefix, struct str braces,
			 uint64_t tag_hash)
{
	char hex[17];
	const struct str parts[] = { prefix, STR(":inv:"), braces, STR(":"), { hex, 16 } };

	hex_write_u64(tag_hash, hex);
	return join(arena, parts, COUNT_OF(parts));
}

size_t redis_key_of_tag(struct arena *arena, struct str prefix, struct str tag,
			struct str ret[1 + REDIS_COPIES_MAX])
{
	struct str rest = tag, kind = str_cut(&rest, ':');
	struct str owner = rest.ptr ? str_cut(&rest, ':') : kind;
	struct str braces = arena_printf(arena, "{" STR_FMT "}", STR_ARG(owner));
	size_t n = 0;

	ret[n++] = redis_key_inv(arena, prefix, braces, tag_hash(tag));
	for (size_t i = 0; i < COUNT_OF(copies); i++) {
		if (!str_eq(kind, copies[i].tag))
			continue;
		ret[n++] = arena_printf(arena, STR_FMT ":%s" STR_FMT "%s" STR_FMT,
					STR_ARG(prefix), copies[i].head, STR_ARG(braces),
					copies[i].tail, STR_ARG(rest));
	}
	return n;
}
