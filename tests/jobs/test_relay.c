/* The relay on a real server: what it applies, when it holds the lease, what voids the copies.
 */
#include "lib/await.h"
#include "lib/child.h"
#include "suite.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/tmp.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/scope.h"
#include "cache/layout.h"
#include "cache/map.h"
#include "cache/memory.h"
#include "cache/tag.h"
#include "jobs/relay.h"
#include "jobs/relay_walk.h"
#include "lib/live_pg.h"
#include "net/epoch.h"
#include "net/pg.h"

#define MEMORY (16 << 20)
#define A      "\\xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_A  "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_1  "0x0101010101010101010101010101010101010101"
#define HEX_2  "0x0202020202020202020202020202020202020202"
static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 10000 };
static const struct relay_options kept = { .interval_ms = 100,
					   .keep_ms = 90000000,
					   .requests_ms = 86400000 };
static struct cache_map *map;
static struct metric_cells cells;

/* Connections of the test's relays, which only borrow them. */
static struct pg *wires[4];
static size_t wire_count;

static struct pg *wire(void)
{
	ck_assert_uint_lt(wire_count, COUNT_OF(wires));
	return wires[wire_count++] = pg_new(&options, live_pg_url());
}

static struct relay *relay_here(void)
{
	return relay_new(wire(), map, "here", &kept);
}

static void map_new(void)
{
	const char *error = NULL;

	ck_assert_int_eq(cache_map_create(tmp_path("map"), MEMORY, &map, &error), RC_OK);
}

static void up(void)
{
	memset(&cells, 0, sizeof(cells));
	metric_attach(&cells);
	/* A new mapping loads what is kept: what tests before this one left would fall into any
	 * slot. */
	live_pg_sql("DELETE FROM such_market.cache_events");
	tmp_make();
	map_new();
}

static void down(void)
{
	while (wire_count > 0)
		pg_free(wires[--wire_count]);
	cache_map_close(map);
	tmp_remove();
}

static enum rc polled(struct relay *r)
{
	return relay_poll(r, clock_boot_ns(), clock_mono_ns());
}

static uint32_t slot_of(const char *tag)
{
	return map_slot_of(map, tag_hash(str_of(tag)));
}

static uint64_t gen(const char *tag)
{
	return map_gen(map, slot_of(tag));
}

static bool leased(void)
{
	return map_lease_valid(map, clock_boot_ns());
}

static int64_t ask(const char *sql)
{
	struct pg *pg = pg_new(&options, live_pg_super_url());
	struct pg_result row = pg_exec(pg, sql);

	ck_assert_msg(row.rc == RC_OK && row.count == 1, "%s: %s", sql, pg_error(pg));
	int64_t n = pg_i64(&row, 0, 0);
	pg_result_done(&row);
	pg_free(pg);
	return n;
}

static void invalidate(const char *tags)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT such_market.cache_invalidate('{%s}')", tags);
	ask(sql);
}

START_TEST(the_first_poll_voids_and_grants)
{
	struct relay *r = relay_here();
	int64_t boot_ns = clock_boot_ns();

	invalidate("u:900020");
	uint64_t xid = (uint64_t)ask("SELECT max(xid::text::bigint) FROM"
				     " such_market.cache_events WHERE tags = '{u:900020}'");
	ck_assert(!leased());
	ck_assert_uint_eq(map_epoch(map), 0);
	ck_assert_int_eq(relay_poll(r, boot_ns, clock_mono_ns()), RC_OK);
	ck_assert_uint_ne(map_epoch(map), 0);
	/* What replicas are held against. */
	SCOPED(pg_result_done)
	struct pg_result history = pg_exec(wire(), "SELECT such_market.cache_history()");
	ck_assert_uint_eq(map_line(map), epoch_line(pg_str(&history, 0, 0)));
	ck_assert_uint_gt(map_lsn(map), 0);
	ck_assert_int_eq(map_lease_until(map), boot_ns + LEASE_NS);
	/* What is there already is loaded: copies that do not hold it are of no use here, and
	 * all others are. */
	ck_assert_uint_eq(map_xid(map, slot_of("u:900020")), xid);
	ck_assert(!map_label_ok(map, slot_of("u:900020"), xid));
	ck_assert(map_label_ok(map, slot_of("u:900020"), xid + 1));
	ck_assert_uint_lt(map_floor(map), xid);
	ck_assert(map_label_ok(map, slot_of("u:900021"), map_floor(map) + 1));
	relay_free(r);
}
END_TEST

