/*
 * Replies of Redis.  Rooms: base net.  The first byte says how many bytes come at a time, the
 * rest is what came: it is read, walked, and never makes more than its limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include "base/arena.h"
#include "net/redis_reply.h"

#define REPLIES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* Every byte is there, and every bulk where an entry may lie. */
static size_t walk(const struct redis_reply *reply, size_t *items)
{
	size_t sum = 0;

	for (size_t i = 0; i < reply->text.len; i++)
		sum += (unsigned char)reply->text.ptr[i];
	if (reply->kind == REDIS_BULK)
		require((uintptr_t)reply->text.ptr % 16 == 0);
	if (reply->kind == REDIS_ERROR)
		sum += (size_t)redis_class_of(reply->text);
	*items += reply->items;
	for (size_t i = 0; i < reply->items; i++)
		sum += walk(&reply->item[i], items);
	return sum;
}

static enum rc take(struct redis_reader *reader, size_t *items)
{
	struct redis_reply reply;
	enum rc rc;

	for (int n = 0; n < REPLIES && (rc = redis_reader_next(reader, &reply)) == RC_OK; n++)
		walk(&reply, items);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct arena *arena = arena_new(16384);
	struct redis_reader *reader = redis_reader_new();
	size_t piece = (size_t)data[0] + 1, items = 0;
	enum rc rc = RC_NOT_FOUND;

	require(redis_reader_begin(reader, arena));
	for (size_t at = 1; at < size && rc == RC_NOT_FOUND; at += piece) {
		size_t left = size - at;

		rc = redis_reader_feed(reader, data + at, left < piece ? left : piece);
		if (rc == RC_OK)
			rc = take(reader, &items);
	}
	require(items <= REDIS_ITEMS_MAX && arena_used(arena) < 4 * REDIS_BYTES_MAX);
	redis_reader_free(reader);
	arena_free(arena);
	return 0;
}
