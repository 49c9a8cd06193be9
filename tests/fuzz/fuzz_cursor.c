/*
 * Cursors.  Rooms: base http.  The first byte says what the rest is: 'r' text of a cursor, 'w'
 * fields to write and read back, 's' bytes that get a good check value, so that what lies
 * behind it is reached; the second byte is how many fields are wanted.
 */
#include <stdint.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/base64.h"
#include "base/hash.h"
#include "http/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str secret = { "0123456789abcdef0123456789abcdef", 32 };
static const struct str scope = { "nfts|0xabc", 10 };

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* A cursor that is read is what would be written: one text for one position. */
static void read_text(struct arena *arena, struct str text, size_t n)
{
	struct str fields[CURSOR_FIELDS];

	if (cursor_read(arena, secret, scope, text, fields, n) == RC_OK)
		require(str_eq(cursor_write(arena, secret, scope, fields, n), text));
}

static void sign_and_read(struct arena *arena, struct str bytes, size_t n)
{
	uint8_t digest[SHA256_BYTES];
	uint64_t scope_len = scope.len;
	char *covered = arena_alloc(arena, 8 + scope.len + bytes.len);
	char *all = arena_alloc(arena, bytes.len + 12);
	char *text = arena_alloc(arena, BASE64_SIZE(bytes.len + 12));

	memcpy(covered, &scope_len, 8);
	memcpy(covered + 8, scope.ptr, scope.len);
	memcpy(covered + 8 + scope.len, bytes.ptr, bytes.len);
	hash_hmac_sha256(secret, (struct str){ covered, 8 + scope.len + bytes.len }, digest);
	memcpy(all, bytes.ptr, bytes.len);
	memcpy(all + bytes.len, digest, 12);
	size_t len = base64url_write(all, bytes.len + 12, text);

	read_text(arena, (struct str){ text, len }, n);
}

static void write_and_read(struct arena *arena, struct str bytes, size_t n)
{
	struct str fields[CURSOR_FIELDS] = { STR_NONE }, back[CURSOR_FIELDS];

	for (size_t i = 0; i < n && bytes.len; i++) {
		size_t size = (unsigned char)bytes.ptr[0];

		bytes = str_from(bytes, 1);
		size = size < bytes.len ? size : bytes.len;
		fields[i] = (struct str){ bytes.ptr, size };
		bytes = str_from(bytes, size);
	}
	struct str text = cursor_write(arena, secret, scope, fields, n);

	require(cursor_read(arena, secret, scope, text, back, n) == RC_OK);
	for (size_t i = 0; i < n; i++)
		require(str_eq(fields[i], back[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	struct arena *arena = arena_new(16384);
	struct str rest = { (const char *)data + 2, size - 2 };
	size_t n = data[1] % (CURSOR_FIELDS + 1);

	if (data[0] == 'r')
		read_text(arena, rest, n);
	else if (data[0] == 'w')
		write_and_read(arena, rest, n);
	else
		sign_and_read(arena, rest, n);
	arena_free(arena);
	return 0;
}
