/* The way through the tiers: what is kept, what may be used, and what is not. */
#include "../suite.h"
#include <zlib.h>
#include "base/clock.h"
#include "base/tally.h"
#include "cache/cache.h"
#include "cache/layout.h"
#include "cache/redis_tier.h"
#include "cache/turns.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "mapped.h"
#include "net/epoch.h"
#include "net/pg.h"
#include "net/redis.h"

/* A read whose filler does as it is told. */
struct plan {
	enum rc rc;
	struct str body;
	int calls;
	int found; /* tags it finds */
	bool key_long;
	void (*meanwhile)(void); /* what happens while it reads */
};

static struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 5000 };
static struct cache_options options;
static struct pg *pg;
static struct cache *cache;
static struct plan plan;
static struct answer answer;
static uint64_t epoch;

static void key(const void *args, struct cache_key *ret)
{
	const struct plan *p = args;

	for (int i = 0; i < (p->key_long ? 100 : 1); i++)
		key_add(ret, STR("test:key"));
}

static void tags(const void *args, struct tag_list *ret)
{
	(void)args;
	tags_add(ret, TAG_LIST, NULL, STR_NONE);
}

static enum rc fill(void *ctx, const void *args, struct answer *ret)
{
	struct plan *p = ctx;

	(void)args;
	p->calls++;
	if (p->rc == RC_OK || p->rc == RC_NOT_FOUND) {
		SCOPED(pg_result_done) struct pg_result one = pg_run(pg, STMT_ping, PG_NO_ARGS);
		ck_assert_int_eq(one.rc, RC_OK);
	}
	if (p->meanwhile)
		p->meanwhile();
	buf_init(&ret->body, arena, BUF_NO_MAX);
	buf_adds(&ret->body, p->body);
	ret->content_type = p->rc == RC_OK ? "application/json" : NULL;
	for (int i = 0; i < p->found; i++)
		tags_add(ret->tags, TAG_USER, NULL, arena_printf(arena, "%d", i));
	return p->rc;
}

static const struct read_model model = { "test", TIER_WARM, key, tags, fill, 7, false };

static uint32_t slot(const char *tag)
{
	return map_slot_of(map, tag_hash(str_of(tag)));
}

/* The relay's part. */
static void lease(void)
{
	map_extend_lease(map, clock_boot_ns() + LEASE_NS * 100);
}

static void up(void)
{
	map_up();
	options = (struct cache_options){ .memory_on = true,
					  .ttl_ms = { 0, 60000, 60000, 60000 },
					  .negative_ttl_ms = 60000,
					  .stale_ms = 60000,
					  .pack_above = 1024 };
	pg = pg_new(&pg_options, live_pg_url());
	ck_assert_int_eq(epoch_read(pg, &epoch), RC_OK);
	cache = cache_new(&options, map, pg);
	map_set_epoch(map, epoch);
	cache_connected(cache, epoch);
	lease();
	plan = (struct plan){ .rc = RC_OK, .body = STR("{}") };
}

static void down(void)
{
	cache_free(cache);
	pg_free(pg);
	map_down();
}

/* One request from beginning to end. */
static enum source ask(void)
{
	enum rc rc = cache_through(cache, arena, &model, &plan, &plan, &answer);
	enum source source = answer.source;

	ck_assert_int_eq(rc, plan.rc);
	arena_reset(arena);
	return source;
}

START_TEST(the_second_one_hits)
{
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	char etag[ETAG_TEXT];
	memcpy(etag, answer.etag, sizeof(etag));
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	ck_assert_int_eq(plan.calls, 1);
	ck_assert_str_eq(answer.etag, etag);
	ck_assert_int_eq(answer.tier, TIER_WARM);
}
END_TEST

