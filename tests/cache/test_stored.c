/* The database tier on a real server: copies under V1 alone, and whatever the table says. */
#include "../suite.h"
#include <stdio.h>
#include "base/clock.h"
#include "base/glob.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/stored.h"
#include "lib/live_pg.h"
#include "mapped.h"
#include "net/pg.h"

#define EPOCH UINT64_C(0x1122334455667788)

static const struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static const struct cache_options options = {
	.memory_on = true,
	.ttl_ms = { 0, 300000, 1800000, 86400000 },
	.negative_ttl_ms = 30000,
	.stored_on = true,
	.stored_ms = 86400000,
	.stored_bytes = 1 << 20,
};
static const struct str key = { "collections:{0xaa}:stats", 24 };
static struct metric_cells cells;
static struct pg *pg;
static struct stored *stored;
static struct tag_list tags;

static void up(void)
{
	map_up();
	map_set_epoch(map, EPOCH);
	metric_attach(&cells);
	cells = (struct metric_cells){ 0 };
	pg = pg_new(&pg_options, live_pg_url());
	stored = stored_new(&options, map, pg);
	live_pg_sql("TRUNCATE such_market.cache_answers;"
		    "DELETE FROM such_market.cache_events");
	tags_init(&tags, map);
	tags_add(&tags, TAG_LIST, NULL, STR_NONE);
}

static void down(void)
{
	stored_free(stored);
	pg_free(pg);
	metric_attach(NULL);
	map_down();
}

static struct entry made(struct str at, uint64_t label, const char *body)
{
	struct entry_tag *t = arena_zalloc(arena, sizeof(*t));

	*t = (struct entry_tag){ tags.tag[0].hash, 77, tags.tag[0].slot, 1 };
	return (struct entry){
		.head = { .rc = RC_OK,
			  .tier = TIER_WARM,
			  .tags = 1,
			  .label = label,
			  .epoch = EPOCH,
			  .era = 99,
			  .primary = 1,
			  .made_us = clock_wall_us(),
			  .etag = "\"x\"" },
		.tag = t,
		.key = at,
		.body = str_of(body),
	};
}

static void put_label(uint64_t label, const char *body)
{
	struct entry e = made(key, label, body);

	stored_put(stored, arena, &e);
}

static bool get_is(const char *body)
{
	struct entry e;

	return stored_get(stored, arena, key, &e) && str_eqz(e.body, body);
}

static bool get_any(void)
{
	struct entry e;

	return stored_get(stored, arena, key, &e);
}

static int64_t rows(void)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(pg, "SELECT count(*) FROM such_market.cache_answers");

	ck_assert_int_eq(row.rc, RC_OK);
	return pg_i64(&row, 0, 0);
}

START_TEST(a_copy_comes_back_as_it_was)
{
	struct entry e;
	int64_t now_ns = clock_boot_ns();

	ck_assert(!get_any());
	put_label(100, "{\"n\":\"\x01 \\\\x \"}");
	ck_assert(stored_get(stored, arena, key, &e));
	ck_assert(str_eqz(e.body, "{\"n\":\"\x01 \\\\x \"}"));
	ck_assert_uint_eq(e.head.label, 100);
	ck_assert_uint_eq(e.head.era, map_era(map));
	ck_assert_uint_eq(e.head.primary, 0);
	ck_assert_uint_eq(e.tag[0].certain, 0);
	ck_assert_uint_eq(e.tag[0].slot, tags.tag[0].slot);
	/* In memory it lives as long as any of its tier. */
	ck_assert_int_gt(e.head.expires_ns, now_ns + INT64_C(1700000000000));
	ck_assert_int_le(e.head.expires_ns, clock_boot_ns() + INT64_C(1800000000000));
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_hits], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_misses], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_writes], 1);
}
END_TEST

START_TEST(labels_and_floor_decide)
{
	put_label(100, "old");
	map_raise_xid(map, tags.tag[0].slot, 99);
	ck_assert(get_is("old"));
	map_raise_xid(map, tags.tag[0].slot, 100);
	ck_assert(!get_any());
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_rejected], 1);
	put_label(100, "useless"); /* stays here */
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_writes], 1);
	put_label(200, "new");
	ck_assert(get_is("new"));
	put_label(150, "between");
	ck_assert(get_is("new"));
	map_set_floor(map, 200);
	ck_assert(!get_any());
}
END_TEST

