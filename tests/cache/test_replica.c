/* What a standby is asked, and when its answer counts: over a real pair of servers. */
#include "../suite.h"
#include <inttypes.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/layout.h"
#include "cache/replica.h"
#include "cache/turns.h"
#include "lib/live_pair.h"
#include "lib/live_pg.h"
#include "lib/pg_server.h"
#include "mapped.h"
#include "net/epoch.h"
#include "net/pg.h"

static struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 5000 };
static struct replica_options replica_options = { .tier = "warm", .deadline_ms = 2000 };
static struct cache_options options;
static struct pg *pg, *reading; /* reading: where the filler's statements go */
static struct cache *cache;
static struct replicas *replicas;
static struct answer answer;
static int calls, found;
static void (*meanwhile)(void);

static void key(const void *args, struct cache_key *ret)
{
	key_add(ret, str_of(args));
}

static void tags(const void *args, struct tag_list *ret)
{
	(void)args;
	tags_add(ret, TAG_LIST, NULL, STR_NONE);
}

static enum rc fill(void *ctx, const void *args, struct answer *ret)
{
	(void)ctx;
	(void)args;
	calls++;
	SCOPED(pg_result_done) struct pg_result one = pg_run(reading, STMT_ping, PG_NO_ARGS);
	if (one.rc != RC_OK)
		return one.rc;
	if (meanwhile && reading != pg)
		meanwhile();
	buf_init(&ret->body, arena, BUF_NO_MAX);
	buf_adds(&ret->body, STR("{}"));
	ret->content_type = "application/json";
	for (int i = 0; i < found; i++)
		tags_add(ret->tags, TAG_USER, NULL, arena_printf(arena, "%d", i));
	return RC_OK;
}

static const struct read_model warm = { "test", TIER_WARM, key, tags, fill, 0, false };
static const struct read_model hot = { "test", TIER_HOT, key, tags, fill, 0, false };

static void turn(void *ctx, struct pg *to)
{
	(void)ctx;
	reading = to;
}

static uint32_t slot(const char *tag)
{
	return map_slot_of(map, tag_hash(str_of(tag)));
}

static uint64_t line_now(void)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(pg, "SELECT such_market.cache_history()");

	ck_assert_int_eq(row.rc, RC_OK);
	return epoch_line(pg_str(&row, 0, 0));
}

static void up_with(const char *urls)
{
	uint64_t epoch;

	calls = found = 0;
	meanwhile = NULL;
	map_up();
	options = (struct cache_options){ .memory_on = true,
					  .ttl_ms = { 0, 60000, 60000, 60000 },
					  .negative_ttl_ms = 60000,
					  .pack_above = 1024 };
	replica_options.urls = urls;
	pg = pg_new(&pg_options, live_pg_url());
	ck_assert_int_eq(epoch_read(pg, &epoch), RC_OK);
	cache = cache_new(&options, map, pg);
	replicas = replicas_new(&replica_options, &pg_options, map);
	cache_set_replicas(cache, replicas, turn);
	map_set_line(map, line_now(), UINT64_C(1) << 62);
	map_set_epoch(map, epoch);
	cache_connected(cache, epoch);
	map_extend_lease(map, clock_boot_ns() + LEASE_NS * 100);
	reading = pg;
}

static void up(void)
{
	up_with(live_pair_url(1));
}

static void down(void)
{
	cache_free(cache);
	replicas_free(replicas);
	pg_free(pg);
	map_down();
}

/* One read of a key of its own. */
static enum source ask_of(const struct read_model *model)
{
	static int n;
	char text[32];

	snprintf(text, sizeof(text), "test:%d", n++);
	ck_assert_int_eq(cache_through(cache, arena, model, NULL, text, &answer), RC_OK);
	ck_assert_ptr_eq(reading,
			 pg); /* whoever was asked: later statements are the primary's */
	arena_reset(arena);
	return answer.source;
}

static enum source ask(void)
{
	return ask_of(&warm);
}

