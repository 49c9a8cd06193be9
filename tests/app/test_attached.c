/* Words of the command line that write: the server of this machine knows at once. */
#include "suite.h"

#include "../base/tmp.h"
#include "app/attached.h"
#include "app/config.h"
#include "base/arena.h"
#include "cache/map.h"
#include "cache/tag.h"
#include "lib/live_pg.h"
#include "model/env.h"
#include "model/key.h"
#include "net/pg.h"

#define MEMORY (16 << 20)

static struct config *config;
static struct env env;
static struct attached here;

static struct cache_map *server_begins(void)
{
	struct cache_map *map;
	const char *error = NULL;

	ck_assert_int_eq(cache_map_create(tmp_path("cache"), MEMORY, &map, &error), RC_OK);
	return map;
}

static uint64_t times_told(const struct cache_map *map)
{
	return map_gen(map, map_slot_of(map, tag_hash(STR("k"))));
}

static void up(void)
{
	static char *const no_env[] = { NULL };
	const struct setting settings[] = { { STR("database_url"), str_of(live_pg_url()) },
					    { STR("shm_dir"), str_of(tmp_path(".")) } };
	const struct config_source source = { .envp = no_env,
					      .settings = settings,
					      .setting_count = 2 };

	config = config_new();
	ck_assert_msg(config_load(config, &source) == RC_OK, "%s", config->error);
	env = (struct env){ .arena = config->arena, .pg = pg_new(&config->pg, config->pg.url) };
}

static void make_key(const char *name)
{
	char key[KEY_TEXT];

	env.cache = here.cache;
	ck_assert_int_eq(key_create(&env, name, ROLE_VIEWER, key), RC_OK);
}

static void down(void)
{
	attached_close(&here);
	pg_free(env.pg);
	config_free(config);
	tmp_remove();
}

START_TEST(a_running_server_knows)
{
	tmp_make();
	up();
	struct cache_map *map = server_begins();

	attached_open(&here, config, env.pg);
	make_key("one");
	ck_assert_uint_eq(times_told(map), 1);
	ck_assert_int_eq(key_revoke(&env, "one"), RC_OK);
	ck_assert_uint_eq(times_told(map), 2);
	cache_map_close(map);
	down();
}
END_TEST

START_TEST(nobody_has_to_be_there)
{
	tmp_make();
	up();
	attached_open(&here, config, env.pg);
	make_key("three");
	/* Nor does a file that is no mapping do any harm. */
	attached_close(&here);
	tmp_write("cache", "nonsense", 8);
	attached_open(&here, config, env.pg);
	make_key("four");
	down();
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 60, a_running_server_knows, nobody_has_to_be_there)
