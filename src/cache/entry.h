/*
 * A copy of an answer as bytes, the same in memory, in Redis and in the database tier:
 *
 *	struct entry_head, tags × struct entry_tag, key, body
 *
 * The writer's checksum covers all of it.  Decoding trusts nothing: every length is checked; a
 * wrong magic, version, key or checksum is a miss.
 */
#ifndef CACHE_ENTRY_H
#define CACHE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/answer.h"
#include "base/str.h"
#include "cache/tag.h"

#define ENTRY_MAX     ((size_t)1 << 20) /* larger answers are not kept */
#define ENTRY_KEY_MAX 512

struct entry_tag {
	uint64_t hash;
	uint64_t gen;
	uint32_t slot;    /* of the mapping it was filled on; memory only */
	uint32_t certain; /* gen is from before the read */
};

struct entry_head {
	uint64_t checksum; /* of all that follows */
	uint32_t magic;
	uint16_t version;
	uint8_t rc, tier, type, gzip;
	uint16_t tags;
	uint32_t key_len, body_len, raw_len; /* raw: of the body when it is not compressed */
	uint32_t primary; /* read from the primary: V2 may hold; memory only */
	uint64_t label, epoch, era;
	int64_t made_us;    /* wall clock, for Age */
	int64_t expires_ns; /* CLOCK_BOOTTIME; memory only */
	int64_t read_ns; /* CLOCK_BOOTTIME, before it was read from the primary; memory only */
	int64_t modified_us;
	char etag[32];
};

/* A decoded copy; slices point into the bytes. */
struct entry {
	struct entry_head head;
	const struct entry_tag *tag;
	struct str key, body;
	bool read; /* of a copy in memory: it was asked for since it was put there */
};

size_t entry_size(const struct entry *e);
/* Writes entry_size bytes. */
void entry_encode(const struct entry *e, void *ret);
/* bytes must be 8-byte aligned.  key absent: any. */
bool entry_decode(struct str bytes, struct str key, struct entry *ret);
/* The answer in it: its body is the entry's, compressed or not. */
void entry_answer(const struct entry *e, struct answer *ret);
/* An entry of an answer, without key, tags, label, epoch and times. */
void entry_of(const struct answer *answer, struct entry *ret);

#endif