static struct replica_state state(void)
{
	struct replica_state ret;

	replicas_state(replicas, 0, clock_mono_ns(), &ret);
	return ret;
}

START_TEST(it_is_asked_and_kept_by_label)
{
	struct entry e;

	ck_assert_int_eq(cache_through(cache, arena, &warm, NULL, "kept", &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_REPLICA);
	ck_assert_str_eq(state().status, "ok");
	arena_reset(arena);
	ck_assert(memory_get(map, arena, STR("kept"), &e));
	ck_assert(!e.head.primary);
	ck_assert_uint_gt(e.head.label, 0);
	ck_assert_int_eq(cache_through(cache, arena, &warm, NULL, "kept", &answer), RC_OK);
	ck_assert_int_eq(answer.source, SOURCE_MEMORY);
	arena_reset(arena);
	map_raise_xid(map, slot("list"), e.head.label); /* no gen: only V2 would stand */
	ck_assert_int_eq(cache_through(cache, arena, &warm, NULL, "kept", &answer), RC_OK);
	ck_assert_int_ne(answer.source, SOURCE_MEMORY);
	arena_reset(arena);
	ck_assert_uint_eq(state().reads[REPLICA_USED], 1);
	ck_assert_uint_gt(state().lag, 0);
}
END_TEST

START_TEST(hotter_tiers_are_the_primarys)
{
	ck_assert_int_eq(ask_of(&hot), SOURCE_DATABASE);
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
}
END_TEST

/* Reads until one does not even ask it; how many.  What keeps it from being asked lasts for
 * moments only, and this process may be kept waiting for longer. */
static uint64_t ask_until_spared(void)
{
	for (uint64_t n = 1; n < 100; n++) {
		int before = calls;

		ck_assert_int_eq(ask(), SOURCE_DATABASE);
		if (calls == before + 1)
			return n;
	}
	ck_abort_msg("it is always asked");
	return 0;
}

/* After the first of them its label is known: it is not even asked. */
START_TEST(what_it_has_not_got_the_primary_is_asked)
{
	map_raise_xid(map, slot("list"), UINT64_C(1) << 60);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(calls, 2);
	uint64_t n = ask_until_spared();
	ck_assert_uint_eq(state().reads[REPLICA_BEHIND], 1 + n);
	ck_assert_str_eq(state().status, "behind");
}
END_TEST

START_TEST(labels_below_the_floor_are_nothing)
{
	map_set_floor(map, UINT64_C(1) << 60);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

START_TEST(tags_it_found_count_too)
{
	found = 3;
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
	map_raise_xid(map, slot("u:2"), UINT64_C(1) << 60);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	found = TAGS_MAX + 1; /* more than can be judged */
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	found = 0;
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
}
END_TEST

START_TEST(without_a_lease_or_an_epoch_it_is_not_asked)
{
	map_end_lease(map);
	ck_assert_int_eq(ask(), SOURCE_BYPASS);
	map_extend_lease(map, clock_boot_ns() + LEASE_NS);
	map_void(map);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_int_eq(calls, 2);
}
END_TEST

static int greetings;
static enum rc greeted;

static enum rc greet(struct pg *to, void *ctx)
{
	(void)to;
	greetings += ctx == &greetings;
	return greeted;
}

START_TEST(connections_are_set_up)
{
	greetings = 0;
	greeted = RC_OK;
	replicas_on_connect(replicas, greet, &greetings);
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
	ck_assert_int_eq(greetings, 1);
	down();
	up();
	greeted = RC_UNAVAILABLE;
	replicas_on_connect(replicas, greet, &greetings);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
}
END_TEST

/* What fillers need to know is learned there. */
START_TEST(the_primary_was_connected_to_before)
{
	cache_connected(cache, 0);
	map_set_epoch(map, 7);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_USED], 0);
}
END_TEST

static void lose_connection(void)
{
	pg_disconnect(reading);
}

