/* The Redis tier on a real server: copies that travel, and all that may be wrong with them. */
#include "suite.h"
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_key.h"
#include "cache/redis_tier.h"
#include "lib/live_redis.h"
#include "mapped.h"
#include "net/redis.h"

#define MS    INT64_C(1000000)
#define EPOCH UINT64_C(0x1122334455667788)
#define STAMP 32
#define AA    "0x00000000000000000000000000000000000000aa"
#define TEXT(z)                                                                                \
	{                                                                                      \
		"" z, sizeof(z) - 1                                                            \
	}

static struct redis_options wire = { .connect_ms = 2000, .budget_ms = 2000 };
static const struct cache_options options = {
	.ttl_ms = { 0, 300000, 1800000, 86400000 },
	.negative_ttl_ms = 30000,
	.pack_above = 1024,
	.redis_prefix = "such-market",
};
static const struct str key = TEXT("collections:{" AA "}:metadata");
static const struct address aa = { { [19] = 0xaa } };
static const struct str tag_texts[] = { TEXT("c:" AA), TEXT("h:" AA) };

static struct metric_cells cells;
static struct redis *redis;
static struct redis_tier *tier;
static struct tag_list tags;

/* --- helpers ------------------------------------------------------------------------------ */

static struct redis_reply ask_words(const struct str *words, size_t n)
{
	struct redis_command command = { .word = words, .words = n };
	struct redis_reply reply;
	enum rc rc = redis_run(redis, arena, &command, 1, &reply);

	ck_assert_msg(rc == RC_OK, "%s", redis_error(redis));
	return reply;
}
#define ask(...)                                                                               \
	ask_words((struct str[]){ __VA_ARGS__ },                                               \
		  sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str))

static struct str name_of(const char *text)
{
	return arena_printf(arena, "such-market:%s", text);
}

static void up(void)
{
	map_up();
	map_set_epoch(map, EPOCH);
	map_extend_lease(map, INT64_MAX);
	metric_attach(&cells);
	cells = (struct metric_cells){ 0 };
	wire.url = live_redis_url();
	redis = redis_new(&wire);
	tier = redis_tier_new(&options, map, redis);
	ask(STR("FLUSHALL"));
	tags_init(&tags, map);
	tags_add(&tags, TAG_COLLECTION, &aa, STR_NONE);
	tags_add(&tags, TAG_HOLDERS, &aa, STR_NONE);
}

static void down(void)
{
	redis_tier_free(tier);
	redis_free(redis);
	metric_attach(NULL);
	map_down();
}

static struct entry made(uint64_t label, const char *body)
{
	struct entry_tag *t = arena_zalloc(arena, 2 * sizeof(*t));

	for (uint32_t i = 0; i < 2; i++)
		t[i] = (struct entry_tag){ tags.tag[i].hash, 77, tags.tag[i].slot, 1 };
	return (struct entry){
		.head = { .rc = RC_OK,
			  .tier = TIER_WARM,
			  .tags = 2,
			  .label = label,
			  .epoch = EPOCH,
			  .era = 99,
			  .primary = 1,
			  .expires_ns = 12345,
			  .made_us = clock_wall_us(),
			  .etag = "\"x\"" },
		.tag = t,
		.key = key,
		.body = str_of(body),
	};
}

static void put_label(uint64_t label, const char *body)
{
	struct entry e = made(label, body);

	redis_tier_put(tier, arena, &e, options.ttl_ms[TIER_WARM]);
}

static bool get_is(const char *body)
{
	struct entry e;

	return redis_tier_get(tier, arena, key, &tags, &e) && str_eqz(e.body, body);
}

static bool get_any(void)
{
	struct entry e;

	return redis_tier_get(tier, arena, key, &tags, &e);
}

static struct str raw(void)
{
	struct redis_reply reply =
		ask(STR("GET"), redis_key_copy(arena, STR("such-market"), key));

	ck_assert_int_eq(reply.kind, REDIS_BULK);
	return reply.text;
}

static void set_raw(struct str value)
{
	ask(STR("SET"), redis_key_copy(arena, STR("such-market"), key), value);
}

