/* The order of a write, and what the mapping knows when. */
#include "../suite.h"
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "cache/write.h"
#include "lib/child.h"
#include "lib/commit_hold.h"
#include "lib/live_pg.h"
#include "lib/live_redis.h"
#include "mapped.h"
#include "net/epoch.h"
#include "net/pg.h"
#include "net/redis.h"

#define TAG "u:7"

static struct pg_options pg_options = { .connect_ms = 5000, .deadline_ms = 20000 };
static struct pg *pg;
static struct cache *cache;
static uint64_t epoch;
static uint32_t slot;

/* What a write does. */
struct script {
	const char *sql;
	enum rc rc; /* and then says */
	const char *earlier;
	const char *once;
	uint64_t xid;
	bool raised; /* when body ran, the slot knew already */
	int runs;
};

static enum rc body(struct pg *conn, void *ctx, struct buf *ret_earlier)
{
	struct script *s = ctx;
	SCOPED(pg_result_done) struct pg_result done = pg_exec(conn, s->sql);
	SCOPED(pg_result_done)
	struct pg_result xid = pg_exec(conn, "SELECT pg_current_xact_id()");

	if (done.rc != RC_OK)
		return done.rc;
	s->runs++;
	s->xid = (uint64_t)pg_i64(&xid, 0, 0);
	s->raised = map_xid(map, slot) >= s->xid;
	buf_adds(ret_earlier, str_of(s->earlier));
	return s->rc;
}

static enum rc run(struct script *script)
{
	struct cache_write write = {
		.body = body, .ctx = script, .once = script->once, .deadline_ms = 10000
	};
	bool unknown = true;
	enum rc rc = cache_write(cache, arena, pg, &write, &unknown);

	ck_assert(!unknown);
	return rc;
}

static bool tells(struct script *script)
{
	bool told = false, unknown = true;
	struct cache_write write = {
		.body = body, .ctx = script, .deadline_ms = 10000, .told = &told
	};

	ck_assert_int_eq(cache_write(cache, arena, pg, &write, &unknown), RC_OK);
	return told;
}

static void up(void)
{
	map_up();
	pg = pg_new(&pg_options, live_pg_url());
	ck_assert_int_eq(epoch_read(pg, &epoch), RC_OK);
	cache = cache_new(NULL, map, pg);
	map_set_epoch(map, epoch);
	slot = map_slot_of(map, tag_hash(STR(TAG)));
}

static void down(void)
{
	cache_free(cache);
	pg_free(pg);
	map_down();
}

#define EMIT "SELECT such_market.cache_invalidate('{" TAG "}')"

START_TEST(the_mapping_knows_a_write_when_it_is_acknowledged)
{
	struct script s = { .sql = EMIT };

	up();
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_int_eq(s.runs, 1);
	ck_assert(!s.raised);
	ck_assert_uint_eq(map_xid(map, slot), s.xid);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	ck_assert_uint_eq(map_writes(map), 1);
	ck_assert_uint_eq(map_epoch(map), epoch);
	down();
}
END_TEST

START_TEST(a_write_that_fails_changes_nothing_that_counts)
{
	struct script refused = { .sql = EMIT, .rc = RC_UNPROCESSABLE };
	struct script broken = { .sql = "SELECT 1/0" };

	up();
	ck_assert_int_eq(run(&refused), RC_UNPROCESSABLE);
	ck_assert_int_eq(run(&broken), RC_INVALID);
	ck_assert_uint_eq(map_gen(map, slot), 0);
	ck_assert_uint_eq(map_writes(map), 0);
	ck_assert_uint_eq(map_xid(map, slot), 0);
	down();
}
END_TEST

