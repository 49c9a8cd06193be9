#include "model/key.h"

#include "base/arena.h"
#include "base/base64.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "cache/write.h"
#include "model/env.h"
#include "net/pg.h"

#define KEY_BYTES       32
#define PREFIX          STR("sm_")
#define KEY_DEADLINE_MS 5000

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

struct job {
	const char *name, *user;
	enum role role;
	char hint[KEY_HINT];
	uint8_t digest[SHA256_BYTES];
};

static enum rc write_now(struct env *env, struct job *job, const char *what,
			 enum rc (*body)(struct pg *, void *, struct buf *))
{
	struct cache_write write = {
		.body = body, .ctx = job, .once = what, .deadline_ms = KEY_DEADLINE_MS
	};
	bool unknown = false;
	enum rc rc = cache_write(env->cache, env->arena, env->pg, &write, &unknown);

	if (unknown)
		return RC_TIMEOUT;
	return rc == RC_TIMEOUT ? RC_UNAVAILABLE : rc;
}

static enum rc create(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	const struct job *job = ctx;

	(void)ret_earlier;
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_write_key_create,
				      PG_ARGS(pg_text(job->name), pg_text(role_name(job->role)),
					      pg_bytes((struct str){ (const char *)job->digest,
								     sizeof(job->digest) }),
					      pg_text(job->hint), pg_text(job->user)));
	return row.rc;
}

enum rc key_create(struct env *env, const char *name, enum role role, char ret_key[KEY_TEXT])
{
	struct job job = { .name = name, .user = env->user, .role = role };
	char key[KEY_TEXT];

	if (!name_is_good(str_of(name)))
		return RC_INVALID;
	key_make(key);
	memcpy(job.hint, key, KEY_HINT - 1);
	key_digest_of(str_of(key), job.digest);
	enum rc rc = write_now(env, &job, "key create", create);
	if (rc == RC_OK)
		memcpy(ret_key, key, sizeof(key));
	return rc;
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

static enum rc revoke(struct pg *pg, void *ctx, struct buf *ret_earlier)
{
	const struct job *job = ctx;

	(void)ret_earlier;
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_write_key_revoke,
				      PG_ARGS(pg_text(job->name), pg_text(job->user)));
	return row.rc == RC_OK && row.count == 0 ? RC_NOT_FOUND : row.rc;
}

enum rc key_revoke(struct env *env, const char *name)
{
	struct job job = { .name = name, .user = env->user };

	return write_now(env, &job, "key revoke", revoke);
}