static uint64_t count(enum counter c)
{
	return cells.counter[c];
}

/* --- copies ------------------------------------------------------------------------------- */

START_TEST(a_copy_comes_back_as_it_was)
{
	struct entry e;
	int64_t now_ns = clock_boot_ns();

	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_misses), 1);
	put_label(100, "{}");
	ck_assert(redis_tier_get(tier, arena, key, &tags, &e));
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1);
	ck_assert(str_eqz(e.body, "{}"));
	ck_assert(str_eq(e.key, key));
	ck_assert_str_eq(e.head.etag, "\"x\"");
	ck_assert_uint_eq(e.head.label, 100);
	ck_assert_uint_eq(e.head.era, map_era(map));
	ck_assert_uint_eq(e.head.primary, 0);
	ck_assert_int_gt(e.head.expires_ns, now_ns + 1700000 * MS);
	ck_assert_int_le(e.head.expires_ns, clock_boot_ns() + 1800000 * MS);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(e.tag[i].hash, tags.tag[i].hash);
		ck_assert_uint_eq(e.tag[i].slot, tags.tag[i].slot);
		ck_assert_uint_eq(e.tag[i].certain, 0);
	}
	struct redis_reply left =
		ask(STR("PTTL"), redis_key_copy(arena, STR("such-market"), key));
	ck_assert_int_gt(left.integer, 1700000);
	ck_assert_int_le(left.integer, 1800000);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(nothing_of_a_machine_travels)
{
	struct entry e;

	put_label(100, "{}");
	ck_assert(entry_decode(str_from(raw(), STAMP), key, &e));
	ck_assert_uint_eq(e.head.era, 0);
	ck_assert_uint_eq(e.head.primary, 0);
	ck_assert_int_eq(e.head.expires_ns, 0);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(e.tag[i].slot, 0);
		ck_assert_uint_eq(e.tag[i].gen, 0);
		ck_assert_uint_eq(e.tag[i].certain, 0);
	}
}
END_TEST

START_TEST(another_machine_has_slots_of_its_own)
{
	struct cache_map *other;
	const char *error;
	struct entry e;

	put_label(100, "{}");
	ck_assert_int_eq(cache_map_create(tmp_path("other"), 16 << 20, &other, &error), RC_OK);
	map_set_epoch(other, EPOCH);
	struct redis_tier *there = redis_tier_new(&options, other, redis);
	ck_assert(redis_tier_get(there, arena, key, &tags, &e));
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_uint_eq(e.tag[i].slot, map_slot_of(other, e.tag[i].hash));
	map_raise_xid(other, e.tag[1].slot, 100);
	ck_assert(!redis_tier_get(there, arena, key, &tags, &e));
	ck_assert(get_is("{}"));
	redis_tier_free(there);
	cache_map_close(other);
}
END_TEST

START_TEST(labels_decide)
{
	put_label(100, "{}");
	map_raise_xid(map, tags.tag[1].slot, 99);
	ck_assert(get_is("{}"));
	map_raise_xid(map, tags.tag[1].slot, 100);
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 1);
	put_label(100, "useless"); /* V1 says no already: it stays here */
	ck_assert(memmem(raw().ptr, raw().len, "useless", 7) == NULL);
	put_label(101, "newer");
	ck_assert(get_is("newer"));
	map_set_floor(map, 101);
	ck_assert(!get_any());
}
END_TEST

START_TEST(epochs_decide)
{
	put_label(100, "{}");
	map_set_epoch(map, EPOCH + 1);
	ck_assert(!get_any());
	map_set_epoch(map, 0);
	ck_assert(!get_any());
	map_set_epoch(map, EPOCH);
	ck_assert(get_is("{}"));
	/* A history that begins again with smaller numbers replaces what is of no use. */
	map_set_epoch(map, EPOCH + 1);
	struct entry e = made(5, "after the failover");
	e.head.epoch = EPOCH + 1;
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(get_is("after the failover"));
}
END_TEST