START_TEST(many_tags_and_events_are_all_raised)
{
	struct script s = { .sql = "SELECT such_market.cache_invalidate(array_agg('u:' || n))"
				   " FROM generate_series(1, 300) AS n GROUP BY n % 3" };

	up();
	ck_assert_int_eq(run(&s), RC_OK);
	for (int i = 1; i <= 300; i++) {
		struct str tag = arena_printf(arena, "u:%d", i);
		uint32_t at = map_slot_of(map, tag_hash(tag));

		ck_assert_uint_eq(map_xid(map, at), s.xid);
		ck_assert_uint_ge(map_gen(map, at), 1);
	}
	ck_assert_uint_eq(map_writes(map), 1);
	down();
}
END_TEST

START_TEST(what_another_transaction_did_before_is_raised_too)
{
	struct script first = { .sql = EMIT }, again = { .sql = "SELECT 1" };

	up();
	struct cache_map *here = map;
	struct cache *elsewhere = cache_new(NULL, NULL, pg), *own = cache;
	cache = elsewhere;
	ck_assert_int_eq(run(&first), RC_OK);
	ck_assert_uint_eq(map_xid(here, slot), 0);
	cache = own;
	again.earlier = arena_printf(arena, "{%" PRIu64 "}", first.xid).ptr;
	ck_assert_int_eq(run(&again), RC_OK);
	ck_assert_uint_eq(map_xid(map, slot), first.xid);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	cache_free(elsewhere);
	down();
}
END_TEST

/* How many keys Redis has. */
static int64_t keys_in(struct redis *redis)
{
	struct str word = STR("DBSIZE");
	struct redis_command command = { .word = &word, .words = 1 };
	struct redis_reply reply;

	ck_assert_int_eq(redis_run(redis, arena, &command, 1, &reply), RC_OK);
	return reply.integer;
}

START_TEST(redis_is_told_of_what_was_committed)
{
	struct redis_options wire = { .connect_ms = 2000,
				      .budget_ms = 2000,
				      .url = live_redis_url() };
	struct cache_options options = { .redis_prefix = "such-market" };
	struct script s = { .sql = "SELECT such_market.cache_invalidate('{" TAG ",list}')" };
	struct script none = { .sql = "SELECT 1" };
	struct script refused = { .sql = EMIT, .rc = RC_UNPROCESSABLE };

	up();
	struct redis *redis = redis_new(&wire);
	struct redis_tier *tier = redis_tier_new(&options, map, redis);
	cache_set_redis(cache, tier);
	ck_assert_int_eq(run(&none), RC_OK);
	ck_assert_int_eq(run(&refused), RC_UNPROCESSABLE);
	ck_assert_int_eq(keys_in(redis), 0);
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_int_gt(keys_in(redis), 0);
	redis_tier_free(tier);
	redis_free(redis);
	down();
}
END_TEST

START_TEST(a_mapping_of_another_history_serves_nothing)
{
	struct script s = { .sql = EMIT };

	up();
	map_set_epoch(map, epoch + 1);
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_uint_eq(map_epoch(map), 0);
	/* The write itself begins another one. */
	map_set_epoch(map, epoch);
	s.sql = "SELECT such_market.cache_clear_all()";
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_uint_eq(map_epoch(map), 0);
	down();
}
END_TEST

START_TEST(what_cannot_be_named_voids_all)
{
	static const char *const tags[] = { "'{}'", "'{nonsense}'", "'{u:7,zz:1}'" };

	up();
	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		struct script s = {
			.sql = arena_printf(arena, "SELECT such_market.cache_invalidate(%s)",
					    tags[i])
				       .ptr
		};
		uint64_t era = map_era(map);

		ck_assert_int_eq(run(&s), RC_OK);
		ck_assert_uint_eq(map_epoch(map), 0);
		ck_assert_uint_gt(map_era(map), era);
		map_set_epoch(map, epoch);
	}
	/* They are in no relay's way. */
	live_pg_sql("DELETE FROM such_market.cache_events WHERE kind = 'cache_cleared'");
	down();
}
END_TEST

/* --- while it stands in COMMIT, as long as the test says ------------- */

static const char *setting_of(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(pg, sql);

	ck_assert_int_eq(row.rc, RC_OK);
	return arena_strz(arena, pg_str(&row, 0, 0));
}