START_TEST(a_change_by_hand_is_applied)
{
	struct relay *r = relay_here();

	live_pg_sql("INSERT INTO such_market.collections (contract_address) VALUES ('" A "')"
		    " ON CONFLICT DO NOTHING;"
		    "INSERT INTO such_market.nfts (contract_address, token_id)"
		    " VALUES ('" A "', 7), ('" A "', 8);"
		    "INSERT INTO such_market.nft_ownership VALUES"
		    " ('" A "', 7, '\\x0101010101010101010101010101010101010101', 1)");
	ck_assert_int_eq(polled(r), RC_OK);
	static const char *const dead[] = { "t:" HEX_A ":7", "h:" HEX_A, "o:" HEX_1,
					    "o:" HEX_2 };
	static const char *const alive[] = { "t:" HEX_A ":8", "n:" HEX_A, "r:" HEX_A,
					     "m:" HEX_A,      "c:" HEX_A, "b:" HEX_A,
					     "list",          "o:*" };
	uint64_t died[COUNT_OF(dead)], lived[COUNT_OF(alive)];
	for (size_t i = 0; i < COUNT_OF(dead); i++)
		died[i] = gen(dead[i]);
	for (size_t i = 0; i < COUNT_OF(alive); i++)
		lived[i] = gen(alive[i]);
	uint64_t writes = map_writes(map), era = map_era(map);
	live_pg_sql("UPDATE such_market.nft_ownership"
		    " SET owner_address = '\\x0202020202020202020202020202020202020202'"
		    " WHERE contract_address = '" A "' AND token_id = 7");
	uint64_t xid =
		(uint64_t)ask("SELECT max(xid::text::bigint) FROM such_market.cache_events");
	ck_assert_int_eq(polled(r), RC_OK);
	for (size_t i = 0; i < COUNT_OF(dead); i++) {
		ck_assert_uint_eq(gen(dead[i]), died[i] + 1);
		ck_assert_uint_eq(map_xid(map, slot_of(dead[i])), xid);
	}
	for (size_t i = 0; i < COUNT_OF(alive); i++)
		ck_assert_uint_eq(gen(alive[i]), lived[i]);
	ck_assert_uint_eq(map_writes(map), writes + 1);
	ck_assert_uint_eq(map_era(map), era);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen(dead[0]), died[0] + 1);
	relay_free(r);
}
END_TEST

/* --- overlapping transactions ------------------------------------------------------------ */

#define SESSIONS 5
#define STEPS    2500
#define EVENTS   (STEPS + 1)

static struct session {
	struct pg *pg;
	bool open;
	int from; /* index of its first event in made[] */
	int n;
} sessions[SESSIONS];
/* Tags of events, a run of each transaction; what slots must have got by now. */
static uint32_t pending[SESSIONS][64];
static uint32_t *expected;

static uint32_t dice(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

static void run(struct pg *pg, const char *sql)
{
	struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(pg));
	pg_result_done(&done);
}

static void emit(struct session *s, int i, int number)
{
	char sql[128], tag[32];

	if (s->n == 64)
		return;
	snprintf(tag, sizeof(tag), "u:%d", number);
	snprintf(sql, sizeof(sql), "SELECT such_market.cache_invalidate('{%s}')", tag);
	run(s->pg, sql);
	pending[i][s->n++] = slot_of(tag);
}

static void end(struct session *s, int i, bool commit)
{
	run(s->pg, commit ? "COMMIT" : "ROLLBACK");
	for (int k = 0; k < s->n && commit; k++)
		expected[pending[i][k]]++;
	s->open = false;
}

static void check_slots(int step, uint32_t seed)
{
	for (uint32_t slot = 0; slot < TAG_SLOTS; slot++)
		if (map_gen(map, slot) != expected[slot])
			ck_abort_msg("seed %u, step %d: slot %u has %lu events, not %u", seed,
				     step, slot, (unsigned long)map_gen(map, slot),
				     expected[slot]);
}

/* Session 0 stays open for long: xmin stands still while others come and go. */
static void step(struct relay *r, uint32_t *state, int i)
{
	int who = (int)(dice(state) % SESSIONS);
	struct session *s = &sessions[who];

	if (!s->open) {
		run(s->pg, "BEGIN");
		s->open = true;
		s->n = 0;
	} else if (dice(state) % (who == 0 ? 60 : 3) == 0) {
		end(s, who, dice(state) % 4 != 0);
	} else {
		emit(s, who, i);
	}
	if (dice(state) % 4 == 0)
		ck_assert_int_eq(polled(r), RC_OK);
}