START_TEST(the_newer_label_stays)
{
	put_label(0x100, "new");
	put_label(0xff, "old");
	ck_assert(get_is("new"));
	put_label(0x100, "same");
	ck_assert(get_is("same"));
	put_label(UINT64_C(0x8000000000000000), "newest");
	ck_assert(get_is("newest"));
}
END_TEST

START_TEST(an_old_copy_is_rejected_though_redis_keeps_it)
{
	struct entry e = made(100, "{}");

	e.head.made_us -= 1800 * INT64_C(1000000);
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(!get_any());
	e.head.made_us = clock_wall_us() + 3600 * INT64_C(1000000); /* another clock */
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(redis_tier_get(tier, arena, key, &tags, &e));
	ck_assert_int_le(e.head.expires_ns, clock_boot_ns() + 1800000 * MS);
	e = made(101, "token");
	e.head.rc = RC_NOT_FOUND;
	e.head.made_us -= 31 * INT64_C(1000000);
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(!get_any());
}
END_TEST

/* --- damage ------------------------------------------------------------------------------- */

START_TEST(every_flipped_bit_is_a_miss)
{
	put_label(100, "{\"name\":\"x\"}");
	struct str good = raw();
	for (size_t i = 0; i < good.len * 8; i += 3) {
		char *bad = arena_alloc(arena, good.len);

		memcpy(bad, good.ptr, good.len);
		bad[i / 8] = (char)(bad[i / 8] ^ 1 << i % 8);
		set_raw((struct str){ bad, good.len });
		ck_assert_msg(!get_any(), "bit %zu", i);
	}
	set_raw(good);
	ck_assert(get_any());
}
END_TEST

START_TEST(every_cut_value_is_a_miss)
{
	put_label(100, "{}");
	struct str good = raw();
	for (size_t len = 0; len < good.len; len++) {
		set_raw((struct str){ good.ptr, len });
		ck_assert_msg(!get_any(), "%zu bytes", len);
	}
	set_raw(arena_printf(arena, STR_FMT "x", STR_ARG(good)));
	ck_assert(!get_any());
}
END_TEST

/* It would keep every fill away until it expires: its stamp says it is from far ahead. */
START_TEST(damage_is_written_over)
{
	put_label(100, "{}");
	char *bad = (char *)(uintptr_t)raw().ptr;
	size_t len = raw().len;

	memset(bad + 16, 'f', 16);
	set_raw((struct str){ bad, len });
	put_label(101, "kept away");
	ck_assert(!get_any());
	put_label(101, "healed");
	ck_assert(get_is("healed"));
	put_label(100, "older");
	ck_assert(get_is("healed"));
}
END_TEST

START_TEST(a_value_of_another_key_or_of_nobody)
{
	struct entry other = made(100, "{}");

	put_label(100, "{}");
	other.key = STR("collections:{" AA "}:traits");
	redis_tier_put(tier, arena, &other, 1000);
	set_raw(ask(STR("GET"), redis_key_copy(arena, STR("such-market"), other.key)).text);
	ck_assert(!get_any());
	static const char *const garbage[] = { "", "x", "{\"name\":1}", "0000000000000000" };
	for (size_t i = 0; i < COUNT_OF(garbage); i++) {
		set_raw(str_of(garbage[i]));
		ck_assert(!get_any());
	}
}
END_TEST

START_TEST(another_prefix_is_another_house)
{
	struct cache_options theirs = options;

	theirs.redis_prefix = "other-market";
	struct redis_tier *there = redis_tier_new(&theirs, map, redis);
	struct entry e = made(100, "theirs");
	redis_tier_put(there, arena, &e, 1000);
	ck_assert(!get_any());
	put_label(101, "ours");
	ck_assert(redis_tier_get(there, arena, key, &tags, &e));
	ck_assert(str_eqz(e.body, "theirs"));
	ck_assert(str_eqz(redis_tier_channel(there), "other-market:events"));
	redis_tier_free(there);
}
END_TEST

