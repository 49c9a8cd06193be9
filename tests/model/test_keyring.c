/* Keys as a process remembers them: without a statement while the guard holds, dead at once
 * when it does not, and asked for when nobody vouches. */
#include "suite.h"
#include <stdio.h>
#include "../base/tmp.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/keyring.h"
#include "net/epoch.h"
#include "net/pg.h"

#define HOUR_NS INT64_C(3600000000000)

static const struct cache_options kept = { .memory_on = true };
static struct metric_cells cells;
static struct cache_map *map;
static struct env *env, *elsewhere;
static struct keyring *ring;
static char key[KEY_TEXT];
static struct key_who who;

static void vouch(void)
{
	cache_epoch epoch;

	ck_assert_int_eq(epoch_read(env->pg, &epoch), RC_OK);
	map_set_epoch(map, epoch);
	map_extend_lease(map, clock_boot_ns() + HOUR_NS);
}

static void up(const char *name)
{
	const char *error = "";

	tmp_make();
	ck_assert_msg(cache_map_create(tmp_path("map"), 16 << 20, &map, &error) == RC_OK, "%s",
		      error);
	elsewhere = new_env();
	env = new_env();
	cache_free(env->cache);
	env->cache = cache_new(&kept, map, env->pg);
	ring = keyring_new(env->cache, env->pg);
	ck_assert_int_eq(key_create(elsewhere, name, ROLE_OPERATOR, key), RC_OK);
	vouch();
	metric_attach(&cells);
	cells = (struct metric_cells){ 0 };
}

static void down(void)
{
	metric_attach(NULL);
	keyring_free(ring);
	free_env(env);
	free_env(elsewhere);
	cache_map_close(map);
	tmp_remove();
}

static enum rc find(const char *text)
{
	return keyring_find(ring, str_of(text), clock_boot_ns(), &who);
}

static uint64_t statements(void)
{
	uint64_t n = cells.counter[COUNTER_pg_statements];

	cells.counter[COUNTER_pg_statements] = 0;
	return n;
}

/* What a relay does with the event of a key; the transaction is any that is later. */
static void hear(void)
{
	uint32_t slot = map_slot_of(map, tag_hash(STR("k")));

	map_raise_xid(map, slot, UINT64_MAX / 2);
	map_count_write(map);
	map_raise_gen(map, slot);
}

static void unknown_key(char ret[KEY_TEXT])
{
	memcpy(ret, key, KEY_TEXT);
	ret[5] = ret[5] == 'A' ? 'B' : 'A';
}

START_TEST(test_no_statement)
{
	char wrong[KEY_TEXT];

	up("cached");
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_uint_ge(statements(), 1);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(find(key), RC_OK);
		ck_assert_int_eq(who.role, ROLE_OPERATOR);
		ck_str(who.name, "cached");
		ck_assert_int_gt(who.id, 0);
	}
	unknown_key(wrong);
	ck_assert_int_eq(find(wrong), RC_NOT_FOUND);
	ck_assert_int_eq(find("sm_short"), RC_NOT_FOUND);
	ck_assert_uint_eq(statements(), 0);
	down();
}
END_TEST

START_TEST(test_revoked)
{
	char later[KEY_TEXT];

	up("revoked");
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_int_eq(key_revoke(elsewhere, "revoked"), RC_OK);
	hear();
	ck_assert_int_eq(find(key), RC_NOT_FOUND);
	ck_assert_int_eq(key_create(elsewhere, "later", ROLE_ADMIN, later), RC_OK);
	hear();
	ck_assert_int_eq(find(later), RC_OK);
	ck_assert_int_eq(who.role, ROLE_ADMIN);
	ck_assert_int_eq(find(key), RC_NOT_FOUND);
	down();
}
END_TEST

/* Nobody tells this machine: without a lease, of an unknown or another epoch, the database
 * says. */
START_TEST(test_nobody_vouches)
{
	up("unvouched");
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_int_eq(key_revoke(elsewhere, "unvouched"), RC_OK);
	ck_assert_int_eq(find(key), RC_OK); /* not heard of yet: within the lease */
	map_end_lease(map);
	statements();
	ck_assert_int_eq(find(key), RC_NOT_FOUND);
	ck_assert_uint_eq(statements(), 1);
	down();
}
END_TEST

START_TEST(test_void)
{
	up("void");
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_int_eq(key_revoke(elsewhere, "void"), RC_OK);
	map_void(map);
	ck_assert_int_eq(find(key), RC_NOT_FOUND);
	vouch();
	ck_assert_int_eq(find(key), RC_NOT_FOUND);
	down();
}
END_TEST

/* The lease is a time: later than it the copy is not used, whoever lives. */
START_TEST(test_lease_ends)
{
	up("lease");
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_int_eq(key_revoke(elsewhere, "lease"), RC_OK);
	ck_assert_int_eq(keyring_find(ring, str_of(key), clock_boot_ns() + 2 * HOUR_NS, &who),
			 RC_NOT_FOUND);
	down();
}
END_TEST

START_TEST(test_database_away)
{
	up("away");
	ck_assert_int_eq(find(key), RC_OK);
	live_pg_stop();
	ck_assert_int_eq(find(key), RC_OK);
	map_end_lease(map);
	ck_assert_int_eq(find(key), RC_UNAVAILABLE);
	live_pg_resume();
	down();
}
END_TEST

/* More keys than a ring holds: those beyond are asked for, and none is refused. */
START_TEST(test_more_than_fit)
{
	char last[KEY_TEXT], wrong[KEY_TEXT];

	up("0 first");
	live_pg_sql("INSERT INTO such_market.api_keys (name, role, digest, hint)"
		    " SELECT 'many ' || n, 'viewer', sha256(n::text::bytea), '' FROM"
		    " generate_series(1, 1100) AS n");
	ck_assert_int_eq(key_create(elsewhere, "zz last", ROLE_ADMIN, last), RC_OK);
	hear();
	ck_assert_int_eq(find(key), RC_OK);
	statements();
	ck_assert_int_eq(find(key), RC_OK);
	ck_assert_uint_eq(statements(), 0);
	ck_assert_int_eq(find(last), RC_OK);
	ck_assert_int_eq(who.role, ROLE_ADMIN);
	unknown_key(wrong);
	ck_assert_int_eq(find(wrong), RC_NOT_FOUND);
	ck_assert_uint_eq(statements(), 2);
	live_pg_sql("DELETE FROM such_market.api_keys WHERE name LIKE 'many %'");
	down();
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_no_statement, test_revoked, test_nobody_vouches,
	   test_void, test_lease_ends, test_database_away, test_more_than_fit)