START_TEST(every_event_is_applied_exactly_once)
{
	struct relay *r = relay_here();
	const char *given = getenv("TEST_SEED");
	uint32_t seed =
		given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)clock_mono_ns() | 1;
	uint32_t state = seed;

	expected = calloc(TAG_SLOTS, sizeof(*expected));
	for (int i = 0; i < SESSIONS; i++)
		sessions[i].pg = pg_new(&options, live_pg_url());
	ck_assert_int_eq(polled(r), RC_OK);
	for (uint32_t slot = 0; slot < TAG_SLOTS; slot++)
		expected[slot] = (uint32_t)map_gen(map, slot);
	for (int i = 0; i < STEPS; i++) {
		step(r, &state, i);
		if (i % 50)
			continue;
		ck_assert_int_eq(polled(r), RC_OK);
		check_slots(i, seed);
	}
	for (int i = 0; i < SESSIONS; i++)
		if (sessions[i].open)
			end(&sessions[i], i, true);
	ck_assert_int_eq(polled(r), RC_OK);
	check_slots(STEPS, seed);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	for (int i = 0; i < SESSIONS; i++)
		pg_free(sessions[i].pg);
	free(expected);
	relay_free(r);
}
END_TEST

/* --- deaths ------------------------------------------------------------------------------ */

/* A relay in a process of its own. */
static pid_t relay_apart(void)
{
	pid_t parent = getpid(), pid = child_fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	struct relay *r = relay_here();
	for (;;) {
		polled(r);
		poll(NULL, 0, 10);
	}
}

static void end_apart(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

START_TEST(a_killed_relay_is_followed_without_a_gap)
{
	pid_t first = relay_apart();

	AWAIT(leased());
	AWAIT(ask("SELECT count(*) FROM such_market.cache_relays") > 0);
	invalidate("u:900001");
	AWAIT(gen("u:900001") == 1);
	end_apart(first);
	uint64_t era = map_era(map), floor = map_floor(map);
	invalidate("u:900002");
	pid_t second = relay_apart();
	AWAIT(gen("u:900002") == 1);
	ck_assert_uint_eq(map_era(map), era);
	ck_assert_uint_eq(map_floor(map), floor);
	end_apart(second);
}
END_TEST

START_TEST(a_stopped_relay_loses_the_lease)
{
	pid_t pid = relay_apart();

	AWAIT(leased());
	kill(pid, SIGSTOP);
	int64_t until = map_lease_until(map);
	AWAIT(!leased());
	ck_assert_int_ge(clock_boot_ns(), until);
	invalidate("u:900003");
	uint64_t era = map_era(map);
	kill(pid, SIGCONT);
	AWAIT(leased());
	ck_assert_uint_eq(gen("u:900003"), 1);
	ck_assert_uint_eq(map_era(map), era);
	end_apart(pid);
}
END_TEST

START_TEST(a_new_mapping_does_not_believe_an_old_position)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	relay_leave(r);
	relay_free(r);
	cache_map_close(map);
	map_new();
	invalidate("u:900004");
	r = relay_here();
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen("u:900004"), 1);
	ck_assert_uint_gt(map_xid(map, slot_of("u:900004")), 0);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 2);
	relay_free(r);
}
END_TEST

/* What else was damaged with it nobody can say: slots are loaded as into a new one. */
START_TEST(a_damaged_mapping_is_loaded_anew)
{
	struct relay *r = relay_here();
	struct cache_map *late;
	const char *why;

	invalidate("u:900005");
	ck_assert_int_eq(polled(r), RC_OK);
	uint64_t gen_before = gen("u:900005"), era = map_era(map);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen("u:900005"), gen_before);
	atomic_fetch_xor((_Atomic uint64_t *)&map->head->shape.shard_size, 1 << 20);
	ck_assert_int_eq(cache_map_attach(tmp_path("map"), &late, &why), RC_CONFLICT);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_gt(map_era(map), era);
	ck_assert_uint_gt(gen("u:900005"), gen_before);
	ck_assert(leased() && map_epoch(map));
	ck_assert_uint_eq(cells.counter[COUNTER_relay_damages], 1);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 2);
	ck_assert_int_eq(cache_map_attach(tmp_path("map"), &late, &why), RC_OK);
	cache_map_close(late);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_damages], 1);
	relay_free(r);
}
END_TEST