/* Each read counts once, by what became of it. */
START_TEST(outcomes_are_counted)
{
	static struct tally tally;
	const uint64_t *read = tally.read[model.id];

	tally_attach(&tally, NULL);
	ask();
	ask();
	ask();
	map_end_lease(map);
	ask();
	plan.rc = RC_INTERNAL;
	ask();
	tally_attach(NULL, NULL);
	ck_assert_uint_eq(read[TALLY_miss], 1);
	ck_assert_uint_eq(read[TALLY_memory_hit], 2);
	ck_assert_uint_eq(read[TALLY_bypass], 1);
	ck_assert_uint_eq(read[TALLY_error], 1);
	ck_assert_uint_eq(read[TALLY_stale] + read[TALLY_coalesced] + read[TALLY_redis_hit], 0);
}
END_TEST

START_TEST(without_a_mapping_every_read_goes_to_the_database)
{
	struct cache *off = cache_new(NULL, NULL, pg);

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(cache_through(off, arena, &model, &plan, &plan, &answer),
				 RC_OK);
	ck_assert_int_eq(plan.calls, 3);
	ck_assert_int_eq(answer.etag[0], '"');
	cache_free(off);
}
END_TEST

START_TEST(nothing_there_is_kept_too)
{
	plan.rc = RC_NOT_FOUND;
	plan.body = STR("token");
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
			 RC_NOT_FOUND);
	ck_assert_int_eq(answer.source, SOURCE_MEMORY);
	ck_assert(str_eq(buf_str(&answer.body), STR("token")));
	ck_assert_int_eq(plan.calls, 1);
}
END_TEST

/* Another process of this machine, which did not wait for the seat. */
static void another_one_asks(void)
{
	struct pg *own_pg = pg;
	struct arena *own_arena = arena;
	struct answer new;

	plan.meanwhile = NULL;
	plan.body = STR("\"newer\"");
	pg = pg_new(&pg_options, live_pg_url());
	arena = arena_new(64 * 1024);
	struct cache *other = cache_new(&options, map, pg);
	cache_connected(other, epoch);
	ck_assert_int_eq(cache_through(other, arena, &model, &plan, &plan, &new), RC_OK);
	ck_assert_int_eq(new.source, SOURCE_DATABASE);
	arena_reset(arena); /* it is kept */
	arena_free(arena);
	cache_free(other);
	pg_free(pg);
	pg = own_pg;
	arena = own_arena;
	plan.body = STR("\"older\"");
}

/* Who saw what the later read found sees no older copy after it. */
START_TEST(a_slow_filler_takes_nobody_back)
{
	plan.meanwhile = another_one_asks;
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(plan.calls, 2);
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_MEMORY);
	ck_assert(str_eq(buf_str(&answer.body), STR("\"newer\"")));
}
END_TEST

/* The writer: xid before its COMMIT, gen after.  The copy is good until the latter (V2). */
START_TEST(an_invalidation_is_a_miss)
{
	ask();
	map_raise_xid(map, slot("list"), UINT64_C(1) << 40);
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	map_raise_gen(map, slot("list"));
	map_count_write(map);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	/* Its label is below the slot's xid, as with a long transaction: V2 alone carries it.
	 */
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	ck_assert_int_eq(plan.calls, 2);
}
END_TEST

