/* The Redis tier when its server hangs, forgets, refuses or is slow, and the way through it. */
#include "suite.h"
#include <poll.h>
#include "base/buf.h"
#include "lib/fake_redis.h"
#include "net/pg.h"
#include "tiered.h"

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

/* --- what changes while Redis answers ----------------------------------------------------- */

struct change {
	struct str reply; /* to an MGET of a copy and one mark */
	void (*make)(void);
};

static void change_and_answer(int fd, const void *ctx)
{
	const struct change *change = ctx;

	while (fake_redis_hear(fd) > 0) {
		change->make();
		fake_redis_say(fd, change->reply.ptr, change->reply.len);
	}
}

static struct str reply_with(struct str value)
{
	struct buf buf;

	buf_init(&buf, arena, BUF_NO_MAX);
	buf_addf(&buf, "*2\r\n$%zu\r\n", value.len);
	buf_adds(&buf, value);
	buf_adds(&buf, STR("\r\n$-1\r\n"));
	return buf_str(&buf);
}

static struct redis *liar;

/* A tier whose server does something before it answers with the value there is now. */
static struct redis_tier *changing(struct fake_redis *fake, struct change *change)
{
	static struct redis_options there;

	change->reply = reply_with(raw());
	fake_redis_start(fake, change_and_answer, change);
	there = wire;
	there.url = fake->url;
	tags.n = 1;
	liar = redis_new(&there);
	return redis_tier_new(&options, map, liar);
}

static void changed(struct fake_redis *fake, struct redis_tier *there)
{
	redis_tier_free(there);
	redis_free(liar);
	fake_redis_stop(fake);
}

static void next_epoch(void)
{
	map_set_epoch(map, EPOCH + 1);
}

START_TEST(an_epoch_that_changes_meanwhile_leaves_no_copy_behind)
{
	struct entry e = made(100, "{}");
	struct change change = { .make = next_epoch };
	struct fake_redis fake;

	map_set_epoch(map, EPOCH + 1);
	e.head.epoch = EPOCH + 1;
	redis_tier_put(tier, arena, &e, 100000);
	map_set_epoch(map, EPOCH);
	uint64_t era = map_era(map);
	struct redis_tier *there = changing(&fake, &change);
	ck_assert(redis_tier_get(there, arena, key, &tags, &e)); /* of the new epoch: true */
	ck_assert_uint_eq(e.head.era, era);
	ck_assert_uint_ne(e.head.era, map_era(map)); /* but no memory will use it */
	changed(&fake, there);
}
END_TEST

static void invalidate_now(void)
{
	map_raise_xid(map, tags.tag[0].slot, 100);
}

START_TEST(an_invalidation_meanwhile_counts)
{
	struct change change = { .make = invalidate_now };
	struct fake_redis fake;
	struct entry e;

	put_label(100, "{}");
	struct redis_tier *there = changing(&fake, &change);
	ck_assert(!redis_tier_get(there, arena, key, &tags, &e));
	ck_assert_uint_eq(count(COUNTER_cache_redis_rejected), 1);
	changed(&fake, there);
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

static enum rc fill(void *ctx, const void *args, struct answer *ret)
{
	(void)args;
	++*(int *)ctx;
	buf_init(&ret->body, arena, 100);
	buf_adds(&ret->body, STR("filled"));
	ret->content_type = "application/json";
	return RC_OK;
}

static const struct read_model model = { "test", TIER_WARM, through_key, through_tags,
					 fill,   0,         false };
static const struct pg_options nowhere = { .url = "", .connect_ms = 1, .deadline_ms = 1 };

START_TEST(an_answer_comes_from_redis_and_stays_in_memory)
{
	struct pg *pg = pg_new(&nowhere, nowhere.url);
	struct cache *cache = cache_new(&options, map, pg);
	struct answer answer;
	int fills = 0;

	put_label(100, "{}");
	ck_assert_ptr_null(cache_redis(cache));
	cache_set_redis(cache, tier);
	ck_assert_ptr_eq(cache_redis(cache), tier);
	ck_assert_int_eq(cache_through(cache, arena, &model, &fills, NULL, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_REDIS);
	ck_assert(str_eqz(buf_str(&answer.body), "{}"));
	ck_assert_int_eq(cache_through(cache, arena, &model, &fills, NULL, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_MEMORY);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1);
	ck_assert_int_eq(fills, 0);
	cache_free(cache);
	pg_free(pg);
}
END_TEST

static void end_lease(void)
{
	map_end_lease(map);
}

START_TEST(without_a_lease_redis_is_no_help)
{
	struct pg *pg = pg_new(&nowhere, nowhere.url);
	struct cache *cache = cache_new(&options, map, pg);
	struct change change = { .make = end_lease };
	struct fake_redis fake;
	struct answer answer;
	int fills = 0;

	put_label(100, "{}");
	struct redis_tier *there = changing(&fake, &change);
	cache_set_redis(cache, there);
	ck_assert_int_eq(cache_through(cache, arena, &model, &fills, NULL, &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_DATABASE); /* it ended while Redis answered */
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1);
	ck_assert_int_eq(cache_through(cache, arena, &model, &fills, NULL, &answer), RC_OK);
	ck_assert_int_eq(fills, 2);
	ck_assert_uint_eq(count(COUNTER_cache_redis_hits), 1); /* not asked any more */
	changed(&fake, there);
	cache_free(cache);
	pg_free(pg);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *const tests[] = {
		no_redis_at_all,
		a_hanging_server_costs_its_budget_until_the_breaker_opens,
		a_restart_empty_and_one_with_an_old_dump,
		a_full_server,
		a_server_that_evicts,
		a_replica_refuses_writes,
		an_answer_comes_from_redis_and_stays_in_memory,
		an_epoch_that_changes_meanwhile_leaves_no_copy_behind,
		an_invalidation_meanwhile_counts,
		without_a_lease_redis_is_no_help,
	};

	tier_suite(tc, tests, COUNT_OF(tests));
}

SUITE_OF(add_all)