START_TEST(a_key_of_another_type)
{
	ask(STR("RPUSH"), redis_key_copy(arena, STR("such-market"), key), STR("x"));
	ck_assert(!get_any());
	put_label(100, "{}");
	ck_assert(get_is("{}"));
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(huge_values)
{
	struct str name = redis_key_copy(arena, STR("such-market"), key);

	ask(STR("SETRANGE"), name, STR("2000000"), STR("x"));
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 1);
	ask(STR("SETRANGE"), name, STR("6000000"), STR("x")); /* more than is ever read */
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 1);
	put_label(100, "{}");
	ck_assert(get_is("{}"));
	ck_assert_uint_eq(count(COUNTER_redis_failures), 0); /* not the breaker's business */
	struct entry e = made(101, "");
	char *body = arena_zalloc(arena, ENTRY_MAX);
	e.body = (struct str){ body, ENTRY_MAX };
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(get_is("{}"));
	e.body.len = ENTRY_MAX / 2;
	redis_tier_put(tier, arena, &e, 1000);
	ck_assert(redis_tier_get(tier, arena, key, &tags, &e));
	ck_assert_uint_eq(e.body.len, ENTRY_MAX / 2);
}
END_TEST

/* --- invalidation ------------------------------------------------------------------------- */

START_TEST(named_copies_go_and_the_rest_is_marked)
{
	struct entry page = made(100, "page"), token = made(100, "token");
	struct entry e;

	page.key = STR("collections:{" AA "}:nfts:page:0");
	token.key = STR("ownership:{" AA "}:17");
	redis_tier_put(tier, arena, &page, 1000000);
	redis_tier_put(tier, arena, &token, 1000000);
	put_label(100, "{}");
	static const struct str token_tag = TEXT("t:" AA ":17");
	redis_tier_invalidate(tier, arena, EPOCH, 100, &token_tag, 1);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
	ck_assert(!redis_tier_get(tier, arena, token.key, &tags, &e));
	ck_assert_uint_eq(count(COUNTER_cache_redis_misses), 1);
	ck_assert(redis_tier_get(tier, arena, page.key, &tags, &e));
	ck_assert(get_is("{}"));
	/* The mapping knows nothing of it yet: the mark does. */
	redis_tier_invalidate(tier, arena, EPOCH, 100, tag_texts, 2);
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_misses), 2);
	ck_assert(!redis_tier_get(tier, arena, page.key, &tags, &e));
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 1);
	page.head.label = 101;
	redis_tier_put(tier, arena, &page, 1000000);
	ck_assert(redis_tier_get(tier, arena, page.key, &tags, &e));
}
END_TEST

static bool marked(uint64_t epoch, uint64_t xid, uint64_t label)
{
	ask(STR("FLUSHALL"));
	put_label(label, "{}");
	struct str value = raw();

	redis_tier_invalidate(tier, arena, epoch, xid, tag_texts, 1);
	set_raw(value);
	return !get_any();
}

START_TEST(marks_of_the_same_history_only)
{
	ck_assert(marked(EPOCH, 100, 100));
	ck_assert(marked(EPOCH, 101, 100));
	ck_assert(!marked(EPOCH, 99, 100));
	ck_assert(marked(EPOCH, 0x100, 0xff));
	ck_assert(!marked(EPOCH + 1, 500, 100));
	ck_assert(!marked(EPOCH - 1, 500, 100));
}
END_TEST

