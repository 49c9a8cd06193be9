/* Several copies at once, on a real Redis and a real database. */
#include "suite.h"
#include "tiered.h"
#include "base/hash.h"
#include "cache/batch.h"
#include "lib/fake_redis.h"
#include "lib/live_pg.h"
#include "net/epoch.h"
#include "net/pg.h"

#define HOUR_MS INT64_C(3600000)
#define MANY    150

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 5000 };
static struct pg *pg;
static struct cache *cache;
static int number[MANY];
static const void *args[MANY];
static int fills;
static size_t body_len;

/* --- a read model ------------------------------------------------------------------------- */

static void nth_key(const void *n, struct cache_key *ret)
{
	key_add(ret, STR("collections:{" AA "}:"));
	key_add(ret, arena_printf(arena, "%d", *(const int *)n));
}

static void nth_tags(const void *n, struct tag_list *ret)
{
	tags_add(ret, TAG_USER, NULL, arena_printf(arena, "%d", *(const int *)n));
}

/* Bytes that do not get less by packing. */
static enum rc nth_fill(void *ctx, const void *n, struct answer *ret)
{
	char *body = arena_alloc(arena, body_len + 1);

	(void)ctx;
	(void)n;
	fills++;
	SCOPED(pg_result_done) struct pg_result one = pg_run(pg, STMT_ping, PG_NO_ARGS);
	hash_random(body, body_len);
	buf_init(&ret->body, arena, BUF_NO_MAX);
	buf_adds(&ret->body, (struct str){ body, body_len });
	ret->content_type = "application/json";
	return one.rc;
}

static const struct read_model model = { "test",   TIER_WARM, nth_key, nth_tags,
					 nth_fill, 3,         false };

static struct str nth(int n)
{
	return arena_printf(arena, "collections:{" AA "}:%d", n);
}

static uint32_t nth_slot(int n)
{
	return map_slot_of(map, tag_hash(arena_printf(arena, "u:%d", n)));
}

/* Its own tag alone. */
static struct entry nth_made(int n, uint64_t label)
{
	struct entry e = made(label, "{}");
	struct entry_tag *tag = arena_zalloc(arena, sizeof(*tag));

	tag->slot = nth_slot(n);
	tag->hash = tag_hash(arena_printf(arena, "u:%d", n));
	e.key = nth(n);
	e.tag = tag;
	e.head.tags = 1;
	return e;
}

static void put_nth(int n, uint64_t label)
{
	struct entry e = nth_made(n, label);

	redis_tier_put(tier, arena, &e, options.ttl_ms[TIER_WARM]);
}

/* One request from beginning to end. */
static enum source read_nth(int n)
{
	struct answer answer;

	ck_assert_int_eq(cache_through(cache, arena, &model, NULL, args[n], &answer), RC_OK);
	arena_reset(arena);
	return answer.source;
}

static bool memory_has(int n)
{
	struct entry e;

	return memory_get(map, arena, nth(n), &e);
}

/* --- helpers ------------------------------------------------------------------------------ */

static void each_up(void)
{
	cache_epoch epoch;

	up();
	pg = pg_new(&pg_options, live_pg_url());
	ck_assert_int_eq(epoch_read(pg, &epoch), RC_OK);
	cache = cache_new(&options, map, pg);
	cache_set_redis(cache, tier);
	map_set_epoch(map, epoch);
	cache_connected(cache, epoch);
	for (int i = 0; i < MANY; i++) {
		number[i] = i;
		args[i] = &number[i];
	}
	fills = 0;
	body_len = 20;
	ask(STR("CONFIG"), STR("RESETSTAT"));
}

static void each_down(void)
{
	cache_free(cache);
	pg_free(pg);
	down();
}

static void both(void)
{
	start();
	live_pg_start();
}

static void neither(void)
{
	live_pg_done();
	live_redis_done();
}

/* Copies of these tests are of the history there is. */
static void is_of_now(void)
{
	map_set_epoch(map, EPOCH);
}

static struct prefetched prefetch(size_t n)
{
	struct prefetched got;

	cache_prefetch(cache, arena, &model, args, n, &got);
	return got;
}

/* As the tier counts them. */
static uint64_t trips(void)
{
	return histogram_count(&cells.histogram[HISTOGRAM_cache_redis_seconds]);
}

/* As the server counts them. */
static int mgets(void)
{
	struct redis_reply reply = ask(STR("INFO"), STR("commandstats"));
	const char *at = strstr(arena_strz(arena, reply.text), "cmdstat_mget:calls=");

	return at ? atoi(at + strlen("cmdstat_mget:calls=")) : 0;
}