static void await(const char *sql, const char *want)
{
	int64_t until = clock_mono_ns() + INT64_C(20000000000);

	while (strcmp(setting_of(sql), want) != 0) {
		ck_assert_msg(clock_mono_ns() < until, "%s: not %s", sql, want);
		poll(NULL, 0, 2);
	}
}

/* A process of its own, with the same mapping. */
static pid_t write_of(struct script *s, const char *failpoints)
{
	pid_t child = child_fork();
	if (child)
		return child;
	setenv("SUCH_MARKET_FP", failpoints, 1);
	pg = pg_new(&pg_options, live_pg_url());
	_exit(run(s) != RC_OK || s->runs != 1);
}

static pid_t write_apart(const char *failpoints)
{
	return write_of(&(struct script){ .sql = EMIT }, failpoints);
}

static int end_of(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(slots_know_before_commit_and_generations_after)
{
	up();
	commits_hold();
	pid_t child = write_apart("");
	commits_await(false);
	ck_assert_uint_gt(map_xid(map, slot), 0);
	ck_assert_uint_eq(map_gen(map, slot), 0);
	ck_assert_uint_eq(map_writes(map), 0);
	commits_release();
	ck_assert_int_eq(end_of(child), 0);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	ck_assert_uint_eq(map_writes(map), 1);
	down();
}
END_TEST

/* Whoever is killed in COMMIT has raised what voids copies by their labels. */
START_TEST(a_writer_that_dies_in_commit_leaves_its_slots)
{
	up();
	commits_hold();
	pid_t child = write_apart("");
	commits_await(false);
	kill(child, SIGKILL);
	ck_assert(WIFSIGNALED(end_of(child)));
	commits_release();
	ck_assert_uint_gt(map_xid(map, slot), 0);
	await("SELECT count(*) > 0 FROM such_market.cache_events WHERE '" TAG "' = ANY (tags)",
	      "t");
	down();
}
END_TEST

/* It happened, and nobody said so: found out by its row, done once, and known here. */
START_TEST(a_commit_without_a_reply_is_looked_up)
{
	struct script s = { .sql = EMIT, .once = "test" };

	up();
	commits_hold();
	pid_t child = write_of(&s, "");
	commits_await(true);
	commits_release();
	ck_assert_int_eq(end_of(child), 0);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	ck_assert_str_eq(setting_of("SELECT count(*) FROM such_market.idempotency"
				    " WHERE route = 'test' AND NOT given"),
			 "1");
	down();
}
END_TEST

/* Whether nobody knows what became of it, in a process of its own. */
static pid_t write_in_doubt(void)
{
	struct script s = { .sql = EMIT, .once = "doubt" };
	struct cache_write write = {
		.body = body, .ctx = &s, .once = s.once, .deadline_ms = 4000
	};
	bool unknown = false;
	pid_t child = child_fork();

	if (child)
		return child;
	pg = pg_new(&pg_options, live_pg_url());
	enum rc rc = cache_write(cache, arena, pg, &write, &unknown);
	_exit(rc != RC_UNAVAILABLE || !unknown);
}

/* What the attempt before saw of its row says nothing of a COMMIT that came after. */
START_TEST(a_commit_that_cannot_be_looked_up_is_unknown)
{
	up();
	commits_hold();
	pid_t child = write_in_doubt();
	commits_await(false);
	live_pg_sql("SET synchronous_commit = local; ALTER ROLE such_market_app NOLOGIN");
	commits_await(true);
	int status = end_of(child);
	live_pg_sql("SET synchronous_commit = local; ALTER ROLE such_market_app LOGIN");
	commits_release();
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(setting_of("SELECT count(*) FROM such_market.idempotency"
				    " WHERE route = 'doubt'"),
			 "1");
	down();
}
END_TEST

/* Only relays can follow a glob; whether Redis could wake them is said nevertheless. */
START_TEST(redis_is_told_of_a_glob)
{
	struct redis_options wire = { .connect_ms = 2000,
				      .budget_ms = 2000,
				      .url = live_redis_url() };
	struct cache_options options = { .redis_prefix = "such-market" };
	struct script glob = { .sql = "SELECT such_market.cache_invalidate('{~users:*}')" };
	struct script nothing = { .sql = "SELECT 1" };

	up();
	struct redis *redis = redis_new(&wire);
	struct redis_tier *tier = redis_tier_new(&options, map, redis);
	cache_set_redis(cache, tier);
	ck_assert(tells(&glob));
	live_redis_stop();
	ck_assert(!tells(&glob));
	ck_assert(tells(&nothing)); /* there was nothing to tell */
	live_redis_resume();
	redis_tier_free(tier);
	redis_free(redis);
	down();
}
END_TEST

/* A word of the command line where no server runs. */
START_TEST(redis_is_told_without_a_mapping_too)
{
	struct redis_options wire = { .connect_ms = 2000,
				      .budget_ms = 2000,
				      .url = live_redis_url() };
	struct cache_options options = { .redis_prefix = "elsewhere" };
	struct script s = { .sql = EMIT };

	up();
	struct redis *redis = redis_new(&wire);
	struct redis_tier *tier = redis_tier_new(&options, NULL, redis);
	struct cache *own = cache;
	int64_t before = keys_in(redis);
	cache = cache_new(&options, NULL, pg);
	cache_set_redis(cache, tier);
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_int_eq(keys_in(redis), before + 1);
	cache_free(cache);
	cache = own;
	redis_tier_free(tier);
	redis_free(redis);
	down();
}
END_TEST

/* What a rule adds to an event is raised with it: before COMMIT, and after. */
START_TEST(rules_add_to_what_is_raised)
{
	static const struct cache_options ruled = { .memory_on = true,
						    .redis_prefix = "such-market",
						    .rules = "fc_users:* -> u:{fid}, " TAG };
	struct script s = { .sql = "INSERT INTO such_market.fc_users (fid) VALUES (4242)" };

	up();
	struct cache *own = cache;
	cache = cache_new(&ruled, map, pg);
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_uint_eq(map_xid(map, slot), s.xid);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	cache_free(cache);
	cache = own;
	down();
}
END_TEST

/* It voids memory at once; copies elsewhere, of the same epoch and of slots that nobody could
 * raise, are under the floor when the relay has named that epoch again. */
START_TEST(what_a_rule_cannot_name_is_under_the_floor)
{
	static const struct cache_options ruled = {
		.memory_on = true,
		.redis_prefix = "such-market",
		.rules = "collections:update -> r:{contract}"
	};
	struct script s = { .sql = "UPDATE such_market.collections SET name = name || '!'" };
	struct script none = { .sql = EMIT };

	up();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, name)"
		    " SELECT decode(lpad(to_hex(n), 40, '0'), 'hex'), 'n'"
		    " FROM generate_series(1, 101) AS n");
	struct cache *own = cache;
	cache = cache_new(&ruled, map, pg);
	uint64_t era = map_era(map);
	ck_assert_int_eq(run(&s), RC_OK);
	ck_assert_uint_gt(map_era(map), era);
	map_set_epoch(map, epoch); /* as the next poll does */
	ck_assert_uint_eq(map_floor(map), s.xid);
	ck_assert(!map_label_ok(map, slot, s.xid));
	ck_assert(map_label_ok(map, slot, s.xid + 1));
	/* The next one is no such write. */
	ck_assert_int_eq(run(&none), RC_OK);
	ck_assert_uint_eq(map_floor(map), s.xid);
	ck_assert_uint_eq(map_epoch(map), epoch);
	cache_free(cache);
	cache = own;
	live_pg_sql("DELETE FROM such_market.collections");
	down();
}
END_TEST