START_TEST(a_mark_only_rises)
{
	struct str name = redis_key_inv(arena, STR("such-market"), redis_key_braces(key),
					tag_hash(tag_texts[0]));
	static const struct {
		uint64_t epoch, xid;
		const char *mark;
	} rows[] = {
		{ EPOCH, 9, "11223344556677880000000000000009" },
		{ EPOCH, 0x10, "11223344556677880000000000000010" },
		{ EPOCH, 9, "11223344556677880000000000000010" },
		{ 7, 3, "00000000000000070000000000000003" },
		{ EPOCH, 2, "11223344556677880000000000000002" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		redis_tier_invalidate(tier, arena, rows[i].epoch, rows[i].xid, tag_texts, 1);
		ck_assert_msg(str_eqz(ask(STR("GET"), name).text, rows[i].mark), "row %zu", i);
	}
	int64_t ms = ask(STR("PTTL"), name).integer;
	ck_assert_int_gt(ms, INT64_C(86400000) + 3500000);
	ck_assert_int_le(ms, INT64_C(86400000) + 3600000);
	ask(STR("SET"), name, STR("garbage"));
	put_label(100, "{}");
	ck_assert(get_is("{}"));
	ask(STR("DEL"), name);
	ask(STR("RPUSH"), name, STR("x"));
	redis_tier_invalidate(tier, arena, EPOCH, 5, tag_texts, 1);
	ck_assert(str_eqz(ask(STR("GET"), name).text, "11223344556677880000000000000005"));
}
END_TEST

START_TEST(an_invalidation_is_heard)
{
	struct redis *ear = redis_new(&wire);
	int fd = redis_listen(ear, redis_tier_channel(tier));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(redis_listen(ear, redis_tier_channel(tier)), fd);
	ck_assert(!redis_heard(ear));
	redis_tier_invalidate(tier, arena, EPOCH, 100, tag_texts, 2);
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert(redis_heard(ear));
	ck_assert(!redis_heard(ear));
	ask(STR("CLIENT"), STR("KILL"), STR("TYPE"), STR("pubsub"));
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert(!redis_heard(ear));
	p.fd = redis_listen(ear, redis_tier_channel(tier));
	ck_assert_int_ge(p.fd, 0);
	redis_tier_invalidate(tier, arena, EPOCH, 101, tag_texts, 2);
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert(redis_heard(ear));
	redis_free(ear);
}
END_TEST

START_TEST(unsound_and_many_tags)
{
	struct str *many = arena_alloc(arena, 1000 * sizeof(*many));

	many[0] = STR("c:{}:x");
	many[1] = STR("");
	many[2] = tag_texts[0];
	for (int i = 3; i < 1000; i++)
		many[i] = arena_printf(arena, "t:" AA ":%d", i);
	redis_tier_invalidate(tier, arena, EPOCH, 100, many, 1000);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
	ck_assert_int_eq(ask(STR("DBSIZE")).integer, REDIS_TAGS_MAX - 2);
	redis_tier_invalidate(tier, arena, EPOCH, 100, NULL, 0);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(scripts_the_server_forgot)
{
	put_label(100, "a");
	ask(STR("SCRIPT"), STR("FLUSH"));
	put_label(101, "b");
	ck_assert(get_is("b"));
	ask(STR("SCRIPT"), STR("FLUSH"));
	redis_tier_invalidate(tier, arena, EPOCH, 101, tag_texts, 2);
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
	struct redis_reply stats = ask(STR("INFO"), STR("commandstats"));
	ck_assert_ptr_nonnull(memmem(stats.text.ptr, stats.text.len, "cmdstat_evalsha:", 16));
	ck_assert_ptr_null(memmem(stats.text.ptr, stats.text.len, "cmdstat_keys:", 13));
}
END_TEST

/* --- sweeping ----------------------------------------------------------------------------- */

static uint64_t sweep(struct redis_tier *of, const char *pattern)
{
	struct redis_sweep s = { 0 };
	int steps = 0;

	while (!s.done) {
		ck_assert_int_eq(redis_tier_sweep(of, arena, str_of(pattern), &s), RC_OK);
		ck_assert_int_lt(++steps, 1000);
	}
	return s.removed;
}

START_TEST(sweeps_remove_what_matches)
{
	struct cache_options starred = options;

	for (int i = 0; i < 3000; i++)
		ask(STR("SET"), arena_printf(arena, "such-market:collections:{0x%d}:traits", i),
		    STR("x"));
	ask(STR("SET"), name_of("analytics:1"), STR("x"));
	ask(STR("SET"), STR("such-market2:x"), STR("x"));
	ask(STR("SET"), STR("s*:x"), STR("x"));
	ck_assert_uint_eq(sweep(tier, "collections:{0x77}:*"), 1);
	ck_assert_uint_eq(sweep(tier, "nothing:*"), 0);
	starred.redis_prefix = "s*";
	struct redis_tier *star = redis_tier_new(&starred, map, redis);
	ck_assert_uint_eq(sweep(star, "*"), 1);
	redis_tier_free(star);
	ck_assert_uint_eq(sweep(tier, "*"), 2999);
	ck_assert_int_eq(ask(STR("DBSIZE")).integer, 2);
}
END_TEST

/* --- a server in trouble ------------------------------------------------------------------ */

START_TEST(no_redis_at_all)
{
	struct redis_options off = { .url = "", .host = "" };
	struct redis *none = redis_new(&off);
	struct redis_tier *idle = redis_tier_new(&options, map, none);
	struct redis_tier *all[] = { NULL, idle };
	struct entry e = made(100, "{}");
	struct redis_sweep s = { 0 };

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		ck_assert(!redis_tier_get(all[i], arena, key, &tags, &e));
		redis_tier_put(all[i], arena, &e, 1000);
		redis_tier_invalidate(all[i], arena, EPOCH, 1, tag_texts, 2);
		ck_assert_int_eq(redis_tier_sweep(all[i], arena, STR("*"), &s), RC_UNAVAILABLE);
	}
	ck_assert_uint_eq(count(COUNTER_cache_redis_skipped), 4);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
	redis_tier_free(idle);
	redis_tier_free(NULL);
	redis_free(none);
}
END_TEST

START_TEST(a_hanging_server_costs_its_budget_until_the_breaker_opens)
{
	struct redis_options quick = wire;
	int64_t until = clock_mono_ns() + 30000 * MS;
	struct entry e;

	put_label(100, "{}");
	quick.budget_ms = 20;
	quick.connect_ms = 100;
	struct redis *hurried = redis_new(&quick);
	struct redis_tier *there = redis_tier_new(&options, map, hurried);
	ck_assert_int_eq(kill(live_redis_pid(), SIGSTOP), 0);
	for (int i = 0; count(COUNTER_cache_redis_skipped) == 0; i++) {
		int64_t from = clock_mono_ns();

		ck_assert(!redis_tier_get(there, arena, key, &tags, &e));
		ck_assert_int_lt(clock_mono_ns() - from, 1000 * MS);
		ck_assert_int_lt(i, 100);
	}
	ck_assert_uint_ge(count(COUNTER_cache_redis_errors), 5);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), count(COUNTER_redis_failures));
	int64_t from = clock_mono_ns();
	for (int i = 0; i < 1000; i++)
		redis_tier_get(there, arena, key, &tags, &e);
	ck_assert_int_lt(clock_mono_ns() - from, 1000 * MS);
	ck_assert_int_eq(kill(live_redis_pid(), SIGCONT), 0);
	while (!redis_tier_get(there, arena, key, &tags, &e)) {
		ck_assert_int_lt(clock_mono_ns(), until);
		arena_reset(arena);
		poll(NULL, 0, 5);
	}
	ck_assert(redis_tier_get(there, arena, key, &tags, &e));
	redis_tier_free(there);
	redis_free(hurried);
}
END_TEST

