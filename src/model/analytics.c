#include "model/analytics.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/stages.h"

#define BRACES "{counts}"

const struct conf_key analytics_keys[] = {
	{ "analytics", CONF_BOOL, offsetof(struct analytics_options, on), "on", .reload = true,
	  .help = "whether counters are written to Redis" },
	{ "analytics_redis_url", CONF_URL, offsetof(struct analytics_options, url), "",
	  .reload = true,
	  .help = "Redis of the counters, best one that evicts nothing and keeps an "
		  "append-only file; empty: the cache's" },
	{ "analytics_interval", CONF_MSEC, offsetof(struct analytics_options, interval_ms),
	  "1s", .min = 50, .max = 60000, .reload = true,
	  .help = "how often counters are written to Redis, and alerts looked at" },
	{ "analytics_budget", CONF_MSEC, offsetof(struct analytics_options, budget_ms), "500ms",
	  .min = 10, .max = 10000, .reload = true,
	  .help = "longest a round trip to the Redis of the counters may take" },
	{ 0 }
};

void analytics_settle(struct analytics_options *options, const struct redis_options *cache,
		      const char *prefix)
{
	options->prefix = prefix;
	options->redis = *cache;
	if (*options->url) {
		options->redis.url = options->url;
		options->redis.password = "";
	}
	options->redis.budget_ms = options->budget_ms;
}

/* "2026-11-21T15:04:00.000Z" cut to the minute or the day. */
static struct str time_text(struct arena *arena, int64_t minute, size_t len)
{
	char text[CLOCK_RFC3339_MAX];

	clock_rfc3339(minute * US_PER_MINUTE, text);
	return arena_dup(arena, (struct str){ text, len });
}

#define DAY_TEXT    10
#define MINUTE_TEXT 16

struct str analytics_key(const struct analytics *a, struct arena *arena,
			 enum analytics_key kind, int64_t minute)
{
	const struct str rest[] = {
		[ANALYTICS_KEY_MINUTE] = time_text(arena, minute, MINUTE_TEXT),
		[ANALYTICS_KEY_DAY] = time_text(arena, minute, DAY_TEXT),
		[ANALYTICS_KEY_TOP] = time_text(arena, minute, DAY_TEXT),
		[ANALYTICS_KEY_MACHINES] = STR("machines"),
	};

	return arena_printf(arena, "%s:analytics:" BRACES ":%s" STR_FMT, a->options->prefix,
			    kind == ANALYTICS_KEY_TOP ? "top:" : "", STR_ARG(rest[kind]));
}

/* --- round trips -------------------------------------------------------------------------- */

enum rc analytics_run(const struct analytics *a, struct arena *arena,
		      const struct redis_command *commands, size_t n, struct redis_reply *ret)
{
	int64_t start_ns = clock_mono_ns();
	enum rc rc = redis_run(a->redis, arena, commands, n, ret);

	stages_add(STAGE_cache, clock_mono_ns() - start_ns);
	return rc;
}

bool analytics_answers(const struct analytics *a)
{
	int64_t start_ns = clock_mono_ns(), ns;
	bool answers = redis_ping(a->redis, &ns) == RC_OK;

	stages_add(STAGE_cache, clock_mono_ns() - start_ns);
	return answers;
}

/* --- a batch ------------------------------------------------------------------------------ */

/* The number first: whatever fails after it is not tried again.  What is evicted between two
 * commands of a script is nothing; a write that Redis refuses for want of memory is its first.
 */
static const struct str apply_text = STR(
	"local last = redis.pcall('GET', KEYS[1])\n"
	"last = type(last) == 'string' and tonumber(last) or 0\n"
	"if tonumber(ARGV[1]) <= last then return 0 end\n"
	"redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
	"local odd, cells = 0, 5 + tonumber(ARGV[5])\n"
	"for i = 6, cells, 2 do\n"
	"  for k = 2, 3 do\n"
	"    local r = redis.pcall('HINCRBY', KEYS[k], ARGV[i], ARGV[i + 1])\n"
	"    if type(r) == 'table' then odd = odd + 1 end\n"
	"  end\n"
	"end\n"
	"for i = cells + 1, #ARGV, 2 do redis.pcall('ZINCRBY', KEYS[4], ARGV[i + 1], ARGV[i]) "
	"end\n"
	"if cells < #ARGV then redis.pcall('ZREMRANGEBYRANK', KEYS[4], 0, -1001) end\n"
	"redis.call('EXPIRE', KEYS[2], ARGV[3])\n"
	"redis.call('EXPIRE', KEYS[3], ARGV[4])\n"
	"redis.call('EXPIRE', KEYS[4], ARGV[4])\n"
	"return odd\n");
_Static_assert(ANALYTICS_TOP_MAX == 1000, "as in the script");

enum {
	KEYS_OF_BATCH = 4,
	FIXED_WORDS = KEYS_OF_BATCH + 5
};

static struct str number_text(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%" PRId64, n);
}

static struct str field_of(const struct analytics *a, struct arena *arena, size_t cell)
{
	struct buf field;

	buf_init(&field, arena, 512);
	return tally_field(a->names, cell, &field) ? buf_str(&field) : STR_NONE;
}