START_TEST(epochs_decide)
{
	put_label(100, "of before");
	map_set_epoch(map, EPOCH + 1);
	ck_assert(!get_any());
	/* Another history begins again with smaller numbers. */
	struct entry e = made(key, 5, "of now");
	e.head.epoch = EPOCH + 1;
	stored_put(stored, arena, &e);
	ck_assert(get_is("of now"));
	map_set_epoch(map, 0);
	ck_assert(!get_any());
}
END_TEST

START_TEST(damage_is_a_miss)
{
	put_label(100, "sound");
	live_pg_sql("UPDATE such_market.cache_answers SET value = set_byte(value, 60,"
		    " 255 - get_byte(value, 60))");
	ck_assert(!get_any());
	live_pg_sql("UPDATE such_market.cache_answers SET value = ''");
	ck_assert(!get_any());
	live_pg_sql("UPDATE such_market.cache_answers SET value = '\\x00'");
	ck_assert(!get_any());
	put_label(101, "sound");
	live_pg_sql("UPDATE such_market.cache_answers SET key = 'another'");
	struct entry e;
	ck_assert(!stored_get(stored, arena, STR("another"), &e));
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 0);
}
END_TEST

START_TEST(it_is_good_for_its_time)
{
	struct entry e = made(key, 100, "{}");

	e.head.made_us -= (options.stored_ms + 1000) * 1000;
	stored_put(stored, arena, &e);
	ck_assert(!get_any());
	e.head.made_us += 60000000;
	e.head.label++;
	stored_put(stored, arena, &e);
	ck_assert(stored_get(stored, arena, key, &e));
	ck_assert_int_lt(e.head.expires_ns, clock_boot_ns() + INT64_C(60000000000));
}
END_TEST

START_TEST(it_is_kept_within_bounds)
{
	char body[65537];

	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		struct entry e = made(key_of(i), 100, body);
		stored_put(stored, arena, &e);
	}
	ck_assert_int_eq(rows(), 20);
	stored_prune(stored);
	ck_assert_int_eq(rows(), 15); /* a megabyte of them: the latest */
	struct entry e;
	ck_assert(stored_get(stored, arena, key_of(19), &e));
	ck_assert(!stored_get(stored, arena, key_of(0), &e));
	live_pg_sql("UPDATE such_market.cache_answers SET made_at = made_at - interval '2 days'"
		    " WHERE key <= 'such-market:test:14'");
	stored_prune(stored);
	ck_assert_int_lt(rows(), 15);
	ck_assert_int_gt(rows(), 0);
	map_set_epoch(map, EPOCH + 1);
	stored_prune(stored);
	ck_assert_int_eq(rows(), 0);
}
END_TEST

static const char *const keys_kept[] = { "collections:{0xaa}:stats", "collections:{0xab}:stats",
					 "collections:{0xaa}:a_b",   "collections:{0xaa}:axb",
					 "traits:{0xaa}:100%",       "traits:{0xaa}:1000",
					 "traits:{0xaa}:[x]",        "traits:{0xaa}:\\",
					 "owners:{0xaa}:q:00ff" };

static const struct {
	const char *glob;
	int left;
} forgotten[] = {
	{ "collections:{0xaa}:stats", 8 },
	{ "collections:*:stats", 7 },
	{ "collections:*", 5 },
	{ "*", 0 },
	{ "nfts:*", 9 },
	{ "stats", 9 },
	{ "*:a_b", 8 },
	{ "*:100%", 8 },
	{ "collections:{0xa?}:stats", 7 },
	{ "collections:{0xa[b-z]}:stats", 7 }, /* wider than it says: LIKE has no classes */
	{ "traits:*:[^1]x]", 8 },
	{ "traits:*:\\[x\\]", 8 },
	{ "traits:*:\\\\", 8 },
	{ "*[\\]]", 0 }, /* any character at the end */
	{ "owners:*:q:[0-9]*", 8 },
};