/* Where another connection is says nothing of what the lost one read. */
START_TEST(a_lost_connection_has_no_label)
{
	meanwhile = lose_connection;
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_FAILED], 1);
}
END_TEST

static void invalidate(void)
{
	map_raise_xid(map, slot("list"), UINT64_C(1) << 60);
}

static void void_all(void)
{
	map_void(map);
}

static void end_lease(void)
{
	map_end_lease(map);
}

/* What happens while it reads is looked at when it has read. */
START_TEST(things_may_change_meanwhile)
{
	void (*const what[])(void) = { invalidate, void_all, end_lease };

	meanwhile = what[_i];
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_BEHIND], 1);
	ck_assert_uint_eq(state().reads[REPLICA_USED], 0);
}
END_TEST

/* Of another system, or of another timeline of this one. */
START_TEST(another_line_is_refused)
{
	map_set_line(map, line_now() + 1, 1);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_REFUSED], 1);
	ck_assert_str_eq(state().status, "refused");
	uint64_t n = ask_until_spared(); /* the breaker is open */
	ck_assert_uint_eq(state().reads[REPLICA_REFUSED], n);
}
END_TEST

START_TEST(lines_are_systems_and_timelines)
{
	uint64_t line = epoch_line(STR("7/00000001"));

	ck_assert_uint_ne(line, 0);
	ck_assert_uint_eq(epoch_line(STR("7/00000001/5/abc")), line);
	ck_assert_uint_ne(epoch_line(STR("7/00000002/5/abc")), line);
	ck_assert_uint_ne(epoch_line(STR("8/00000001/5/abc")), line);
	ck_assert_uint_eq(epoch_line(STR("7")), 0);
	ck_assert_uint_eq(epoch_line(STR_NONE), 0);
}
END_TEST

START_TEST(a_primary_is_no_replica)
{
	down();
	up_with(live_pair_url(0));
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_REFUSED], 1);
}
END_TEST

/* One of two is away: the other one is asked, and the first again when it is back. */
START_TEST(the_next_one_in_turn)
{
	char urls[1024];

	down();
	snprintf(urls, sizeof(urls), " postgresql:///x?host=/nowhere  %s ", live_pair_url(1));
	up_with(urls);
	ck_assert_uint_eq(replicas_count(replicas), 2);
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	ck_assert_uint_eq(state().reads[REPLICA_FAILED], 1);
	for (int i = 0; i < 100 && ask() != SOURCE_REPLICA; i++)
		;
	for (int i = 0; i < 5; i++) /* it stays with who answered */
		ck_assert_int_eq(ask(), SOURCE_REPLICA);
}
END_TEST

START_TEST(what_one_learns_all_know)
{
	struct replicas *others;
	struct tag_list list;

	down();
	up_with("postgresql:///x?host=/nowhere");
	int64_t before_ns = clock_mono_ns();
	ck_assert_int_eq(ask(), SOURCE_DATABASE);
	others = replicas_new(&replica_options, &pg_options, map);
	tags_init(&list, map);
	ck_assert_ptr_null(replicas_take(others, &warm, &list, before_ns));
	ck_assert_ptr_nonnull(
		replicas_take(others, &warm, &list, clock_mono_ns() + INT64_C(60000000000)));
	replicas_free(others);
}
END_TEST

START_TEST(a_ping_finds_out)
{
	replicas_ping(replicas, clock_mono_ns());
	ck_assert_str_eq(state().status, "ok");
	ck_assert_int_ge(state().age_ns, 0);
	map_set_line(map, 1, 1);
	replicas_ping(replicas, clock_mono_ns());
	ck_assert_str_eq(state().status, "refused");
	ck_assert_uint_eq(state().reads[REPLICA_REFUSED], 0); /* nobody read */
}
END_TEST

static bool only_turn_is_free(void)
{
	int place = turn_begin(map, options.fills, 0);

	turn_end(map, place);
	return place >= 0;
}

