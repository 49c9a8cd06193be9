/*
 * Tags: what an answer depends on.  A tag is a short text ("h:0x…"); the outbox speaks of
 * texts, the mapping of slots.  A keyed hash puts a text into one of 2^18 slots; collisions
 * only over-invalidate.
 */
#ifndef CACHE_TAG_H
#define CACHE_TAG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hex.h"
#include "base/str.h"

#define TAG_SLOTS    (1u << 18)
#define TAG_TEXT_MAX 216 /* a glob's is the longest */
#define TAG_KEY_TEXT 18  /* "@" and 16 digits, and a NUL */
#define TAGS_MAX     512 /* of one answer; more: it is not kept */

enum tag_kind {
#define TAG(name, prefix, address, rest, help) TAG_##name,
#include "cache/tags.def"
	TAG_KINDS
};

struct cache_map;

/* The tags of one answer, as slots.  gen is what the slot said before the data was read;
 * certain: it was captured before the read (declared), or nothing was written meanwhile. */
struct tag_list {
	const struct cache_map *map;
	uint32_t n;
	bool overflow;   /* more than TAGS_MAX: the answer is not kept */
	bool reading;    /* tags added from now on come from the data */
	uint64_t writes; /* the mapping's write counter when the read began */
	struct tag_seen {
		uint64_t hash; /* of the text: the same on every machine */
		uint64_t gen;
		uint32_t slot;
		bool certain;
	} tag[TAGS_MAX];
};

/* The text is that of a tag, canonical: one of tags.def, of a key, or a glob. */
bool tag_sound(struct str text);
/* "~collections:*": no tag that an answer has, but for whoever walks the copies of a machine.
 * STR_NONE: it is none. */
struct str tag_glob(struct str text);
/* 64 bits for a tag's text, the same everywhere. */
uint64_t tag_hash(struct str text);

/* Starts a list; captures the write counter.  map NULL: adding does nothing. */
void tags_init(struct tag_list *list, const struct cache_map *map);
/* Doubles are dropped.  Every function takes a NULL list: nobody wants to know. */
void tags_add(struct tag_list *list, enum tag_kind kind, const struct address *a,
	      struct str rest);
/* That of the answer's own key, which administrators may name. */
void tags_add_key(struct tag_list *list, struct str key);
/* Declared tags are complete: what comes now is found in the data. */
void tags_reading(struct tag_list *list);

/* "t:0xabc…:17"; a (an address) and rest (a token id, a fid) as the kind wants them.  Returns
 * the length. */
size_t tag_write(enum tag_kind kind, const struct address *a, struct str rest,
		 char ret[TAG_TEXT_MAX]);
/* "@0123456789abcdef" */
void tag_write_key(struct str key, char ret[TAG_KEY_TEXT]);

#endif
