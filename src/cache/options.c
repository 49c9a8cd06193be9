/* The settings of the tiers. */
#include <assert.h>
#include <stddef.h>
#include "cache/cache.h"
#include "cache/turns.h"

const struct conf_key cache_keys[] = {
	{ "cache_memory", CONF_BOOL, offsetof(struct cache_options, memory_on), "on",
	  .help = "whether answers are kept in memory that all workers share" },
	{ "cache_memory_bytes", CONF_BYTES, offsetof(struct cache_options, memory_bytes),
	  "256m", .min = 16 << 20, .max = INT64_C(64) << 30,
	  .help = "size of that memory [bytes]" },
	{ "cache_ttl_hot", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_HOT]), "300s",
	  .min = 1000, .max = 604800000, .help = "how long copies of the hot tier are kept" },
	{ "cache_ttl_warm", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_WARM]),
	  "1800s", .min = 1000, .max = 604800000,
	  .help = "how long copies of the warm tier are kept" },
	{ "cache_ttl_cold", CONF_MSEC, offsetof(struct cache_options, ttl_ms[TIER_COLD]), "1d",
	  .min = 1000, .max = 604800000, .help = "how long copies of the cold tier are kept" },
	{ "cache_ttl_negative", CONF_MSEC, offsetof(struct cache_options, negative_ttl_ms),
	  "30s", .min = 1000, .max = 604800000, .help = "how long \"nothing there\" is kept" },
	{ "stale_if_error", CONF_MSEC, offsetof(struct cache_options, stale_ms), "60s",
	  .min = 0, .max = 3600000,
	  .help = "how long flagged copies are answered while the database is away; 0: never" },
	{ "cache_compress_above", CONF_BYTES, offsetof(struct cache_options, pack_above), "1k",
	  .min = 64, .max = 1 << 20, .help = "larger answers are kept compressed [bytes]" },
	{ "cache_fills", CONF_INT, offsetof(struct cache_options, fills), "16", .min = 0,
	  .max = TURNS_MAX,
	  .help = "how many answers a machine makes from the database at once; 0: no limit" },
	{ "cache_fill_wait", CONF_MSEC, offsetof(struct cache_options, fill_wait_ms), "1s",
	  .min = 0, .max = 30000,
	  .help = "how long a read waits for its turn; then it is answered 503" },
	{ "cache_database", CONF_BOOL, offsetof(struct cache_options, stored_on), "off",
	  .help = "whether answers that are expensive to make are also kept in the database" },
	{ "cache_database_ttl", CONF_MSEC, offsetof(struct cache_options, stored_ms), "1d",
	  .min = 1000, .max = 604800000, .help = "how long copies there are good" },
	{ "cache_database_bytes", CONF_BYTES, offsetof(struct cache_options, stored_bytes),
	  "256m", .min = 1 << 20, .max = INT64_C(64) << 30,
	  .help = "how much of them is kept [bytes]" },
	{ "redis_prefix", CONF_TEXT, offsetof(struct cache_options, redis_prefix),
	  "such-market", .min = 1, .max = 64,
	  .help = "what the names of all keys in Redis begin with" },
	{ "invalidate_rules", CONF_TEXT, offsetof(struct cache_options, rules), "",
	  .help = "what else becomes invalid: table:operation -> tag, tag; …" },
	{ 0 }
};

int64_t cache_ttl_ms(const struct cache_options *options, enum tier tier, enum rc rc)
{
	int64_t ms = options->ttl_ms[tier];

	return rc == RC_OK || ms < options->negative_ttl_ms ? ms : options->negative_ttl_ms;
}

const char *tier_name(enum tier tier)
{
	static const char *const names[TIER_COUNT] = {
		[TIER_NONE] = "none",
		[TIER_HOT] = "hot",
		[TIER_WARM] = "warm",
		[TIER_COLD] = "cold",
	};

	assert(tier < TIER_COUNT);
	return names[tier];
}
