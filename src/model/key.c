#include "model/key.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "net/pg.h"

#define KEY_BYTES 32
#define PREFIX    STR("sm_")

void key_digest_of(struct str key, uint8_t ret[SHA256_BYTES])
{
	hash_sha256(key, ret);
}

bool key_looks_right(struct str text)
{
	uint8_t bytes[KEY_BYTES];
	size_t len;

	return text.len == KEY_TEXT - 1 && str_starts(text, PREFIX) &&
	       base64url_read(str_from(text, PREFIX.len), bytes, sizeof(bytes), &len) ==
		       RC_OK &&
	       len == KEY_BYTES;
}

static bool name_is_good(struct str name)
{
	if (name.len == 0 || !utf8_valid(name) || utf8_count(name) > KEY_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7f)
			return false;
	return true;
}

static void key_make(char ret[KEY_TEXT])
{
	uint8_t bytes[KEY_BYTES];

	hash_random(bytes, sizeof(bytes));
	memcpy(ret, PREFIX.ptr, PREFIX.len);
	base64url_write(bytes, sizeof(bytes), ret + PREFIX.len);
}

enum rc key_create(struct pg *pg, const char *actor, const char *name, enum role role,
		   char ret_key[KEY_TEXT])
{
	char key[KEY_TEXT], hint[KEY_HINT] = "";
	uint8_t digest[SHA256_BYTES];

	if (!name_is_good(str_of(name)))
		return RC_INVALID;
	key_make(key);
	memcpy(hint, key, KEY_HINT - 1);
	key_digest_of(str_of(key), digest);

	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_key_create,
		       PG_ARGS(pg_text(name), pg_text(role_name(role)),
			       pg_bytes((struct str){ (char *)digest, sizeof(digest) }),
			       pg_text(hint), pg_text(actor)));
	if (row.rc == RC_OK)
		memcpy(ret_key, key, sizeof(key));
	return row.rc;
}

enum rc key_find(struct pg *pg, struct arena *arena, struct str key, struct key_who *ret)
{
	uint8_t digest[SHA256_BYTES];
	enum role role;

	if (!key_looks_right(key))
		return RC_NOT_FOUND;
	key_digest_of(key, digest);

	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_key_find,
		       PG_ARGS(pg_bytes((struct str){ (char *)digest, sizeof(digest) })));
	if (row.rc != RC_OK)
		return row.rc;
	if (row.count == 0 || !role_read(pg_str(&row, 0, 1), &role))
		return RC_NOT_FOUND;
	*ret = (struct key_who){ pg_i64(&row, 0, 0), role,
				 arena_dup(arena, pg_str(&row, 0, 2)) };
	return RC_OK;
}

static struct key_row row_read(struct arena *arena, const struct pg_result *rows, int i)
{
	struct key_row key = {
		.id = pg_i64(rows, i, 0),
		.name = arena_dup(arena, pg_str(rows, i, 1)),
		.hint = arena_dup(arena, pg_str(rows, i, 3)),
		.created_us = pg_i64(rows, i, 4),
		.revoked_us = pg_i64(rows, i, 5),
	};

	role_read(pg_str(rows, i, 2), &key.role);
	return key;
}

enum rc key_list(struct pg *pg, struct arena *arena, struct key_row **ret, int *ret_count)
{
	SCOPED(pg_result_done) struct pg_result rows = pg_run(pg, STMT_key_list, PG_NO_ARGS);

	if (rows.rc != RC_OK)
		return rows.rc;

	struct key_row *keys = arena_alloc(arena, sizeof(*keys) * (size_t)rows.count);
	for (int i = 0; i < rows.count; i++)
		keys[i] = row_read(arena, &rows, i);
	*ret = keys;
	*ret_count = rows.count;
	return RC_OK;
}

enum rc key_revoke(struct pg *pg, const char *actor, const char *name)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(pg, STMT_key_revoke, PG_ARGS(pg_text(name), pg_text(actor)));

	if (row.rc == RC_OK && row.count == 0)
		return RC_NOT_FOUND;
	return row.rc;
}