/* Fields and what is added to them; words: room for all cells. */
static size_t add_cells(const struct analytics *a, struct arena *arena,
			const struct tally *delta, struct str *words)
{
	const uint64_t *cell = (const uint64_t *)delta;
	size_t n = 0;

	for (size_t i = 0; i < TALLY_CELLS; i++) {
		struct str field = cell[i] ? field_of(a, arena, i) : STR_NONE;

		if (!field.ptr)
			continue;
		words[n++] = field;
		words[n++] = number_text(arena, (int64_t)cell[i]);
	}
	return n;
}

static size_t add_top(struct arena *arena, const struct analytics_batch *batch,
		      struct str *words)
{
	char text[ADDRESS_TEXT];

	for (size_t i = 0; i < batch->tops; i++) {
		address_write(&batch->top[i].key, text);
		words[2 * i] = arena_dup(arena, str_of(text));
		words[2 * i + 1] = number_text(arena, (int64_t)batch->top[i].count);
	}
	return 2 * batch->tops;
}

static void add_fixed(const struct analytics *a, struct arena *arena,
		      const struct analytics_batch *batch, size_t cells, struct str *words)
{
	const struct str fixed[FIXED_WORDS] = {
		arena_printf(arena, "%s:analytics:" BRACES ":batch:%s:%016" PRIx64,
			     a->options->prefix, batch->machine, batch->board),
		analytics_key(a, arena, ANALYTICS_KEY_MINUTE, batch->minute),
		analytics_key(a, arena, ANALYTICS_KEY_DAY, batch->minute),
		analytics_key(a, arena, ANALYTICS_KEY_TOP, batch->minute),
		number_text(arena, (int64_t)batch->number),
		number_text(arena, ANALYTICS_NUMBER_S),
		number_text(arena, ANALYTICS_MINUTE_S),
		number_text(arena, ANALYTICS_DAY_S),
		number_text(arena, (int64_t)cells),
	};

	memcpy(words, fixed, sizeof(fixed));
}

/* One script that answers a number; whatever else is said is no word of it, and RC_INTERNAL. */
static enum rc order(const struct analytics *a, struct arena *arena,
		     const struct redis_command *command, struct redis_reply *ret)
{
	enum rc rc = analytics_run(a, arena, command, 1, ret);

	return rc == RC_OK && ret->kind != REDIS_INTEGER ? RC_INTERNAL : rc;
}

enum rc analytics_apply(const struct analytics *a, struct arena *arena,
			const struct analytics_batch *batch, int64_t *ret_odd)
{
	size_t most = FIXED_WORDS + 2 * TALLY_CELLS + 2 * batch->tops;
	struct str *words = arena_alloc(arena, most * sizeof(*words));
	size_t cells = add_cells(a, arena, batch->delta, words + FIXED_WORDS);
	size_t tops = add_top(arena, batch, words + FIXED_WORDS + cells);
	struct redis_script script;
	struct redis_reply reply;

	add_fixed(a, arena, batch, cells, words);
	redis_script_init(&script, apply_text);
	const struct redis_command command = { .script = &script,
					       .keys = KEYS_OF_BATCH,
					       .word = words,
					       .words = FIXED_WORDS + cells + tops };
	enum rc rc = order(a, arena, &command, &reply);
	if (rc == RC_OK)
		*ret_odd = reply.integer;
	return rc == RC_TOO_LARGE ? RC_INTERNAL : rc;
}

/* --- reset -------------------------------------------------------------------------------- */

static const struct str reset_text =
	STR("for i = 1, #KEYS do redis.call('UNLINK', KEYS[i]) end\n"
	    "return #KEYS\n");

#define MINUTES_PER_DAY 1440
#define MINUTES_AHEAD   60 /* clocks of other machines */
#define MINUTES_BACK    (ANALYTICS_MINUTE_S / 60 + 1)
#define DAYS_BACK       (ANALYTICS_DAY_S / 86400 + 1)

enum rc analytics_reset(const struct analytics *a, struct arena *arena, int64_t now_us,
			bool *ret_unknown)
{
	size_t most = MINUTES_BACK + MINUTES_AHEAD + 1 + 2 * (DAYS_BACK + 2), n = 0;
	struct str *words = arena_alloc(arena, most * sizeof(*words));
	int64_t minute = now_us / US_PER_MINUTE;
	struct redis_script script;
	struct redis_reply reply;

	for (int64_t m = minute - MINUTES_BACK; m <= minute + MINUTES_AHEAD; m++)
		words[n++] = analytics_key(a, arena, ANALYTICS_KEY_MINUTE, m);
	for (int64_t d = -DAYS_BACK; d <= 1; d++) {
		int64_t m = minute + d * MINUTES_PER_DAY;

		words[n++] = analytics_key(a, arena, ANALYTICS_KEY_DAY, m);
		words[n++] = analytics_key(a, arena, ANALYTICS_KEY_TOP, m);
	}
	redis_script_init(&script, reset_text);
	const struct redis_command command = {
		.script = &script, .keys = n, .word = words, .words = n
	};
	enum rc rc = analytics_run(a, arena, &command, 1, &reply);
	if (rc != RC_OK) {
		*ret_unknown = redis_sent(a->redis);
		return rc;
	}
	*ret_unknown = reply.kind != REDIS_INTEGER && reply.kind != REDIS_ERROR;
	return reply.kind == REDIS_INTEGER ? RC_OK : RC_INTERNAL;
}