START_TEST(a_restart_empty_and_one_with_an_old_dump)
{
	put_label(100, "old");
	ask(STR("SAVE"));
	map_raise_xid(map, tags.tag[0].slot, 150);
	put_label(200, "new");
	ck_assert(get_is("new"));
	live_redis_stop();
	live_redis_resume();
	ck_assert(raw().len > STAMP); /* it is there again: label 100 */
	ck_assert(!get_any());
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 1);
	put_label(200, "new");
	ck_assert(get_is("new"));
	ask(STR("FLUSHALL"));
	ask(STR("SAVE"));
	live_redis_stop();
	live_redis_resume();
	ck_assert(!get_any());
	put_label(200, "new");
	ck_assert(get_is("new"));
}
END_TEST

START_TEST(a_full_server)
{
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("1"));
	put_label(100, "{}");
	ck_assert_uint_eq(count(COUNTER_redis_errors_state), 1);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 1);
	ck_assert(!get_any());
	redis_tier_invalidate(tier, arena, EPOCH, 100, tag_texts, 2);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 2);
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("0"));
	put_label(100, "{}");
	ck_assert(get_is("{}"));
}
END_TEST

START_TEST(a_server_that_evicts)
{
	char *body = arena_zalloc(arena, 100001);
	int there = 0;

	memset(body, 'x', 100000);
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory-policy"), STR("allkeys-lfu"));
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("4mb"));
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 100; i++) {
			struct entry e = made(100, body);

			e.key = key_of(i);
			if (pass == 0)
				redis_tier_put(tier, arena, &e, 100000);
			else
				there += redis_tier_get(tier, arena, key_of(i), &tags, &e);
		}
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory"), STR("0"));
	ask(STR("CONFIG"), STR("SET"), STR("maxmemory-policy"), STR("noeviction"));
	ck_assert_int_gt(there, 0);
	ck_assert_int_lt(there, 100);
	ck_assert_uint_eq(count(COUNTER_cache_redis_misses), (uint64_t)(100 - there));
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(a_replica_refuses_writes)
{
	ask(STR("REPLICAOF"), STR("127.0.0.1"), STR("1"));
	put_label(100, "{}");
	ck_assert_uint_eq(count(COUNTER_redis_errors_state), 1);
	ck_assert_ptr_nonnull(strstr(redis_error(redis), "READONLY"));
	ask(STR("REPLICAOF"), STR("NO"), STR("ONE"));
	put_label(100, "{}");
	ck_assert(get_is("{}"));
}
END_TEST