/* What went another way is known here before it is acknowledged as a whole: of transactions
 * that were open when it began, too. */
START_TEST(what_was_committed_since_is_settled)
{
	struct buf since;

	up();
	struct pg *other = pg_new(&pg_options, live_pg_url());
	buf_init(&since, arena, BUF_NO_MAX);
	live_pg_sql("SELECT such_market.cache_invalidate('{u:70}')");
	SCOPED(pg_result_done)
	struct pg_result open = pg_exec(other, "BEGIN; " EMIT);
	ck_assert_int_eq(open.rc, RC_OK);
	ck_assert_int_eq(cache_since(pg, &since), RC_OK);
	live_pg_sql("SELECT such_market.cache_invalidate('{u:71}')");
	SCOPED(pg_result_done) struct pg_result end = pg_exec(other, "COMMIT");
	ck_assert_int_eq(end.rc, RC_OK);
	ck_assert_int_eq(cache_settle(cache, arena, pg, since.ptr), RC_OK);
	ck_assert_uint_gt(map_xid(map, slot), 0);
	ck_assert_uint_eq(map_gen(map, slot), 1);
	ck_assert_uint_eq(map_gen(map, map_slot_of(map, tag_hash(STR("u:71")))), 1);
	ck_assert_uint_eq(map_gen(map, map_slot_of(map, tag_hash(STR("u:70")))), 0);
	ck_assert_uint_eq(map_writes(map), 1);
	ck_assert_uint_eq(map_epoch(map), epoch);
	pg_free(other);
	down();
}
END_TEST

