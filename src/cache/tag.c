#include "cache/tag.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/failpoint.h"
#include "base/hash.h"
#include "cache/map.h"
#include "cache/mutation.h"

/* Tags are hashed alike on every machine, so the key is no secret; the mapping's own key, which
 * is one, says which slot a hash falls into. */
static const uint8_t common_key[16] = "such-market tags";

static const struct {
	struct str prefix;
	bool address, rest;
} rows[] = {
#define TAG(name, prefix, address, rest, help)                                                 \
	{ { prefix, sizeof(prefix) - 1 }, address, rest },
#include "cache/tags.def"
};

uint64_t tag_hash(struct str text)
{
	return hash_sip(common_key, text.ptr, text.len);
}

static char *put(char *at, struct str s)
{
	memcpy(at, s.ptr, s.len);
	return at + s.len;
}

size_t tag_write(enum tag_kind kind, const struct address *a, struct str rest,
		 char ret[TAG_TEXT_MAX])
{
	char *at = put(ret, rows[kind].prefix);

	assert((a != NULL) == rows[kind].address && (rest.ptr != NULL) == rows[kind].rest);
	if (a) {
		*at++ = ':';
		address_write(a, at);
		at += ADDRESS_TEXT - 1;
	}
	if (rest.ptr) {
		assert(rest.len < TAG_TEXT_MAX / 2);
		*at++ = ':';
		at = put(at, rest);
	}
	return (size_t)(at - ret);
}

void tags_init(struct tag_list *list, const struct cache_map *map)
{
	list->map = map;
	list->n = 0;
	list->overflow = list->reading = false;
	list->writes = map ? map_writes(map) : 0;
}

void tags_reading(struct tag_list *list)
{
	if (list)
		list->reading = true;
}

void tag_write_key(struct str key, char ret[TAG_KEY_TEXT])
{
	snprintf(ret, TAG_KEY_TEXT, "@%016" PRIx64, tag_hash(key));
}

/*
 * The gen of a tag that is found in the data is captured after the read; it is as good as one
 * from before if no write was counted since before the read, looked at after the capture.
 */
static bool is_certain(const struct tag_list *list)
{
	return !list->reading || MUTATED(certain_always) ||
	       map_writes(list->map) == list->writes;
}

static void add(struct tag_list *list, struct str text)
{
	uint64_t hash = tag_hash(text);

	if (list->reading && MUTATED(tag_forgotten))
		return;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->tag[i].hash == hash)
			return;
	if (list->n == TAGS_MAX) {
		list->overflow = true;
		return;
	}
	struct tag_seen *seen = &list->tag[list->n++];
	seen->hash = hash;
	seen->slot = map_slot_of(list->map, hash);
	bool early = MUTATED(counter_first) && is_certain(list);
	if (list->reading)
		FAILPOINT(before_found);
	seen->gen = map_gen(list->map, seen->slot);
	seen->certain = early || (!MUTATED(counter_first) && is_certain(list));
}

void tags_add(struct tag_list *list, enum tag_kind kind, const struct address *a,
	      struct str rest)
{
	char text[TAG_TEXT_MAX];

	if (list && list->map && !list->overflow)
		add(list, (struct str){ text, tag_write(kind, a, rest, text) });
}

void tags_add_key(struct tag_list *list, struct str key)
{
	char text[TAG_KEY_TEXT];

	if (!list || !list->map || list->overflow)
		return;
	tag_write_key(key, text);
	add(list, (struct str){ text, TAG_KEY_TEXT - 1 });
}
