#include <assert.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/base64.h"
#include "base/hash.h"
#include "http/cursor.h"

/*
 * Bytes of a cursor: version (1), number of fields (1), each field as length (2, big-endian;
 * 0xffff: absent) and bytes, check value (12).  The check covers the scope's length, the scope,
 * and all before it.
 */
#define CURSOR_VERSION 1
#define CHECK          12
#define ABSENT         0xffff
#define BYTES_MAX      (CURSOR_TEXT_MAX / 4 * 3)

static void check_value(struct arena *arena, struct str secret, struct str scope,
			const uint8_t *bytes, size_t len, uint8_t ret[CHECK])
{
	uint8_t digest[SHA256_BYTES];
	uint64_t scope_len = scope.len;
	size_t total = sizeof(scope_len) + scope.len + len;
	char *all = arena_alloc(arena, total);

	memcpy(all, &scope_len, sizeof(scope_len));
	if (scope.len)
		memcpy(all + sizeof(scope_len), scope.ptr, scope.len);
	memcpy(all + sizeof(scope_len) + scope.len, bytes, len);
	hash_hmac_sha256(secret, (struct str){ all, total }, digest);
	memcpy(ret, digest, CHECK);
}

struct str cursor_write(struct arena *arena, struct str secret, struct str scope,
			const struct str *fields, size_t n)
{
	uint8_t *bytes = arena_alloc(arena, BYTES_MAX);
	size_t len = 0;

	assert(n <= CURSOR_FIELDS);
	bytes[len++] = CURSOR_VERSION;
	bytes[len++] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		size_t mark = fields[i].ptr ? fields[i].len : ABSENT;

		if (fields[i].len + len + 2 + CHECK > BYTES_MAX)
			return STR_NONE;
		bytes[len++] = (uint8_t)(mark >> 8);
		bytes[len++] = (uint8_t)mark;
		if (fields[i].len)
			memcpy(bytes + len, fields[i].ptr, fields[i].len);
		len += fields[i].len;
	}
	check_value(arena, secret, scope, bytes, len, bytes + len);
	char *text = arena_alloc(arena, BASE64_SIZE(len + CHECK));

	return (struct str){ text, base64url_write(bytes, len + CHECK, text) };
}

static bool split(struct arena *arena, const uint8_t *bytes, size_t len, struct str *ret,
		  size_t n)
{
	size_t at = 2;

	for (size_t i = 0; i < n; i++) {
		if (len - at < 2)
			return false;
		size_t size = (size_t)bytes[at] << 8 | bytes[at + 1];

		at += 2;
		ret[i] = STR_NONE;
		if (size == ABSENT)
			continue;
		if (len - at < size)
			return false;
		ret[i] = (struct str){
			arena_strz(arena, (struct str){ (const char *)bytes + at, size }), size
		};
		at += size;
	}
	return at == len;
}

enum rc cursor_read(struct arena *arena, struct str secret, struct str scope, struct str text,
		    struct str *ret_fields, size_t n)
{
	uint8_t *bytes, expected[CHECK];
	struct str fields[CURSOR_FIELDS];
	size_t len;

	assert(n <= CURSOR_FIELDS);
	if (text.len > CURSOR_TEXT_MAX)
		return RC_INVALID;
	bytes = arena_alloc(arena, BYTES_MAX);
	if (base64url_read(text, bytes, BYTES_MAX, &len) != RC_OK || len < 2 + CHECK)
		return RC_INVALID;
	len -= CHECK;
	check_value(arena, secret, scope, bytes, len, expected);
	if (!hash_equal(expected, bytes + len, CHECK))
		return RC_INVALID;
	if (bytes[0] != CURSOR_VERSION || bytes[1] != n || !split(arena, bytes, len, fields, n))
		return RC_INVALID;
	memcpy(ret_fields, fields, n * sizeof(*fields));
	return RC_OK;
}