#ifdef ENABLE_FAILPOINTS
static const struct {
	const char *point;
	bool raised, committed, counted, gen;
} deaths[] = {
	{ "before_bump:kill", false, false, false, false },
	{ "before_commit:kill", true, false, false, false },
	{ "after_commit:kill", true, true, false, false },
	{ "before_gen:kill", true, true, true, false },
	{ "before_ack:kill", true, true, true, true },
};

START_TEST(each_place_to_die_leaves_what_was_done)
{
	up();
	live_pg_sql("DELETE FROM such_market.cache_events");
	ck_assert(WIFSIGNALED(end_of(write_apart(deaths[_i].point))));
	await("SELECT count(*) FROM pg_stat_activity WHERE usename = 'such_market_app'", "1");
	ck_assert_int_eq(map_xid(map, slot) > 0, deaths[_i].raised);
	ck_assert_uint_eq(map_writes(map), deaths[_i].counted);
	ck_assert_uint_eq(map_gen(map, slot), deaths[_i].gen);
	ck_assert_str_eq(setting_of("SELECT count(*) FROM such_market.cache_events"),
			 deaths[_i].committed ? "1" : "0");
	down();
}
END_TEST
#endif

static void all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_unchecked_fixture(tc, live_redis_start, live_redis_done);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_mapping_knows_a_write_when_it_is_acknowledged);
	tcase_add_test(tc, a_write_that_fails_changes_nothing_that_counts);
	tcase_add_test(tc, many_tags_and_events_are_all_raised);
	tcase_add_test(tc, what_another_transaction_did_before_is_raised_too);
	tcase_add_test(tc, redis_is_told_of_what_was_committed);
	tcase_add_test(tc, a_mapping_of_another_history_serves_nothing);
	tcase_add_test(tc, what_cannot_be_named_voids_all);
	tcase_add_test(tc, slots_know_before_commit_and_generations_after);
	tcase_add_test(tc, a_writer_that_dies_in_commit_leaves_its_slots);
	tcase_add_test(tc, a_commit_without_a_reply_is_looked_up);
	tcase_add_test(tc, a_commit_that_cannot_be_looked_up_is_unknown);
	tcase_add_test(tc, redis_is_told_of_a_glob);
	tcase_add_test(tc, redis_is_told_without_a_mapping_too);
	tcase_add_test(tc, rules_add_to_what_is_raised);
	tcase_add_test(tc, what_a_rule_cannot_name_is_under_the_floor);
	tcase_add_test(tc, what_was_committed_since_is_settled);
#ifdef ENABLE_FAILPOINTS
	tcase_add_loop_test(tc, each_place_to_die_leaves_what_was_done, 0,
			    (int)COUNT_OF(deaths));
#endif
}

SUITE_OF(all)
