/* Forgetting in Redis: after a write by tags, and by pattern for administrators. */
#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_internal.h"
#include "cache/redis_key.h"

#define HOUR_MS     INT64_C(3600000)
#define SWEEP_COUNT "500"

/* KEYS: the mark, copies; ARGV: stamp, milliseconds. */
#define INVALIDATE                                                                             \
	"local old, new = redis.pcall('GET', KEYS[1]), ARGV[1]\n"                              \
	"if type(old) == 'string' and #old == 32\n"                                            \
	"   and string.sub(old, 1, 16) == string.sub(new, 1, 16) and old > new then\n"         \
	"	new = old\n"                                                                         \
	"end\n"                                                                                \
	"redis.call('SET', KEYS[1], new, 'PX', ARGV[2])\n"                                     \
	"if #KEYS > 1 then redis.call('UNLINK', unpack(KEYS, 2)) end\n"                        \
	"return 1\n"

void redis_forget_init(struct redis_tier *tier)
{
	redis_script_init(&tier->invalidate, STR(INVALIDATE));
}

/* --- invalidation ------------------------------------------------------------------------- */

static int64_t mark_ms(const struct redis_tier *tier)
{
	int64_t ms = 0;

	for (int i = 0; i < TIER_COUNT; i++)
		if (tier->options->ttl_ms[i] > ms)
			ms = tier->options->ttl_ms[i];
	return ms + HOUR_MS;
}

static struct str write_event(struct arena *arena, cache_epoch epoch, uint64_t xid,
			      const struct str *tags, size_t n)
{
	struct buf buf;
	struct json j;

	buf_init(&buf, arena, BUF_NO_MAX);
	json_init(&j, &buf);
	json_object(&j, NULL);
	json_str(&j, "epoch", arena_printf(arena, "%016" PRIx64, epoch));
	json_str(&j, "xid", arena_printf(arena, "%" PRIu64, xid));
	json_array(&j, "tags");
	for (size_t i = 0; i < n; i++)
		json_str(&j, NULL, tags[i]);
	json_end(&j);
	json_end(&j);
	return buf_str(&buf);
}

static struct redis_command write_mark(struct redis_tier *tier, struct arena *arena,
				       struct str tag, struct str stamp, struct str ms)
{
	struct str *words = arena_alloc(arena, (3 + REDIS_COPIES_MAX) * sizeof(*words));
	size_t keys = redis_key_of_tag(arena, tier->prefix, tag, words);

	words[keys] = stamp;
	words[keys + 1] = ms;
	return (struct redis_command){
		.script = &tier->invalidate, .keys = keys, .word = words, .words = keys + 2
	};
}

/* A key's own tag has no mark: whoever asks for the copy does not know where it would be. */
static bool has_mark(struct str tag)
{
	return tag_sound(tag) && tag.ptr[0] != '@' && tag.ptr[0] != '~';
}

bool redis_tier_invalidate(struct redis_tier *tier, struct arena *arena, cache_epoch epoch,
			   uint64_t xid, const struct str *tags, size_t n)
{
	struct redis_command *commands;
	struct redis_reply *replies;
	char stamp[STAMP + 1];
	size_t count = 0;

	if (!tier)
		return true;
	if (n > REDIS_TAGS_MAX)
		n = REDIS_TAGS_MAX;
	commands = arena_alloc(arena, (n + 1) * sizeof(*commands));
	replies = arena_alloc(arena, (n + 1) * sizeof(*replies));
	travel_stamp(epoch, xid, stamp);
	struct str ms = redis_number(arena, mark_ms(tier));
	for (size_t i = 0; i < n; i++)
		if (has_mark(tags[i]))
			commands[count++] = write_mark(tier, arena, tags[i],
						       (struct str){ stamp, STAMP }, ms);
	struct str words[] = { STR("PUBLISH"), tier->channel,
			       write_event(arena, epoch, xid, tags, n) };
	commands[count++] = (struct redis_command){ .word = words, .words = COUNT_OF(words) };
	return redis_tier_run(tier, arena, commands, count, replies);
}