/* An administrator names the copy's own key. */
START_TEST(its_key_is_a_tag_of_every_copy)
{
	char tag[TAG_KEY_TEXT];

	ask();
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	tag_write_key(STR("test:other"), tag);
	map_raise_gen(map, slot(tag));
	map_raise_xid(map, slot(tag), UINT64_MAX);
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	tag_write_key(STR("test:key"), tag);
	map_raise_gen(map, slot(tag));
	map_raise_xid(map, slot(tag), UINT64_MAX);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

/* The mapping has tags and lease; the copies are all in Redis, and judged as ever. */
START_TEST(memory_may_be_off_with_redis_on)
{
	struct redis_options wire = { .connect_ms = 2000,
				      .budget_ms = 2000,
				      .url = live_redis_url() };
	struct redis *redis = redis_new(&wire);

	options.memory_on = false;
	options.redis_prefix = "such-market";
	struct redis_tier *tier = redis_tier_new(&options, map, redis);
	struct cache *shared = cache_new(&options, map, pg), *own = cache;
	cache = shared;
	cache_set_redis(cache, tier);
	cache_connected(cache, epoch);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(), SOURCE_REDIS);
	ck_assert_int_eq(plan.calls, 1);
	struct memory_counts counts;
	memory_count(map, &counts);
	ck_assert_uint_eq(counts.entries, 0);
	map_raise_xid(map, slot("list"), UINT64_MAX);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	map_end_lease(map);
	ck_assert_int_eq(ask(), SOURCE_BYPASS);
	cache_free(shared);
	cache = own;
	redis_tier_free(tier);
	redis_free(redis);
}
END_TEST

START_TEST(an_old_invalidation_is_none)
{
	map_raise_xid(map, slot("list"), 3);
	ask();
	map_raise_gen(map, slot("list"));
	ck_assert_int_eq(ask(), SOURCE_MEMORY); /* V1: the label is above it */
}
END_TEST

static void write_list(void)
{
	map_raise_xid(map, slot("list"), UINT64_C(1) << 40);
	map_raise_gen(map, slot("list"));
	map_count_write(map);
}

START_TEST(a_write_during_the_read_voids_it)
{
	plan.meanwhile = write_list;
	ask();
	plan.meanwhile = NULL;
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

static void write_user(void)
{
	map_raise_xid(map, slot("u:0"), UINT64_C(1) << 40);
	map_raise_gen(map, slot("u:0"));
	map_count_write(map);
}

START_TEST(a_write_of_what_is_found_voids_it)
{
	plan.found = 2;
	plan.meanwhile = write_user;
	ask();
	plan.meanwhile = NULL;
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	write_user();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(without_a_lease_copies_are_passed_by)
{
	ask();
	map_end_lease(map);
	ck_assert_int_eq(ask(), SOURCE_BYPASS);
	ck_assert(source_is_database(answer.source));
	ck_assert_int_eq(plan.calls, 2);
	lease();
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
}
END_TEST

START_TEST(another_epoch_voids_all)
{
	ask();
	map_set_epoch(map, epoch + 1);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(ask(), SOURCE_DATABASE); /* our connection is of the old one */
	cache_connected(cache, epoch + 1);
	ask();
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
	/* And back again: the copies of then are of another era. */
	map_set_epoch(map, epoch);
	cache_connected(cache, epoch);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(a_connection_of_another_epoch_voids_until_the_relay_agrees)
{
	ask();
	cache_connected(cache, epoch + 1);
	ck_assert_uint_eq(map_epoch(map), 0);
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

/* The connection was made before all was cleared: it asks what the epoch is now. */
START_TEST(a_full_clear_is_an_epoch)
{
	ask();
	live_pg_sql("SELECT such_market.cache_clear_all()");
	ck_assert_int_eq(epoch_read(pg, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(ask(), SOURCE_MEMORY);
}
END_TEST

static void reconnect(void)
{
	cache_connected(cache, epoch + 7);
}

START_TEST(two_histories_are_not_mixed)
{
	plan.meanwhile = reconnect;
	ask();
	plan.meanwhile = NULL;
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(copies_have_an_end)
{
	options.ttl_ms[TIER_WARM] = 0;
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	options.ttl_ms[TIER_WARM] = 60000;
	options.negative_ttl_ms = 0;
	plan.rc = RC_NOT_FOUND;
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(while_the_database_is_away_copies_are_flagged)
{
	ask();
	map_extend_lease(map, 0);
	map_end_lease(map);
	map_extend_lease(map, clock_boot_ns() - 1000000);
	plan.rc = RC_UNAVAILABLE;
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_STALE);
	/* Never after an invalidation. */
	write_list();
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
			 RC_UNAVAILABLE);
}
END_TEST

START_TEST(flagged_copies_have_an_end)
{
	ask();
	map_end_lease(map);
	map_extend_lease(map, clock_boot_ns() - INT64_C(61000000000));
	plan.rc = RC_UNAVAILABLE;
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
			 RC_UNAVAILABLE);
	map_extend_lease(map, clock_boot_ns());
	options.stale_ms = 0;
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
			 RC_UNAVAILABLE);
}
END_TEST

START_TEST(a_failure_keeps_nothing_and_holds_nobody_up)
{
	plan.rc = RC_INTERNAL;
	for (int i = 0; i < 3; i++) {
		int64_t start = clock_mono_ns();

		ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
				 RC_INTERNAL);
		ck_assert_int_lt(clock_mono_ns() - start, 40000000); /* no waiting for itself */
		arena_reset(arena);
	}
	ck_assert_int_eq(plan.calls, 3);
}
END_TEST

START_TEST(large_answers_are_kept_compressed)
{
	char *text = arena_alloc(arena, 50000);
	char back[50000];
	z_stream z = { 0 };

	for (int i = 0; i < 50000; i++)
		text[i] = (char)('a' + i / 100 % 26);
	char *own = malloc(50000);
	memcpy(own, text, 50000);
	plan.body = (struct str){ own, 50000 };
	ask();
	ck_assert(!answer.gzip);
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer), RC_OK);
	ck_assert(answer.gzip);
	ck_assert_uint_lt(answer.body.len, 5000);
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)answer.body.ptr;
	z.avail_in = (uInt)answer.body.len;
	z.next_out = (Bytef *)back;
	z.avail_out = sizeof(back);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_int_eq(memcmp(back, own, 50000), 0);
	inflateEnd(&z);
	free(own);
}
END_TEST