/* Both are news of the same poll. */
START_TEST(a_damaged_mapping_after_a_crash)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	live_pg_sql("TRUNCATE such_market.cache_incarnation"); /* as crash recovery does */
	atomic_fetch_xor((_Atomic uint64_t *)&map->head->shape.shard_size, 1 << 20);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert(leased() && map_epoch(map));
	relay_free(r);
}
END_TEST

static uint64_t pruned(void)
{
	return (uint64_t)ask("SELECT pruned::text::bigint FROM such_market.cache_clear");
}

/* Of events that are gone nobody can say which copies hold them: labels above all of them do.
 */
START_TEST(what_was_deleted_is_under_the_floor)
{
	static const char *const ways[] = {
		"SELECT such_market.cache_prune('0')",
		"WITH gone AS (DELETE FROM such_market.cache_events RETURNING id)"
		" SELECT count(*) FROM gone",
	};

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		invalidate("u:900022");
		uint64_t xid = (uint64_t)ask("SELECT max(xid::text::bigint)"
					     " FROM such_market.cache_events");
		ask(ways[i]);
		struct relay *r = relay_here();
		ck_assert_int_eq(polled(r), RC_OK);
		ck_assert_uint_eq(gen("u:900022"), 0);
		ck_assert_uint_eq(pruned(), xid + 1);
		ck_assert_uint_eq(map_floor(map), xid);
		ck_assert(!map_label_ok(map, slot_of("u:900022"), xid));
		ck_assert(map_label_ok(map, slot_of("u:900022"), xid + 1));
		relay_free(r);
	}
	live_pg_sql("TRUNCATE such_market.cache_events");
	ck_assert_uint_ge(pruned(), (uint64_t)ask("SELECT pg_current_xact_id()::text::bigint"));
}
END_TEST

/* A dump brings events with numbers that this server has not reached. */
START_TEST(another_servers_numbers_are_not_believed)
{
	struct relay *r = relay_here();

	live_pg_sql("INSERT INTO such_market.cache_events (xid, kind, tags)"
		    " VALUES ('9000000000', 'cache_cleared', '{u:900023}');"
		    "UPDATE such_market.cache_clear SET pruned = '8000000000'");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(map_xid(map, slot_of("u:900023")), 0);
	int64_t next = ask("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint");
	ck_assert(map_label_ok(map, slot_of("u:900023"), (uint64_t)next));
	live_pg_sql("DELETE FROM such_market.cache_events WHERE xid = '9000000000';"
		    "UPDATE such_market.cache_clear SET pruned = '3'");
	relay_free(r);
}
END_TEST

START_TEST(a_relay_that_left_is_continued)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	relay_leave(r);
	relay_free(r);
	invalidate("u:900005");
	r = relay_here();
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen("u:900005"), 1);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	relay_free(r);
}
END_TEST

START_TEST(a_crash_of_the_server_is_another_history)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	cache_epoch epoch = map_epoch(map);
	int64_t until = map_lease_until(map);
	live_pg_crash();
	ck_assert_int_ne(polled(r), RC_OK);
	ck_assert_int_eq(map_lease_until(map), until);
	live_pg_resume();
	AWAIT(polled(r) == RC_OK);
	ck_assert_uint_ne(map_epoch(map), epoch);
	ck_assert_uint_ne(map_epoch(map), 0);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 2);
	relay_free(r);
}
END_TEST

START_TEST(a_restart_of_the_server_is_caught_up)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	cache_epoch epoch = map_epoch(map);
	invalidate("u:900006");
	live_pg_stop();
	ck_assert_int_ne(polled(r), RC_OK);
	live_pg_resume();
	invalidate("u:900007");
	AWAIT(polled(r) == RC_OK);
	ck_assert_uint_eq(map_epoch(map), epoch);
	ck_assert_uint_eq(gen("u:900006"), 1);
	ck_assert_uint_eq(gen("u:900007"), 1);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	relay_free(r);
}
END_TEST

/* The floor too: a standby that has not replayed it is asked under the new epoch. */
START_TEST(clearing_changes_epoch_and_floor)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	cache_epoch epoch = map_epoch(map);
	uint64_t era = map_era(map);
	invalidate("u:900008");
	ask("SELECT such_market.cache_clear_all()");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_ne(map_epoch(map), epoch);
	ck_assert_uint_ne(map_era(map), era);
	ck_assert_uint_eq(map_floor(map), (uint64_t)ask("SELECT max(xid::text::bigint)"
							" FROM such_market.cache_events"));
	ck_assert_uint_eq(gen("u:900008"), 1);
	relay_free(r);
}
END_TEST

