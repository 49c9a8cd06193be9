/* The relay as a process: who has one, what is left when it dies, whose mapping it is. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/server.h"
#include "base/clock.h"
#include "base/scope.h"
#include "cache/map.h"
#include "cache/tag.h"
#include "lib/live_pg.h"
#include "net/pg.h"

static const char relay_title[] = "such-market: relay 1";

static const char *map_path(const struct server *s)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/shm/cache", s->dir);
	return path;
}

static struct cache_map *mapping(const struct server *s)
{
	struct cache_map *map = NULL;
	const char *why;

	ck_assert_int_eq(cache_map_attach(map_path(s), &map, &why), RC_OK);
	return map;
}

static bool leased(const struct cache_map *map)
{
	return map_lease_valid(map, clock_boot_ns());
}

static uint64_t gen(const struct cache_map *map, const char *tag)
{
	return map_gen(map, map_slot_of(map, tag_hash(str_of(tag))));
}

static void prepare(struct server *s)
{
	char text[1024];

	server_init(s);
	snprintf(text, sizeof(text),
		 "database_url = \"%s\"\nworkers = 1\nrelay_interval = 20ms\n", live_pg_url());
	server_write(s, text);
}

static void start(struct server *s)
{
	prepare(s);
	server_launch(s, NULL, NULL);
	server_await(s);
}

static void by_hand(const char *tag)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT such_market.cache_invalidate('{%s}')", tag);
	live_pg_sql(sql);
}

START_TEST(a_change_by_hand_reaches_the_mapping)
{
	struct server s;

	start(&s);
	ck_assert_int_ne(server_worker(&s, relay_title), 0);
	struct cache_map *map = mapping(&s);
	AWAIT(leased(map));
	AWAIT(server_get(&s, "/health/ready") == 200);
	by_hand("u:1");
	AWAIT(gen(map, "u:1") == 1);
	ck_assert_int_eq(server_logged(&s, " error "), 0);
	ck_assert_int_eq(server_logged(&s, "the outbox cannot be read"), 0);
	ck_assert_int_eq(server_stop(&s), 0);
	/* It does not outlive its master. */
	ck_assert_int_ne(access(map_path(&s), F_OK), 0);
	cache_map_close(map);
}
END_TEST

START_TEST(a_killed_relay_comes_back_without_a_gap)
{
	struct server s;
	pid_t now;

	start(&s);
	struct cache_map *map = mapping(&s);
	AWAIT(leased(map));
	by_hand("u:2");
	AWAIT(gen(map, "u:2") == 1);
	uint64_t era = map_era(map);
	pid_t first = server_worker(&s, relay_title);
	kill(first, SIGKILL);
	by_hand("u:3");
	AWAIT((now = server_worker(&s, relay_title)) != 0 && now != first);
	AWAIT(gen(map, "u:3") == 1);
	AWAIT(leased(map));
	ck_assert_uint_eq(map_era(map), era);
	ck_assert_int_eq(server_logged(&s, "copies in memory are void"), 1);
	ck_assert_int_eq(server_stop(&s), 0);
	cache_map_close(map);
}
END_TEST

START_TEST(a_reload_keeps_the_mapping)
{
	struct server s;

	start(&s);
	struct cache_map *map = mapping(&s);
	AWAIT(leased(map));
	uint64_t era = map_era(map);
	pid_t first = server_worker(&s, relay_title);
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "event=serving") == 2);
	AWAIT(kill(first, 0) != 0);
	by_hand("u:4");
	AWAIT(gen(map, "u:4") >= 1);
	ck_assert(leased(map));
	ck_assert_uint_eq(map_era(map), era);
	ck_assert_int_eq(server_stop(&s), 0);
	cache_map_close(map);
}
END_TEST

START_TEST(a_new_master_makes_a_new_mapping)
{
	pid_t child[SERVER_CHILDREN];
	struct server s;

	start(&s);
	struct cache_map *old = mapping(&s);
	AWAIT(leased(old));
	size_t n = server_children(s.pid, child);
	kill(s.pid, SIGKILL);
	server_wait(&s);
	for (size_t i = 0; i < n; i++)
		AWAIT(kill(child[i], 0) != 0);
	server_launch(&s, NULL, NULL);
	AWAIT(server_logged(&s, "event=serving") == 2);
	struct cache_map *map = mapping(&s);
	ck_assert_uint_ne(map_key_hash(map, STR("x")), map_key_hash(old, STR("x")));
	AWAIT(leased(map));
	AWAIT(!leased(old));
	ck_assert_int_eq(server_stop(&s), 0);
	cache_map_close(old);
	cache_map_close(map);
}
END_TEST

static bool has_relay(const struct server *s)
{
	return server_worker(s, relay_title) != 0;
}

START_TEST(a_copy_shares_the_mapping_and_takes_the_relay_over)
{
	struct server s, second;
	char path[96];

	prepare(&s);
	snprintf(path, sizeof(path), "%s/given.sock", s.dir);
	s.stdin_fd = server_listener(path);
	server_launch(&s, NULL, NULL);
	server_await(&s);
	second = s;
	server_launch(&second, NULL, NULL);
	AWAIT(server_logged(&s, "event=serving") == 2);
	ck_assert(has_relay(&s));
	ck_assert(!has_relay(&second));
	struct cache_map *old = mapping(&s);
	AWAIT(leased(old));
	kill(s.pid, SIGKILL);
	server_wait(&s);
	AWAIT(has_relay(&second));
	struct cache_map *map = mapping(&s);
	ck_assert_uint_ne(map_key_hash(map, STR("x")), map_key_hash(old, STR("x")));
	AWAIT(leased(map));
	by_hand("u:5");
	AWAIT(gen(map, "u:5") == 1);
	AWAIT(!leased(old));
	ck_assert_int_eq(server_stop(&second), 0);
	ck_assert_int_ne(access(map_path(&s), F_OK), 0);
	cache_map_close(old);
	cache_map_close(map);
}
END_TEST

START_TEST(no_database_no_lease)
{
	struct server s;

	server_start(&s, "--workers=1", "--relay-interval=20ms", NULL);
	struct cache_map *map = mapping(&s);
	AWAIT(server_logged(&s, "the outbox cannot be read") == 1);
	ck_assert(!leased(map));
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
	cache_map_close(map);
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 90, a_change_by_hand_reaches_the_mapping,
	   a_killed_relay_comes_back_without_a_gap, a_reload_keeps_the_mapping,
	   a_new_master_makes_a_new_mapping, a_copy_shares_the_mapping_and_takes_the_relay_over,
	   no_database_no_lease)