static void no_turn_is_left(void)
{
	ck_assert(!only_turn_is_free());
}

/* A standby is a database like the primary: so many ask it at once, and who then asks the
 * primary has his turn already. */
START_TEST(a_read_of_it_takes_a_turn)
{
	options.fills = 1;
	meanwhile = no_turn_is_left;
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
	ck_assert(only_turn_is_free());
	found = 1;
	map_raise_xid(map, slot("u:0"), UINT64_C(1) << 60);
	ck_assert_int_eq(ask(), SOURCE_DATABASE); /* the standby was behind in what it found */
	ck_assert_int_eq(calls, 3);
	ck_assert(only_turn_is_free());
}
END_TEST

START_TEST(without_a_turn_it_is_not_asked)
{
	options.fills = 1;
	int place = turn_begin(map, 1, 0);

	ck_assert_int_eq(cache_through(cache, arena, &warm, NULL, "test:crowded", &answer),
			 RC_UNAVAILABLE);
	ck_assert_int_eq(calls, 0);
	turn_end(map, place);
	ck_assert_int_eq(ask(), SOURCE_REPLICA);
}
END_TEST

static const struct {
	const char *urls;
	enum rc rc;
	size_t count;
} lists[] = {
	{ "", RC_OK, 0 },
	{ "  ", RC_OK, 0 },
	{ "postgresql:///b?host=/a", RC_OK, 1 },
	{ "postgresql:///b?host=/a  postgresql:///c?host=/d,/e", RC_OK, 2 },
	{ "host=a dbname=b", RC_INVALID, 0 }, /* has spaces of its own */
	{ "postgresql://a/b?schema=c", RC_INVALID, 0 },
	{ "postgresql:///?host=/a postgresql:///?host=/a postgresql:///?host=/a "
	  "postgresql:///?host=/a postgresql:///?host=/a "
	  "postgresql:///?host=/a postgresql:///?host=/a postgresql:///?host=/a",
	  RC_OK, 8 },
	{ "postgresql:///?host=/a postgresql:///?host=/a postgresql:///?host=/a "
	  "postgresql:///?host=/a postgresql:///?host=/a "
	  "postgresql:///?host=/a postgresql:///?host=/a postgresql:///?host=/a "
	  "postgresql:///?host=/a",
	  RC_INVALID, 0 },
};

START_TEST(lists_of_urls)
{
	const char *why = "";

	ck_assert_int_eq(replicas_check(lists[_i].urls, &why), lists[_i].rc);
	if (lists[_i].rc != RC_OK) {
		ck_assert_str_ne(why, "");
		return;
	}
	down();
	up_with(lists[_i].urls);
	ck_assert_uint_eq(replicas_count(replicas), lists[_i].count);
	replicas_ping(replicas, clock_mono_ns());
}
END_TEST

static void start(void)
{
	live_pg_start();
	live_pair_start();
}

static void done(void)
{
	live_pair_done();
	live_pg_done();
}

static void suite_add(TCase *tc)
{
	const TTest *const tests[] = {
		it_is_asked_and_kept_by_label,
		hotter_tiers_are_the_primarys,
		what_it_has_not_got_the_primary_is_asked,
		labels_below_the_floor_are_nothing,
		tags_it_found_count_too,
		without_a_lease_or_an_epoch_it_is_not_asked,
		connections_are_set_up,
		a_lost_connection_has_no_label,
		the_primary_was_connected_to_before,
		another_line_is_refused,
		lines_are_systems_and_timelines,
		a_primary_is_no_replica,
		the_next_one_in_turn,
		what_one_learns_all_know,
		a_ping_finds_out,
		a_read_of_it_takes_a_turn,
		without_a_turn_it_is_not_asked,
	};

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, start, done);
	tcase_add_checked_fixture(tc, up, down);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, things_may_change_meanwhile, 0, 3);
	tcase_add_loop_test(tc, lists_of_urls, 0, COUNT_OF(lists));
}

SUITE_OF(suite_add)