/* --- what administrators clear, and extra rules ------------------------------------------ */

static bool kept_is(const char *key)
{
	struct arena *arena = arena_new(4096);
	struct entry e;
	bool found = memory_get(map, arena, str_of(key), &e);

	arena_free(arena);
	return found;
}

static void keep_one(const char *key)
{
	struct entry e = { .head = { .rc = RC_OK, .tier = TIER_HOT },
			   .key = str_of(key),
			   .body = STR("x") };

	ck_assert(memory_put(map, &e));
}

/* Relays walk; a position is told when the walk is over. */
START_TEST(a_glob_is_walked_for)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	keep_one("nfts:{" HEX_A "}:7");
	keep_one("users:{7}:profile");
	keep_one("users:{8}:contracts");
	uint64_t era = map_era(map);
	live_pg_sql("SELECT such_market.cache_invalidate('{~users:*:profile}')");
	AWAIT(polled(r) == RC_OK && !kept_is("users:{7}:profile"));
	ck_assert(kept_is("users:{8}:contracts"));
	ck_assert(kept_is("nfts:{" HEX_A "}:7"));
	ck_assert_uint_eq(map_era(map), era);
	ck_assert_uint_eq(cells.counter[COUNTER_cache_swept], 1);
	/* More at once than are looked for: all is void. */
	live_pg_sql("SELECT such_market.cache_invalidate(array_agg('~nfts:' || n))"
		    " FROM generate_series(1, 17) AS n");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_gt(map_era(map), era);
	ck_assert_uint_ne(map_epoch(map), 0);
	relay_free(r);
}
END_TEST

static const struct {
	const char *tags;
	bool cools;
} coolings[] = {
	{ "c:" HEX_A, true },          { "list", true },
	{ "@0123456789abcdef", true }, { "u:7,b:" HEX_A, true },
	{ "~users:*:profile", true },  { "u:7", false },
	{ "t:" HEX_A ":7", false },    { "o:" HEX_1 ",u:*,k", false },
};

/* What administrators make invalid is warmed again, what writers do is not. */
START_TEST(what_is_made_invalid_is_to_be_warmed)
{
	struct relay *r = relay_here();
	uint64_t era;

	invalidate("list");
	ck_assert_int_eq(polled(r), RC_OK);
	era = map_era(map);
	map_set_warmed(map, era);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert(map_is_warmed(map, era)); /* what was there before the mapping is no news */
	for (size_t i = 0; i < COUNT_OF(coolings); i++) {
		invalidate(coolings[i].tags);
		ck_assert_int_eq(polled(r), RC_OK);
		ck_assert_msg(map_is_warmed(map, era) != coolings[i].cools, "%s",
			      coolings[i].tags);
		map_set_warmed(map, era);
	}
	live_pg_sql("UPDATE such_market.collections SET name = 'other'"
		    " WHERE contract_address = '" A "'");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert(map_is_warmed(map, era));
	ck_assert_uint_eq(map_era(map), era);
	relay_free(r);
}
END_TEST

/* A walk of many polls: names that take their time, and globs that nearly match them. */
#define LONG_NAMES 400

static void keep_long_names(void)
{
	char key[420];

	for (int i = 0; i < LONG_NAMES; i++) {
		memset(key, 'a', sizeof(key));
		snprintf(key + sizeof(key) - 20, 20, "%d", i);
		keep_one(key);
	}
}

/* And users' profiles. */
static void clear_slowly(void)
{
	live_pg_sql("SELECT such_market.cache_invalidate('~users:*:profile'::text"
		    " || array_agg('~*' || repeat('a', 190) || 'b' || n))"
		    " FROM generate_series(1, 15) AS n");
}

static int64_t done(int64_t event)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM such_market.cache_events WHERE id = %lld"
		 " AND such_market.cache_status(xid, failed_at) = 'done'",
		 (long long)event);
	return ask(sql);
}

