/* The Redis tier on a real server: copies that travel, damage, and what is forgotten. */
#include "suite.h"
#include <poll.h>
#include "tiered.h"

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

START_TEST(a_copy_without_tags_has_the_floor)
{
	struct entry e = made(100, "{}");

	e.head.tags = 0;
	redis_tier_put(tier, arena, &e, 100000);
	map_set_floor(map, 99);
	ck_assert(get_is("{}"));
	map_set_floor(map, 100);
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

START_TEST(keys_of_tags_are_in_one_slot)
{
	static const struct {
		const char *tag, *braces, *copies[REDIS_COPIES_MAX];
	} rows[] = {
		{ "c:0xa", "{0xa}", { "p:collections:{0xa}:metadata" } },
		{ "n:0xa",
		  "{0xa}",
		  { "p:collections:{0xa}:stats", "p:collections:{0xa}:traits",
		    "p:collections:{0xa}:distribution" } },
		{ "r:0xa", "{0xa}", { "p:collections:{0xa}:traits" } },
		{ "h:0xa",
		  "{0xa}",
		  { "p:collections:{0xa}:stats", "p:collections:{0xa}:distribution" } },
		{ "t:0xa:17", "{0xa}", { "p:nfts:{0xa}:17", "p:ownership:{0xa}:17" } },
		{ "u:12", "{12}", { "p:users:{12}:profile", "p:users:{12}:contracts" } },
		{ "o:0xa", "{0xa}", { NULL } },
		{ "list", "{list}", { NULL } },
		{ "o:*", "{*}", { NULL } },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str names[1 + REDIS_COPIES_MAX], tag = str_of(rows[i].tag);
		size_t n = redis_key_of_tag(arena, STR("p"), tag, names), k = 0;

		ck_assert(
			str_eq(names[0], redis_key_inv(arena, STR("p"), str_of(rows[i].braces),
						       tag_hash(tag))));
		for (; rows[i].copies[k]; k++)
			ck_assert_msg(str_eqz(names[1 + k], rows[i].copies[k]), STR_FMT,
				      STR_ARG(names[1 + k]));
		ck_assert_uint_eq(n, 1 + k);
		for (k = 0; k < n; k++)
			ck_assert(str_eqz(redis_key_braces(names[k]), rows[i].braces));
	}
	ck_assert_ptr_null(redis_key_braces(STR("collections:list")).ptr);
	ck_assert_ptr_null(redis_key_braces(STR("x:{}:{a}")).ptr);
	ck_assert_ptr_null(redis_key_braces(STR("x:{a")).ptr);
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
	ask(STR("SET"), STR("s*:nfts:x"), STR("x"));
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

static void add_all(TCase *tc)
{
	const TTest *const tests[] = {
		a_copy_comes_back_as_it_was,
		nothing_of_a_machine_travels,
		another_machine_has_slots_of_its_own,
		labels_decide,
		a_copy_without_tags_has_the_floor,
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
		keys_of_tags_are_in_one_slot,
		sweeps_remove_what_matches,
	};

	tier_suite(tc, tests, COUNT_OF(tests));
}

SUITE_OF(add_all)