/* --- the way through ---------------------------------------------------------------------- */

static void through_key(const void *args, struct cache_key *ret)
{
	(void)args;
	key_add(ret, key);
}

static void through_tags(const void *args, struct tag_list *ret)
{
	(void)args;
	tags_add(ret, TAG_COLLECTION, &aa, STR_NONE);
}

static enum rc never(void *ctx, const void *args, struct answer *ret)
{
	(void)ctx;
	(void)args;
	(void)ret;
	ck_abort_msg("nothing was to be filled");
}

START_TEST(an_answer_comes_from_redis_and_stays_in_memory)
{
	static const struct read_model model = { "test", TIER_WARM, through_key, through_tags,
						 never };
	struct cache *cache = cache_new(&options, map, NULL);
	struct answer answer;

	put_label(100, "{}");
	cache_set_redis(cache, tier);
	ck_assert_int_eq(cache_through(cache, arena, &model, NULL, NULL, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_REDIS);
	ck_assert(str_eqz(buf_str(&answer.body), "{}"));
	ck_assert_int_eq(cache_through(cache, arena, &model, NULL, NULL, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_MEMORY);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1);
	cache_free(cache);
}
END_TEST

static void start(void)
{
	signal(SIGPIPE, SIG_IGN);
	live_redis_start();
}

static void add_all(TCase *tc)
{
	const TTest *const tests[] = {
		a_copy_comes_back_as_it_was,
		nothing_of_a_machine_travels,
		another_machine_has_slots_of_its_own,
		labels_decide,
		epochs_decide,
		the_newer_label_stays,
		an_old_copy_is_rejected_though_redis_keeps_it,
		every_flipped_bit_is_a_miss,
		every_cut_value_is_a_miss,
		damage_is_written_over,
		a_value_of_another_key_or_of_nobody,
		another_prefix_is_another_house,
		a_key_of_another_type,
		huge_values,
		named_copies_go_and_the_rest_is_marked,
		marks_of_the_same_history_only,
		a_mark_only_rises,
		an_invalidation_is_heard,
		unsound_and_many_tags,
		scripts_the_server_forgot,
		sweeps_remove_what_matches,
		no_redis_at_all,
		a_hanging_server_costs_its_budget_until_the_breaker_opens,
		a_restart_empty_and_one_with_an_old_dump,
		a_full_server,
		a_server_that_evicts,
		a_replica_refuses_writes,
		an_answer_comes_from_redis_and_stays_in_memory,
	};

	tcase_add_unchecked_fixture(tc, start, live_redis_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