/* However long it takes there is a lease, and the relay is counted among those that live. */
START_TEST(a_walk_is_no_death)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	keep_long_names();
	clear_slowly();
	int64_t event = ask("SELECT max(id) FROM such_market.cache_events");
	ck_assert_int_eq(polled(r), RC_OK);
	live_pg_sql("UPDATE such_market.cache_relays SET seen_at = now() - interval '1 min'");
	int64_t boot_ns = clock_boot_ns();
	ck_assert_int_eq(relay_poll(r, boot_ns, clock_mono_ns() + INT64_C(1100000000)), RC_OK);
	ck_assert_int_ge(map_lease_until(map), boot_ns + LEASE_NS);
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_relays_live"), 1);
	ck_assert_int_eq(done(event), 0);
	int64_t mono_ns = clock_mono_ns();
	AWAIT(relay_poll(r, clock_boot_ns(), mono_ns += INT64_C(1100000000)) == RC_OK &&
	      done(event) == 1);
	relay_free(r);
}
END_TEST

#define PROFILES 200

static int profiles(void)
{
	char key[32];
	int n = 0;

	for (int i = 0; i < PROFILES; i++) {
		snprintf(key, sizeof(key), "users:{%d}:profile", i);
		n += kept_is(key);
	}
	return n;
}

/* A relay that is killed when it has walked for a part of it, and told how far it was. */
static _Noreturn void walk_and_die(void)
{
	struct relay *r = relay_here();
	int64_t mono_ns = clock_mono_ns();
	int left = PROFILES;

	while (left == PROFILES) {
		relay_poll(r, clock_boot_ns(), mono_ns += INT64_C(1100000000));
		left = profiles();
	}
	if (left > 0)
		kill(getpid(), SIGKILL);
	_exit(1);
}

/* Its successor begins the walk again: the event counts as unseen. */
START_TEST(a_killed_walk_is_walked_again)
{
	struct relay *r = relay_here();
	char key[32];
	int status;

	ck_assert_int_eq(polled(r), RC_OK);
	relay_leave(r);
	relay_free(r);
	for (int i = 0; i < PROFILES; i++) {
		snprintf(key, sizeof(key), "users:{%d}:profile", i);
		keep_one(key);
	}
	keep_long_names();
	uint64_t era = map_era(map);
	clear_slowly();
	int64_t event = ask("SELECT max(id) FROM such_market.cache_events");
	pid_t pid = child_fork();
	if (pid == 0)
		walk_and_die();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_gt(profiles(), 0);
	ck_assert_int_eq(done(event), 0);
	r = relay_here();
	AWAIT(polled(r) == RC_OK && profiles() == 0);
	ck_assert_uint_eq(map_era(map), era); /* by the walk, not by a void */
	relay_free(r);
}
END_TEST

static void walk_round(struct relay_walk *w, const char *position)
{
	for (uint32_t i = memory_parts(map); i > 0; i--)
		walk_on(w, map, 0, position);
}

/* Globs that keep coming hold up what came before them for two rounds at most. */
START_TEST(a_walk_tells_how_far_it_was)
{
	struct relay_walk w;

	walk_init(&w);
	walk_on(&w, map, 0, "2:2:");
	ck_assert_str_eq(walk_position(&w), "2:2:");
	for (int i = 3; i < 6; i++) {
		char position[16];

		ck_assert(walk_add(&w, STR("users:*")));
		walk_on(&w, map, 0, "x");
		ck_assert(walk_add(&w, STR("nfts:*")));
		snprintf(position, sizeof(position), "%d:%d:", i, i);
		walk_round(&w, position);
		ck_assert(walk_busy(&w));
	}
	ck_assert_str_eq(walk_position(&w), "4:4:");
	walk_round(&w, "6:6:");
	ck_assert(!walk_busy(&w));
	ck_assert_str_eq(walk_position(&w), "6:6:");
	ck_assert(walk_add(&w, STR("users:*")));
	walk_drop(&w);
	ck_assert(!walk_busy(&w));
	ck_assert_ptr_null(walk_position(&w));
	walk_release(&w);
}
END_TEST

START_TEST(rules_add_tags)
{
	static const struct relay_options ruled = { .interval_ms = 100,
						    .keep_ms = 90000000,
						    .rules = "fc_users:insert -> o:" HEX_1 };
	struct relay *r = relay_new(wire(), map, "here", &ruled);

	ck_assert_int_eq(polled(r), RC_OK);
	live_pg_sql("INSERT INTO such_market.fc_users (fid) VALUES (900040)");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen("u:900040"), 1);
	ck_assert_uint_eq(gen("o:" HEX_1), 1);
	ck_assert_uint_eq(map_xid(map, slot_of("o:" HEX_1)), map_xid(map, slot_of("u:900040")));
	ck_assert_uint_eq(cells.counter[COUNTER_cache_rule_tags], 1);
	live_pg_sql("DELETE FROM such_market.fc_users WHERE fid = 900040");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(gen("o:" HEX_1), 1);
	relay_free(r);
}
END_TEST