static int64_t keys(void)
{
	return ask(STR("DBSIZE")).integer;
}

/* --- reading ------------------------------------------------------------------------------ */

START_TEST(many_come_in_few_round_trips)
{
	struct entry e;

	is_of_now();
	for (int i = 0; i < MANY; i++)
		put_nth(i, 100);
	cells = (struct metric_cells){ 0 };
	struct prefetched got = prefetch(MANY);
	ck_assert_uint_eq(got.brought, MANY);
	ck_assert_uint_eq(got.there, 0);
	ck_assert_int_eq(mgets(), 2);
	ck_assert_uint_eq(trips(), 2);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), MANY);
	got = prefetch(MANY);
	ck_assert_uint_eq(got.brought, 0);
	ck_assert_uint_eq(got.there, MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(read_nth(i), SOURCE_MEMORY);
	ck_assert_uint_eq(trips(), 2);
	ck_assert_int_eq(fills, 0);
	/* With its label, and by it alone. */
	ck_assert(memory_get(map, arena, nth(7), &e));
	ck_assert_uint_eq(e.head.label, 100);
	ck_assert_uint_eq(e.head.primary, 0);
	ck_assert_uint_eq(e.head.era, map_era(map));
	map_raise_xid(map, nth_slot(7), 100);
	got = prefetch(MANY);
	ck_assert_uint_eq(got.there, MANY - 1);
	ck_assert_uint_eq(got.brought, 0);
}
END_TEST

static struct str copy_name(int n)
{
	return redis_key_copy(arena, STR("such-market"), nth(n));
}

static void damage(int n)
{
	struct redis_reply reply = ask(STR("GET"), copy_name(n));
	char *bytes = (char *)(uintptr_t)reply.text.ptr;

	memset(bytes + STAMP / 2, 'f', STAMP / 2);
	ask(STR("SET"), copy_name(n), reply.text);
}

static void mark(int n, uint64_t xid)
{
	struct str tag = arena_printf(arena, "u:%d", n);

	ask(STR("SET"),
	    redis_key_inv(arena, STR("such-market"), STR("{" AA "}"), tag_hash(tag)),
	    arena_printf(arena, "%016lx%016lx", (unsigned long)EPOCH, (unsigned long)xid));
}

START_TEST(each_is_judged_by_itself)
{
	enum {
		GOOD,
		OVERTAKEN,
		OTHER_HISTORY,
		DAMAGED,
		MARKED,
		MARKED_BEFORE,
		NONE,
		NO_TEXT,
		N
	};

	is_of_now();
	for (int i = 0; i < NONE; i++)
		put_nth(i, 100);
	map_raise_xid(map, nth_slot(OVERTAKEN), 100);
	map_set_epoch(map, EPOCH + 1);
	struct entry e = nth_made(OTHER_HISTORY, 100);
	e.head.epoch = EPOCH + 1;
	redis_tier_put(tier, arena, &e, 100000);
	is_of_now();
	damage(DAMAGED);
	mark(MARKED, 100);
	mark(MARKED_BEFORE, 99);
	ask(STR("LPUSH"), copy_name(NO_TEXT), STR("x"));
	cells = (struct metric_cells){ 0 };
	ck_assert_uint_eq(prefetch(N).brought, 2);
	for (int i = 0; i < N; i++)
		ck_assert_msg(memory_has(i) == (i == GOOD || i == MARKED_BEFORE), "%d", i);
	ck_assert_int_eq(mgets(), 1);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 2);
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 4);
	ck_assert_uint_eq(count(COUNTER_cache_redis_misses), 2);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(a_void_copy_in_memory_is_asked_for)
{
	is_of_now();
	struct entry e = nth_made(0, 100);
	e.head.primary = 0;
	e.head.era = map_era(map);
	e.head.expires_ns = INT64_MAX;
	memory_put(map, &e);
	ck_assert_uint_eq(prefetch(1).there, 1);
	put_nth(0, 200);
	map_raise_xid(map, nth_slot(0), 150);
	ck_assert_uint_eq(prefetch(1).brought, 1);
	ck_assert_int_eq(read_nth(0), SOURCE_MEMORY);
}
END_TEST

/* Nothing is known of any of them; the next question is answered. */
START_TEST(more_than_a_reply_may_have)
{
	char *big = arena_zalloc(arena, 3 << 20);

	is_of_now();
	put_nth(0, 100);
	for (int i = 1; i < 3; i++)
		ask(STR("SET"), copy_name(i), (struct str){ big, 3 << 20 });
	cells = (struct metric_cells){ 0 };
	ck_assert_uint_eq(prefetch(3).brought, 0);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 1);
	ck_assert_uint_eq(prefetch(1).brought, 1);
}
END_TEST