bool redis_tier_remove(struct redis_tier *tier, struct arena *arena, const struct str *keys,
		       size_t n, uint64_t *ret_removed)
{
	struct redis_command *commands = arena_alloc(arena, (n + 1) * sizeof(*commands));
	struct redis_reply *replies = arena_alloc(arena, (n + 1) * sizeof(*replies));
	struct str *words = arena_alloc(arena, (2 * n + 1) * sizeof(*words));

	*ret_removed = 0;
	if (!tier || n == 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		words[2 * i] = STR("UNLINK");
		words[2 * i + 1] = redis_key_copy(arena, tier->prefix, keys[i]);
		commands[i] = (struct redis_command){ .word = &words[2 * i], .words = 2 };
	}
	if (!redis_tier_run(tier, arena, commands, n, replies))
		return false;
	for (size_t i = 0; i < n; i++)
		if (replies[i].kind == REDIS_INTEGER && replies[i].integer > 0)
			*ret_removed += 1;
	return true;
}

/* --- sweeping ----------------------------------------------------------------------------- */

/* The prefix means itself. */
static struct str write_pattern(const struct redis_tier *tier, struct arena *arena,
				struct str pattern)
{
	struct buf buf;

	buf_init(&buf, arena, BUF_NO_MAX);
	for (size_t i = 0; i < tier->prefix.len; i++) {
		if (strchr("*?[]\\", tier->prefix.ptr[i]))
			buf_addc(&buf, '\\');
		buf_addc(&buf, tier->prefix.ptr[i]);
	}
	buf_addc(&buf, ':');
	buf_adds(&buf, pattern);
	return buf_str(&buf);
}

/* What others keep under the same prefix is not ours to remove. */
static bool is_copy(const struct redis_tier *tier, struct str key)
{
	return key.len > tier->prefix.len &&
	       redis_key_may_be_copy(str_from(key, tier->prefix.len + 1));
}

/* One command a key: keys of several hash slots would be refused together. */
static bool unlink_all(struct redis_tier *tier, struct arena *arena,
		       const struct redis_reply *keys, uint64_t *ret_removed)
{
	struct redis_command *commands = arena_alloc(arena, keys->items * sizeof(*commands));
	struct redis_reply *replies = arena_alloc(arena, keys->items * sizeof(*replies));
	struct str *words = arena_alloc(arena, 2 * keys->items * sizeof(*words));
	size_t n = 0;

	for (size_t i = 0; i < keys->items; i++) {
		if (keys->item[i].kind != REDIS_BULK || !is_copy(tier, keys->item[i].text))
			continue;
		words[2 * n] = STR("UNLINK");
		words[2 * n + 1] = keys->item[i].text;
		commands[n] = (struct redis_command){ .word = &words[2 * n], .words = 2 };
		n++;
	}
	if (n && !redis_tier_run(tier, arena, commands, n, replies))
		return false;
	for (size_t i = 0; i < n; i++)
		if (replies[i].kind == REDIS_INTEGER && replies[i].integer > 0)
			*ret_removed += 1;
	return true;
}

enum rc redis_tier_sweep(struct redis_tier *tier, struct arena *arena, struct str pattern,
			 struct redis_sweep *sweep)
{
	struct redis_reply reply;

	if (!tier)
		return RC_UNAVAILABLE;
	struct str words[] = { STR("SCAN"),  *sweep->cursor ? str_of(sweep->cursor) : STR("0"),
			       STR("MATCH"), write_pattern(tier, arena, pattern),
			       STR("COUNT"), STR(SWEEP_COUNT) };
	struct redis_command scan = { .word = words, .words = COUNT_OF(words) };
	if (!redis_tier_run(tier, arena, &scan, 1, &reply))
		return RC_UNAVAILABLE;
	if (reply.kind != REDIS_ARRAY || reply.items != 2 || reply.item[0].text.len == 0 ||
	    reply.item[0].text.len >= sizeof(sweep->cursor) ||
	    !unlink_all(tier, arena, &reply.item[1], &sweep->removed))
		return RC_UNAVAILABLE;
	snprintf(sweep->cursor, sizeof(sweep->cursor), STR_FMT, STR_ARG(reply.item[0].text));
	sweep->done = str_eqz(str_of(sweep->cursor), "0");
	return RC_OK;
}