/* What a glob is to clear is gone with the transaction that says so. */
START_TEST(what_a_glob_matches_is_forgotten)
{
	struct str glob = str_of(forgotten[_i].glob);
	struct entry e;

	for (size_t i = 0; i < COUNT_OF(keys_kept); i++) {
		e = made(str_of(keys_kept[i]), 100, "{}");
		stored_put(stored, arena, &e);
	}
	ck_assert_int_eq(rows(), COUNT_OF(keys_kept));
	struct str tags_text = arena_printf(arena, "~" STR_FMT "\nlist", STR_ARG(glob));
	SCOPED(pg_result_done)
	struct pg_result done =
		pg_run(pg, STMT_write_invalidate, PG_ARGS(pg_text(tags_text.ptr)));
	ck_assert_int_eq(done.rc, RC_OK);
	for (size_t i = 0; i < COUNT_OF(keys_kept); i++) {
		struct str at = str_of(keys_kept[i]);

		if (glob_match(glob, at))
			ck_assert(!stored_get(stored, arena, at, &e));
	}
	ck_assert_int_eq(rows(), forgotten[_i].left);
}
END_TEST

static void invalidate(struct pg *with, const char *lines)
{
	SCOPED(pg_result_done)
	struct pg_result done = pg_run(with, STMT_write_invalidate, PG_ARGS(pg_text(lines)));

	ck_assert_int_eq(done.rc, RC_OK);
}

static int64_t last_xid(void)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(pg, "SELECT max(xid)::text::bigint FROM such_market.cache_events");

	return pg_i64(&row, 0, 0);
}

/* A memory that no relay has walked yet still has it: it does not come back from there. */
START_TEST(what_was_made_before_a_glob_stays_away)
{
	struct entry other = made(STR("nfts:{0xaa}:7"), 100, "{}"), e;

	put_label(100, "old");
	invalidate(pg, "list\n~collections:*:stats");
	put_label(100, "old");
	ck_assert(!get_any());
	stored_put(stored, arena, &other);
	ck_assert(stored_get(stored, arena, other.key, &e));
	invalidate(pg, "list\nu:7");
	put_label((uint64_t)last_xid() - 1, "made since");
	ck_assert(get_is("made since"));
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 0);
}
END_TEST

static void run(struct pg *with, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(with, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(with));
}

/* While somebody keeps the transaction of a glob open, nothing comes, and nobody waits. */
START_TEST(a_glob_that_is_open_stops_nobody)
{
	struct pg *other = pg_new(&pg_options, live_pg_url());

	put_label(100, "old");
	run(other, "BEGIN");
	invalidate(other, "list\n~collections:*");
	run(pg, "SET lock_timeout = '1ms'");
	put_label(101, "meanwhile");
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 0);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_writes], 1);
	/* Other globs come and go. */
	invalidate(pg, "list\n~users:*");
	run(other, "COMMIT");
	ck_assert(!get_any());
	put_label(101, "meanwhile");
	ck_assert(!get_any());
	put_label((uint64_t)last_xid() + 1, "made since");
	ck_assert(get_is("made since"));
	pg_free(other);
}
END_TEST

#define PUT_OLD                                                                                \
	"SELECT such_market.answers_put('collections:{0xaa}:stats', repeat('0', 16), '100',"   \
	" '\\x00')"

/* What is being put when a glob comes is seen by it: it waits for that. */
START_TEST(a_glob_waits_for_a_put)
{
	struct pg *other = pg_new(&pg_options, live_pg_url());

	run(other, "BEGIN; " PUT_OLD);
	run(pg, "SET lock_timeout = '20ms'");
	SCOPED(pg_result_done)
	struct pg_result early =
		pg_run(pg, STMT_write_invalidate, PG_ARGS(pg_text("~collections:*")));
	ck_assert_str_eq(pg_sqlstate(pg), "55P03");
	run(other, "COMMIT");
	ck_assert_int_eq(rows(), 1);
	invalidate(pg, "~collections:*");
	ck_assert_int_eq(rows(), 0);
	pg_free(other);
}
END_TEST

