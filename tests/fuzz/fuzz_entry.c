/*
 * Entries and values of Redis.  Rooms: base net cache.  The first byte says what the rest is:
 * 'r' an entry as it came, 's' one that gets a good magic, lengths and checksum, so that what
 * lies behind them is reached, 'v' the same with a good stamp in front, 'w' parts to write and
 * read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/hash.h"
#include "cache/redis_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* What was decoded lies within the bytes and encodes to them again. */
static void use(struct arena *arena, const struct entry *e, struct str bytes)
{
	struct answer answer;
	char *again = arena_alloc(arena, bytes.len);

	require(entry_size(e) == bytes.len);
	require(e->body.ptr + e->body.len == bytes.ptr + bytes.len);
	entry_encode(e, again);
	require(memcmp(again, bytes.ptr, bytes.len) == 0);
	entry_answer(e, &answer);
	require(strlen(answer.etag) < sizeof(answer.etag) && answer.content_type);
	require(answer.rc == RC_OK || answer.rc == RC_NOT_FOUND);
}

static void read_entry(struct arena *arena, struct str bytes)
{
	struct entry e;

	if (entry_decode(bytes, STR_NONE, &e))
		use(arena, &e, bytes);
	require(!entry_decode(bytes, STR("another key than any of these"), &e) ||
		str_eqz(e.key, "another key than any of these"));
}

/* Makes the outer shell good, as far as the bytes reach. */
static void mend(char *bytes, size_t len)
{
	struct entry empty = { .head = { .rc = RC_OK } };
	struct entry_head head, good;
	size_t tags;

	if (len < sizeof(head))
		return;
	memcpy(&head, bytes, sizeof(head));
	char shell[sizeof(head)] __attribute__((aligned(8)));
	empty.key = empty.body = (struct str){ shell, 0 };
	entry_encode(&empty, shell);
	memcpy(&good, shell, sizeof(good));
	head.magic = good.magic;
	head.version = good.version;
	tags = head.tags * sizeof(struct entry_tag);
	if (tags <= len - sizeof(head)) {
		size_t left = len - sizeof(head) - tags;

		head.key_len = head.key_len % (uint32_t)(left + 1);
		head.body_len = (uint32_t)left - head.key_len;
	}
	memcpy(bytes, &head, sizeof(head));
	head.checksum = hash_fast(bytes + 8, len - 8);
	memcpy(bytes, &head.checksum, sizeof(head.checksum));
}

static void read_value(struct arena *arena, struct str bytes)
{
	char *value = arena_alloc(arena, STAMP + bytes.len), stamp[STAMP + 1];
	struct entry_head head = { 0 };
	struct entry e;

	memcpy(&head, bytes.ptr, bytes.len < sizeof(head) ? bytes.len : sizeof(head));
	travel_stamp(head.epoch, head.label, stamp);
	memcpy(value, stamp, STAMP);
	memcpy(value + STAMP, bytes.ptr, bytes.len);
	struct str whole = { value, STAMP + bytes.len };
	if (travel_read(whole, STR_NONE, &e)) {
		use(arena, &e, str_from(whole, STAMP));
		value[bytes.len % STAMP] ^= 1;
		require(!travel_read(whole, STR_NONE, &e));
	}
}

static void write_and_read(struct arena *arena, struct str bytes)
{
	struct entry_tag tag[8] = { 0 };
	struct entry e = { .head = { .rc = RC_NOT_FOUND, .tier = TIER_COLD } }, back;
	size_t key_len = bytes.len > 2 ? (unsigned char)bytes.ptr[1] % (bytes.len - 2) : 0;

	e.head.tags = (uint16_t)(bytes.len ? (unsigned char)bytes.ptr[0] % 9 : 0);
	e.tag = tag;
	e.key = (struct str){ bytes.ptr, key_len };
	e.body = str_from(bytes, key_len);
	char *to = arena_alloc(arena, entry_size(&e));
	entry_encode(&e, to);
	struct str whole = { to, entry_size(&e) };
	require(entry_decode(whole, e.key, &back));
	require(str_eq(back.body, e.body) && str_eq(back.key, e.key));
	use(arena, &back, whole);
	to[bytes.len % whole.len] ^= 4;
	require(!entry_decode(whole, STR_NONE, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct arena *arena = arena_new(16384);
	char *bytes = arena_alloc(arena, size - 1);

	memcpy(bytes, data + 1, size - 1);
	struct str rest = { bytes, size - 1 };
	if (data[0] == 's' || data[0] == 'v')
		mend(bytes, size - 1);
	if (data[0] == 'v')
		read_value(arena, rest);
	else if (data[0] == 'w')
		write_and_read(arena, rest);
	else
		read_entry(arena, rest);
	arena_free(arena);
	return 0;
}