/* --- trouble ------------------------------------------------------------------------------ */

static void refuse(int fd, const void *ctx)
{
	static const char no[] = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";

	(void)ctx;
	while (fake_redis_hear(fd) > 0)
		fake_redis_say(fd, no, sizeof(no) - 1);
}

static void say_ctx(int fd, const void *ctx)
{
	const struct str *reply = ctx;

	while (fake_redis_hear(fd) > 0) {
		map_end_lease(map);
		fake_redis_say(fd, reply->ptr, reply->len);
	}
}

static struct prefetched prefetch_from(void (*serve)(int, const void *), const void *ctx)
{
	struct redis_options there = wire;
	struct fake_redis fake;

	fake_redis_start(&fake, serve, ctx);
	there.url = fake.url;
	struct redis *liar = redis_new(&there);
	struct redis_tier *lies = redis_tier_new(&options, map, liar);
	cache_set_redis(cache, lies);
	struct prefetched got = prefetch(2);
	cache_set_redis(cache, tier);
	redis_tier_free(lies);
	redis_free(liar);
	fake_redis_stop(&fake);
	return got;
}

START_TEST(a_cluster_refuses)
{
	cells = (struct metric_cells){ 0 };
	ck_assert_uint_eq(prefetch_from(refuse, NULL).brought, 0);
	ck_assert_uint_eq(count(COUNTER_redis_errors_cluster), 1);
	ck_assert_int_eq(read_nth(0), SOURCE_DATABASE);
}
END_TEST

START_TEST(a_lease_that_ends_meanwhile)
{
	is_of_now();
	put_nth(0, 100);
	struct str value = ask(STR("GET"), copy_name(0)).text;
	struct buf reply;

	buf_init(&reply, arena, BUF_NO_MAX);
	buf_addf(&reply, "*4\r\n$%zu\r\n", value.len);
	buf_adds(&reply, value);
	buf_adds(&reply, STR("\r\n$-1\r\n$-1\r\n$-1\r\n"));
	struct str text = buf_str(&reply);
	cells = (struct metric_cells){ 0 };
	ck_assert_uint_eq(prefetch_from(say_ctx, &text).brought, 0);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1);
	ck_assert(!memory_has(0));
	/* And without one nothing is asked. */
	uint64_t before = trips();
	ck_assert_uint_eq(prefetch(1).brought, 0);
	ck_assert_uint_eq(trips(), before);
}
END_TEST

START_TEST(redis_is_away_or_there_is_none)
{
	struct redis_options nowhere = wire;

	nowhere.url = "unix:///nowhere/redis.sock";
	struct redis *gone = redis_new(&nowhere);
	struct redis_tier *away = redis_tier_new(&options, map, gone);
	cache_set_redis(cache, away);
	cache_batch_begin(cache, HOUR_MS);
	ck_assert_uint_eq(prefetch(3).brought, 0);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(read_nth(i), SOURCE_DATABASE);
	cache_batch_end(cache);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(read_nth(i), SOURCE_MEMORY);
	cache_set_redis(cache, NULL);
	cache_batch_begin(cache, HOUR_MS);
	ck_assert_uint_eq(prefetch(3).there, 0);
	ck_assert_int_eq(read_nth(3), SOURCE_DATABASE);
	cache_batch_end(cache);
	redis_tier_free(away);
	redis_free(gone);
}
END_TEST

START_TEST(without_memory_all_is_as_ever)
{
	struct cache_options without = options;

	without.memory_on = false;
	struct cache *own = cache;
	cache = cache_new(&without, map, pg);
	cache_set_redis(cache, tier);
	cache_connected(cache, map_epoch(map));
	cache_batch_begin(cache, HOUR_MS);
	ck_assert_uint_eq(prefetch(3).brought, 0);
	ck_assert_int_eq(mgets(), 0);
	ck_assert_int_eq(read_nth(0), SOURCE_DATABASE);
	ck_assert_int_eq(read_nth(0), SOURCE_REDIS); /* nobody else could tell it */
	cache_batch_end(cache);
	cache_free(cache);
	cache = own;
}
END_TEST

/* --- writing ------------------------------------------------------------------------------ */