/* Copies outside of memory have no era: they are of the epoch that is named again. */
START_TEST(what_a_rule_cannot_name_is_under_the_floor)
{
	static const struct relay_options ruled = {
		.interval_ms = 100,
		.keep_ms = 90000000,
		.rules = "collections:update -> r:{contract}",
	};
	struct relay *r = relay_new(wire(), map, "here", &ruled);

	ck_assert_int_eq(polled(r), RC_OK);
	uint64_t era = map_era(map);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, source, tags)"
		    " VALUES ('collection_updated', 'collections:update', '{c:*,list}')");
	uint64_t xid = (uint64_t)ask("SELECT max(xid::text::bigint)"
				     " FROM such_market.cache_events");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_ne(map_epoch(map), 0);
	ck_assert_uint_gt(map_era(map), era);
	ck_assert_uint_eq(map_floor(map), xid);
	ck_assert(!map_label_ok(map, slot_of("r:" HEX_A), xid));
	ck_assert(map_label_ok(map, slot_of("r:" HEX_A), xid + 1));
	relay_free(r);
	/* Nor does a mapping that only loads it believe less. */
	cache_map_close(map);
	map_new();
	r = relay_new(wire(), map, "here", &ruled);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_ne(map_epoch(map), 0);
	ck_assert_uint_eq(map_floor(map), xid);
	relay_free(r);
}
END_TEST

START_TEST(old_requests_are_forgotten)
{
	struct relay *r = relay_here();

	live_pg_sql("INSERT INTO such_market.idempotency (key, given, route, digest, at)"
		    " SELECT n || ' of the relay', n % 2 = 0, 'test',"
		    " decode(repeat('00', 32), 'hex'), now() - n * interval '9h'"
		    " FROM generate_series(0, 4) AS n");
	ck_assert_int_eq(polled(r), RC_OK);
	/* Made by the program: an hour; given by clients: a day. */
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.idempotency"
			     " WHERE route = 'test' AND key IN ('0 of the relay',"
			     " '2 of the relay')"),
			 2);
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.idempotency"
			     " WHERE route = 'test'"),
			 2);
	relay_free(r);
}
END_TEST

/* --- events that cannot be applied ------------------------------------------------------- */

START_TEST(poison_voids_everything_once)
{
	struct relay *r = relay_here();
	struct relay *other = relay_new(wire(), map, "there", &kept);

	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_int_eq(polled(other), RC_OK);
	cache_epoch epoch = map_epoch(map);
	int64_t cleared = ask("SELECT cleared FROM such_market.cache_clear");
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags) VALUES"
		    " ('cache_cleared', '{u:900009}'), ('cache_cleared', '{list,x:1}'),"
		    " ('cache_cleared', '{t:0xAB:1}'), ('cache_cleared', '{u:900010}')");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_int_eq(polled(other), RC_OK);
	ck_assert(leased());
	ck_assert_uint_ne(map_epoch(map), epoch);
	ck_assert_uint_ne(map_epoch(map), 0);
	ck_assert_uint_eq(map_floor(map), (uint64_t)ask("SELECT max(xid::text::bigint)"
							" FROM such_market.cache_events"));
	ck_assert_uint_ge(gen("u:900009"), 1);
	ck_assert_uint_ge(gen("u:900010"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_events"
			     " WHERE failed_at IS NOT NULL AND error LIKE '%malformed%'"),
			 2);
	ck_assert_int_eq(ask("SELECT cleared FROM such_market.cache_clear"), cleared + 2);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_parked], 2);
	relay_free(r);
	relay_free(other);
}
END_TEST

START_TEST(pruned_events_are_not_missed)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	invalidate("u:900011");
	ck_assert_int_eq(polled(r), RC_OK);
	/* All of them seen: nothing is lost. */
	ask("SELECT such_market.cache_prune('0')");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	/* One of them unseen: all copies are void. */
	invalidate("u:900012");
	uint64_t era = map_era(map);
	ask("SELECT such_market.cache_prune('0')");
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 2);
	ck_assert_uint_ne(map_era(map), era);
	relay_free(r);
}
END_TEST