START_TEST(what_cannot_be_named_is_not_kept)
{
	plan.key_long = true;
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	plan.key_long = false;
	plan.found = TAGS_MAX;
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(what_cannot_be_named_waits_for_its_turn)
{
	options.fills = 1;
	plan.key_long = true;
	int place = turn_begin(map, 1, 0);
	ck_assert_int_eq(cache_through(cache, arena, &model, &plan, &plan, &answer),
			 RC_UNAVAILABLE);
	ck_assert_int_eq(plan.calls, 0);
	turn_end(map, place);
	/* Each gives its turn back. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(plan.calls, 3);
}
END_TEST

START_TEST(an_unknown_epoch_keeps_nothing)
{
	cache_connected(cache, 0);
	ask();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

static void suite_add(TCase *tc)
{
	const TTest *tests[] = { the_second_one_hits,
				 outcomes_are_counted,
				 without_a_mapping_every_read_goes_to_the_database,
				 nothing_there_is_kept_too,
				 a_slow_filler_takes_nobody_back,
				 an_invalidation_is_a_miss,
				 its_key_is_a_tag_of_every_copy,
				 memory_may_be_off_with_redis_on,
				 an_old_invalidation_is_none,
				 a_write_during_the_read_voids_it,
				 a_write_of_what_is_found_voids_it,
				 without_a_lease_copies_are_passed_by,
				 another_epoch_voids_all,
				 a_connection_of_another_epoch_voids_until_the_relay_agrees,
				 a_full_clear_is_an_epoch,
				 two_histories_are_not_mixed,
				 copies_have_an_end,
				 while_the_database_is_away_copies_are_flagged,
				 flagged_copies_have_an_end,
				 a_failure_keeps_nothing_and_holds_nobody_up,
				 large_answers_are_kept_compressed,
				 what_cannot_be_named_is_not_kept,
				 what_cannot_be_named_waits_for_its_turn,
				 an_unknown_epoch_keeps_nothing };

	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_unchecked_fixture(tc, live_redis_start, live_redis_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tc, tests[i]);
}
SUITE_OF(suite_add)