/* It would miss what was put since its snapshot. */
START_TEST(a_glob_in_an_older_snapshot_is_refused)
{
	struct pg *other = pg_new(&pg_options, live_pg_url());

	run(other, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
	put_label(100, "{}");
	SCOPED(pg_result_done)
	struct pg_result blind =
		pg_run(other, STMT_write_invalidate, PG_ARGS(pg_text("~collections:*")));
	ck_assert_str_eq(pg_sqlstate(other), "0A000");
	pg_free(other);
}
END_TEST

/* VACUUM and ANALYZE hold this lock, by themselves too. */
START_TEST(vacuum_is_in_no_globs_way)
{
	struct pg *vacuum = pg_new(&pg_options, live_pg_super_url());

	put_label(100, "{}");
	run(vacuum, "BEGIN; LOCK TABLE such_market.cache_answers IN SHARE UPDATE EXCLUSIVE "
		    "MODE");
	run(pg, "SET lock_timeout = '20ms'");
	invalidate(pg, "~collections:*");
	ck_assert(!get_any());
	pg_free(vacuum);
}
END_TEST

START_TEST(a_crash_empties_it_and_it_goes_on)
{
	put_label(100, "{}");
	ck_assert(get_any());
	live_pg_crash();
	live_pg_resume();
	/* The connection is lost; the tier is left alone for a moment, then there is nothing.
	 */
	ck_assert(!get_any());
	stored_free(stored);
	stored = stored_new(&options, map, pg);
	while (pg_connect(pg) != RC_OK)
		;
	ck_assert_int_eq(rows(), 0);
	ck_assert(!get_any());
	put_label(101, "{}");
	ck_assert(get_any());
}
END_TEST

START_TEST(what_fails_is_left_alone)
{
	live_pg_sql("REVOKE SELECT ON such_market.cache_answers FROM such_market_app");
	for (int i = 0; i < 5; i++)
		ck_assert(!get_any());
	put_label(100, "{}");
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 1);
	live_pg_sql("GRANT SELECT ON such_market.cache_answers TO such_market_app");
	ck_assert_int_eq(rows(), 0);
}
END_TEST

/* It is housekeeping: whoever does it has other things to do, and no more to say. */
START_TEST(what_cannot_be_removed_is_counted)
{
	put_label(100, "{}");
	map_set_epoch(map, EPOCH + 1);
	live_pg_sql("REVOKE EXECUTE ON FUNCTION such_market.cache_answers_prune"
		    " FROM such_market_app");
	stored_prune(stored);
	stored_prune(stored);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 1);
	ck_assert_int_eq(rows(), 1);
	live_pg_sql("GRANT EXECUTE ON FUNCTION such_market.cache_answers_prune"
		    " TO such_market_app");
}
END_TEST

/* Removing many may take longer than a request waits for a statement. */
START_TEST(removing_has_a_deadline_of_its_own)
{
	static const struct pg_options brief = { .connect_ms = 5000, .deadline_ms = 100 };
	struct pg *own = pg_new(&brief, live_pg_url());
	struct stored *pruning = stored_new(&options, map, own);

	put_label(100, "{}");
	map_set_epoch(map, EPOCH + 1);
	live_pg_sql("CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS"
		    " $$BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END$$;"
		    "CREATE TRIGGER dawdle AFTER DELETE ON such_market.cache_answers"
		    " EXECUTE FUNCTION public.dawdle()");
	stored_prune(pruning);
	live_pg_sql("DROP FUNCTION public.dawdle CASCADE");
	ck_assert_uint_eq(cells.counter[COUNTER_cache_stored_errors], 0);
	ck_assert_int_eq(rows(), 0);
	SCOPED(pg_result_done) struct pg_result slow = pg_exec(own, "SELECT pg_sleep(0.4)");
	ck_assert_int_eq(slow.rc, RC_TIMEOUT);
	stored_free(pruning);
	pg_free(own);
}
END_TEST

START_TEST(off)
{
	struct cache_options none = options;
	struct entry e;

	none.stored_on = false;
	ck_assert_ptr_null(stored_new(&none, map, pg));
	ck_assert_ptr_null(stored_new(&options, NULL, pg));
	ck_assert(!stored_get(NULL, arena, key, &e));
	stored_prune(NULL);
}
END_TEST

static void add_all(TCase *tc)
{
	const TTest *tests[] = { a_copy_comes_back_as_it_was,
				 labels_and_floor_decide,
				 epochs_decide,
				 damage_is_a_miss,
				 it_is_good_for_its_time,
				 it_is_kept_within_bounds,
				 what_was_made_before_a_glob_stays_away,
				 a_glob_that_is_open_stops_nobody,
				 a_glob_waits_for_a_put,
				 a_glob_in_an_older_snapshot_is_refused,
				 vacuum_is_in_no_globs_way,
				 a_crash_empties_it_and_it_goes_on,
				 what_fails_is_left_alone,
				 what_cannot_be_removed_is_counted,
				 removing_has_a_deadline_of_its_own,
				 off };

	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < COUNT_OF(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, what_a_glob_matches_is_forgotten, 0, (int)COUNT_OF(forgotten));
}

SUITE_OF(add_all)
