/* What the machines say of themselves. */
#include "base/arena.h"
#include "base/scope.h"
#include "model/analytics.h"

static struct str machine_key(const struct analytics *a, struct arena *arena,
			      struct str machine)
{
	return arena_printf(arena, "%s:analytics:{counts}:machine:" STR_FMT, a->options->prefix,
			    STR_ARG(machine));
}

/* When that was, Redis says: machines have clocks of their own.  What is ahead of its clock was
 * written before that was set back, and goes. */
static const struct str announce_text =
	STR("local t = redis.call('TIME')\n"
	    "local now, keep = t[1] * 1000 + math.floor(t[2] / 1000), tonumber(ARGV[3])\n"
	    "redis.call('SET', KEYS[1], ARGV[2], 'PX', keep)\n"
	    "redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - keep)\n"
	    "redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')\n"
	    "redis.call('ZADD', KEYS[2], now, ARGV[1])\n"
	    "redis.call('PEXPIRE', KEYS[2], keep)\n"
	    "return 1\n");

enum rc analytics_announce(const struct analytics *a, struct arena *arena, const char *machine,
			   struct str text)
{
	const struct str words[] = { machine_key(a, arena, str_of(machine)),
				     analytics_key(a, arena, ANALYTICS_KEY_MACHINES, 0),
				     str_of(machine), text,
				     arena_printf(arena, "%d", ANALYTICS_FORGET_S * 1000) };
	struct redis_script script;
	struct redis_reply reply;

	redis_script_init(&script, announce_text);
	const struct redis_command command = {
		.script = &script, .keys = 2, .word = words, .words = COUNT_OF(words)
	};
	enum rc rc = analytics_run(a, arena, &command, 1, &reply);
	return rc == RC_OK && reply.kind != REDIS_INTEGER ? RC_INTERNAL : rc;
}

/* A number that Redis says as a text; -1: none. */
static int64_t number_of(const struct redis_reply *reply)
{
	uint64_t n;

	return reply->kind == REDIS_BULK && str_u64(reply->text, INT64_MAX, &n) ? (int64_t)n
										: -1;
}

/* Of the answer to TIME; -1: it is none. */
static int64_t time_ms(const struct redis_reply *reply)
{
	if (reply->kind != REDIS_ARRAY || reply->items != 2)
		return -1;
	int64_t s = number_of(&reply->item[0]), us = number_of(&reply->item[1]);
	return s < 0 || us < 0 || s > INT64_MAX / 2000 ? -1 : s * 1000 + us / 1000;
}

/* list: machines in the order of their names, for whose texts words has the keys. */
static enum rc read_texts(const struct analytics *a, struct arena *arena,
			  const struct redis_command *command, struct analytics_machine *list,
			  size_t *ret_n)
{
	struct redis_reply texts;
	size_t n = 0;

	*ret_n = 0;
	if (command->words == 1)
		return RC_OK;
	enum rc rc = analytics_run(a, arena, command, 1, &texts);
	if (rc != RC_OK)
		return rc;
	if (texts.kind != REDIS_ARRAY || texts.items != command->words - 1)
		return RC_UNAVAILABLE;
	for (size_t i = 0; i < texts.items; i++) {
		if (texts.item[i].kind != REDIS_BULK)
			continue;
		list[n].age_ms = list[i].age_ms;
		list[n++].text = texts.item[i].text;
	}
	*ret_n = n;
	return RC_OK;
}

/* names: each with the time it was written. */
static enum rc read_machines(const struct analytics *a, struct arena *arena,
			     const struct redis_reply *names, const char *but, int64_t now_ms,
			     struct analytics_machine **ret, size_t *ret_n)
{
	size_t most = names->items / 2 + 1, n = 0;
	struct str *words = arena_alloc(arena, most * sizeof(*words));
	struct redis_command command = { .word = words, .words = 1 };
	struct analytics_machine *list = arena_alloc(arena, most * sizeof(*list));

	words[0] = STR("MGET");
	for (size_t i = 0; i + 1 < names->items; i += 2) {
		const struct redis_reply *name = &names->item[i];
		int64_t at_ms = number_of(&names->item[i + 1]);

		if (name->kind != REDIS_BULK || str_eqz(name->text, but) || at_ms < 0 ||
		    now_ms - at_ms >= ANALYTICS_FORGET_S * INT64_C(1000))
			continue;
		list[n++].age_ms = now_ms > at_ms ? now_ms - at_ms : 0;
		words[command.words++] = machine_key(a, arena, name->text);
	}
	*ret = list;
	return read_texts(a, arena, &command, list, ret_n);
}

#define MACHINES_LAST "98" /* of 0 … */

enum rc analytics_machines(const struct analytics *a, struct arena *arena, const char *but,
			   struct analytics_machine **ret, size_t *ret_n)
{
	const struct str now[] = { STR("TIME") };
	const struct str names[] = { STR("ZREVRANGE"),
				     analytics_key(a, arena, ANALYTICS_KEY_MACHINES, 0),
				     STR("0"), STR(MACHINES_LAST), STR("WITHSCORES") };
	const struct redis_command commands[] = {
		{ .word = names, .words = COUNT_OF(names) },
		{ .word = now, .words = COUNT_OF(now) },
	};
	struct redis_reply replies[COUNT_OF(commands)];
	enum rc rc = analytics_run(a, arena, commands, COUNT_OF(commands), replies);

	if (rc != RC_OK)
		return rc;
	int64_t now_ms = time_ms(&replies[1]);
	if (replies[0].kind != REDIS_ARRAY || now_ms < 0)
		return RC_UNAVAILABLE;
	return read_machines(a, arena, &replies[0], but, now_ms, ret, ret_n);
}