/* It holds back the xmin of every position: what is deleted above it counts as unseen. */
START_TEST(an_open_transaction_keeps_the_events_since)
{
	struct relay *r = relay_here();
	struct pg *writer = wire();
	int64_t mono_ns = clock_mono_ns();

	ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags, at)"
		    " VALUES ('cache_cleared', '{u:900014}', now() - interval '26h')");
	mono_ns += INT64_C(61000000000);
	ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
	SCOPED(pg_result_done)
	struct pg_result open = pg_exec(writer, "BEGIN; SELECT pg_current_xact_id()");
	ck_assert_int_eq(open.rc, RC_OK);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags, at)"
		    " VALUES ('cache_cleared', '{u:900015}', now() - interval '26h')");
	for (int i = 0; i < 3; i++) {
		mono_ns += INT64_C(61000000000);
		ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
		ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
		ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_events"
				     " WHERE '{u:900014,u:900015}' && tags"),
				 1);
	}
	SCOPED(pg_result_done) struct pg_result end = pg_exec(writer, "COMMIT");
	ck_assert_int_eq(end.rc, RC_OK);
	for (int i = 0; i < 2; i++) {
		mono_ns += INT64_C(61000000000);
		ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_events"
			     " WHERE tags = '{u:900015}'"),
			 0);
	ck_assert_int_eq(polled(r), RC_OK);
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	relay_free(r);
}
END_TEST

START_TEST(old_events_are_forgotten)
{
	struct relay *r = relay_here();

	ck_assert_int_eq(polled(r), RC_OK);
	live_pg_sql("INSERT INTO such_market.cache_events (kind, tags, at)"
		    " SELECT 'cache_cleared', '{u:900013}', now() - interval '26h'"
		    " FROM generate_series(1, 10005);"
		    "INSERT INTO such_market.cache_events (kind, tags, at)"
		    " VALUES ('cache_cleared', '{u:900013}', now() - interval '24h')");
	/* Nothing at once: an old event may be of a transaction that ended just now. */
	int64_t mono_ns = clock_mono_ns() + INT64_C(61000000000);
	ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
	ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_events"
			     " WHERE at < now() - interval '23h'"),
			 10006);
	/* A minute later a batch, the next a second later, then once a minute. */
	mono_ns += INT64_C(61000000000);
	static const int left[] = { 6, 6, 1 };
	for (size_t i = 0; i < COUNT_OF(left); i++) {
		ck_assert_int_eq(relay_poll(r, clock_boot_ns(), mono_ns), RC_OK);
		ck_assert_int_eq(ask("SELECT count(*) FROM such_market.cache_events"
				     " WHERE at < now() - interval '23h'"),
				 left[i]);
		mono_ns += 500000000;
	}
	ck_assert_uint_eq(cells.counter[COUNTER_relay_restarts], 1);
	relay_free(r);
}
END_TEST

static void add_all(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_add_checked_fixture(tc, up, down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_first_poll_voids_and_grants);
	tcase_add_test(tc, a_change_by_hand_is_applied);
	tcase_add_test(tc, every_event_is_applied_exactly_once);
	tcase_add_test(tc, a_killed_relay_is_followed_without_a_gap);
	tcase_add_test(tc, a_stopped_relay_loses_the_lease);
	tcase_add_test(tc, a_new_mapping_does_not_believe_an_old_position);
	tcase_add_test(tc, a_damaged_mapping_is_loaded_anew);
	tcase_add_test(tc, a_damaged_mapping_after_a_crash);
	tcase_add_test(tc, what_was_deleted_is_under_the_floor);
	tcase_add_test(tc, another_servers_numbers_are_not_believed);
	tcase_add_test(tc, a_relay_that_left_is_continued);
	tcase_add_test(tc, a_crash_of_the_server_is_another_history);
	tcase_add_test(tc, a_restart_of_the_server_is_caught_up);
	tcase_add_test(tc, clearing_changes_epoch_and_floor);
	tcase_add_test(tc, a_glob_is_walked_for);
	tcase_add_test(tc, what_is_made_invalid_is_to_be_warmed);
	tcase_add_test(tc, a_walk_is_no_death);
	tcase_add_test(tc, a_killed_walk_is_walked_again);
	tcase_add_test(tc, a_walk_tells_how_far_it_was);
	tcase_add_test(tc, rules_add_tags);
	tcase_add_test(tc, what_a_rule_cannot_name_is_under_the_floor);
	tcase_add_test(tc, old_requests_are_forgotten);
	tcase_add_test(tc, poison_voids_everything_once);
	tcase_add_test(tc, pruned_events_are_not_missed);
	tcase_add_test(tc, an_open_transaction_keeps_the_events_since);
	tcase_add_test(tc, old_events_are_forgotten);
}

SUITE_OF(add_all)