START_TEST(fills_go_together)
{
	struct entry e;

	cache_batch_begin(cache, HOUR_MS);
	ck_assert_uint_eq(prefetch(20).brought, 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(read_nth(i), SOURCE_DATABASE);
	ck_assert_int_eq(keys(), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(read_nth(i), SOURCE_MEMORY);
	ck_assert_uint_eq(trips(), 1); /* not asked one by one for what is not there */
	cache_batch_end(cache);
	ck_assert_uint_eq(trips(), 2);
	ck_assert_int_eq(keys(), 20);
	for (int i = 0; i < 20; i++) {
		ck_assert(redis_tier_get(tier, arena, nth(i), &tags, &e));
		ck_assert_uint_eq(e.body.len, body_len);
	}
	ck_assert_int_eq(fills, 20);
}
END_TEST

START_TEST(what_is_lacking_is_not_asked_for_once)
{
	cache_batch_begin(cache, HOUR_MS);
	prefetch(1);
	read_nth(0);
	ck_assert_int_eq(mgets(), 1);
	memory_clear(map);
	read_nth(0);
	ck_assert_int_eq(mgets(), 2);
	read_nth(1); /* never asked for */
	ck_assert_int_eq(mgets(), 3);
	cache_batch_end(cache);
}
END_TEST

START_TEST(what_is_overtaken_is_not_sent)
{
	cache_epoch epoch = map_epoch(map);

	cache_batch_begin(cache, HOUR_MS);
	for (int i = 0; i < 3; i++)
		read_nth(i);
	map_raise_xid(map, nth_slot(1), UINT64_MAX);
	cache_batch_end(cache);
	ck_assert_int_eq(keys(), 2);
	ck_assert_int_eq(ask(STR("EXISTS"), copy_name(1)).integer, 0);
	cache_batch_begin(cache, HOUR_MS);
	read_nth(3);
	map_void(map);
	cache_batch_end(cache);
	ck_assert_int_eq(keys(), 2);
	/* Named again while it waited: what was voided stays so. */
	map_set_epoch(map, epoch);
	cache_batch_begin(cache, HOUR_MS);
	read_nth(4);
	map_void(map);
	map_set_epoch(map, epoch);
	read_nth(5);
	cache_batch_end(cache);
	ck_assert_int_eq(ask(STR("EXISTS"), copy_name(4)).integer, 0);
	ck_assert_int_eq(ask(STR("EXISTS"), copy_name(5)).integer, 1);
}
END_TEST

START_TEST(a_batch_is_bounded)
{
	cache_batch_begin(cache, HOUR_MS);
	for (int i = 0; i < BATCH_FILLS - 1; i++)
		read_nth(i);
	ck_assert_int_eq(keys(), 0);
	read_nth(BATCH_FILLS - 1);
	ck_assert_int_eq(keys(), BATCH_FILLS);
	body_len = 300 << 10;
	for (int i = 0; i < 3; i++)
		read_nth(BATCH_FILLS + i);
	ck_assert_int_eq(keys(), BATCH_FILLS);
	read_nth(BATCH_FILLS + 3);
	ck_assert_int_eq(keys(), BATCH_FILLS + 3);
	cache_batch_end(cache);
	ck_assert_int_eq(keys(), BATCH_FILLS + 4);
	ck_assert_uint_eq(count(COUNTER_cache_redis_errors), 0);
}
END_TEST

START_TEST(nothing_is_held_for_long)
{
	cache_batch_begin(cache, 0);
	read_nth(0);
	ck_assert_int_eq(keys(), 1);
	cache_batch_end(cache);
	ck_assert_int_eq(keys(), 1);
}
END_TEST

/* It would keep every fill away: its stamp says it is from far ahead. */
START_TEST(damage_heals)
{
	struct entry e;

	cache_batch_begin(cache, HOUR_MS);
	read_nth(0);
	cache_batch_end(cache);
	damage(0);
	memory_clear(map);
	cache_batch_begin(cache, HOUR_MS);
	ck_assert_uint_eq(prefetch(1).brought, 0);
	ck_assert_int_eq(read_nth(0), SOURCE_DATABASE);
	ck_assert(redis_tier_get(tier, arena, nth(0), &tags, &e));
	cache_batch_end(cache);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *const tests[] = {
		many_come_in_few_round_trips,
		each_is_judged_by_itself,
		a_void_copy_in_memory_is_asked_for,
		more_than_a_reply_may_have,
		a_cluster_refuses,
		a_lease_that_ends_meanwhile,
		redis_is_away_or_there_is_none,
		without_memory_all_is_as_ever,
		fills_go_together,
		what_is_lacking_is_not_asked_for_once,
		what_is_overtaken_is_not_sent,
		a_batch_is_bounded,
		nothing_is_held_for_long,
		damage_heals,
	};

	tcase_add_unchecked_fixture(tc, both, neither);
	tcase_add_checked_fixture(tc, each_up, each_down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
}

SUITE_OF(add_all)
