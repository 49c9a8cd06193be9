/* The answers that a performance test reads: they take the way of any other. */
#include "jobs/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/memory.h"
#include "cache/redis_key.h"
#include "cache/redis_tier.h"
#include "cache/worth.h"
#include "model/env.h"
#include "net/pg.h"
#include "net/redis.h"

#define UNLINK_BATCH 500

static void probe_key(const void *args, struct cache_key *ret)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, *(const uint32_t *)args);
	key_add(ret, STR("test:{performance}:"));
	key_add(ret, str_of(number));
}

/* Nothing that anybody writes changes it. */
static void probe_tags(const void *args, struct tag_list *ret)
{
	(void)args;
	(void)ret;
}

static enum rc probe_fill(void *ctx, const void *args, struct answer *ret)
{
	struct env *env = ctx;
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, *(const uint32_t *)args);
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_run(env->pg, STMT_performance_probe, PG_ARGS(pg_text(number)));
	if (row.rc != RC_OK || row.count != 1)
		return row.rc == RC_OK ? RC_INTERNAL : row.rc;
	ret->content_type = "application/json";
	buf_init(&ret->body, env->arena, PROBE_BYTES + 1);
	buf_adds(&ret->body, pg_str(&row, 0, 0));
	return RC_OK;
}

static const struct read_model probe = { .name = "performance_probe",
					 .tier = TIER_HOT,
					 .key = probe_key,
					 .tags = probe_tags,
					 .fill = probe_fill,
					 .id = WORTH_MODELS - 1 };

static bool is_right(const struct answer *answer, uint32_t number)
{
	char head[32];
	int len = snprintf(head, sizeof(head), "{\"probe\":%" PRIu32 ",\"pad\"", number);

	return answer->body.len == PROBE_BYTES &&
	       memcmp(answer->body.ptr, head, (size_t)len) == 0;
}

enum rc probe_read(struct env *env, uint32_t number, enum source *ret)
{
	struct answer answer;
	enum rc rc = cache_through(env->cache, env->arena, &probe, env, &number, &answer);

	if (rc != RC_OK)
		return rc;
	*ret = answer.source;
	return is_right(&answer, number) ? RC_OK : RC_INTERNAL;
}

static struct cache_key key_of(uint32_t number)
{
	struct cache_key key = { .len = 0 };

	probe_key(&number, &key);
	return key;
}

void probe_forget_memory(struct env *env, uint32_t number)
{
	struct cache_key key = key_of(number);
	struct cache_map *map = cache_mapping(env->cache);

	if (map)
		memory_forget(map, (struct str){ key.text, key.len });
}

static enum rc unlink_some(struct env *env, uint32_t first, uint32_t count)
{
	struct str words[1 + UNLINK_BATCH] = { STR("UNLINK") }, prefix;
	struct redis_command command = { .word = words, .words = 1 };
	struct redis_reply reply;

	prefix = redis_tier_prefix(cache_redis(env->cache));
	for (uint32_t i = 0; i < count; i++) {
		struct cache_key key = key_of(first + i);

		words[command.words++] =
			redis_key_copy(env->arena, prefix, (struct str){ key.text, key.len });
	}
	return redis_run(env->redis, env->arena, &command, 1, &reply);
}

enum rc probe_forget(struct env *env, uint32_t first, uint32_t count)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < count; i++)
		probe_forget_memory(env, first + i);
	if (!cache_redis(env->cache))
		return RC_OK;
	for (uint32_t at = 0; at < count; at += UNLINK_BATCH) {
		uint32_t n = count - at < UNLINK_BATCH ? count - at : UNLINK_BATCH;
		enum rc one = unlink_some(env, first + at, n);

		rc = one == RC_OK ? rc : one;
		arena_reset(env->arena);
	}
	return rc;
}
