/* A check of a key that the process remembers, 10^7 times: nanoseconds each, on standard
 * output. usage: key_check DATABASE_URL */
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "model/env.h"
#include "model/keyring.h"
#include "net/epoch.h"
#include "net/pg.h"

#define ROUNDS 10000000

static struct env env;

static void must(enum rc rc, const char *what)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "key_check: %s: %s: %s\n", what, rc_text(rc), pg_error(env.pg));
	exit(EXIT_FAILURE);
}

static struct cache_map *vouched_map(void)
{
	char path[64];
	const char *why = "";
	struct cache_map *map;
	cache_epoch epoch;

	snprintf(path, sizeof(path), "/tmp/key_check.%lld", (long long)clock_mono_ns());
	must(cache_map_create(path, 16 << 20, &map, &why), path);
	remove(path);
	must(epoch_read(env.pg, &epoch), "epoch");
	map_set_epoch(map, epoch);
	map_extend_lease(map, INT64_MAX);
	return map;
}

static int64_t run(struct keyring *ring, struct str key)
{
	int64_t start_ns = clock_mono_ns();
	struct key_who who;

	for (int i = 0; i < ROUNDS; i++)
		must(keyring_find(ring, key, clock_boot_ns(), &who), "check");
	return clock_mono_ns() - start_ns;
}

int main(int argc, char **argv)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 5000 };
	static const struct cache_options kept = { .memory_on = true };
	char key[KEY_TEXT];

	if (argc != 2)
		return EXIT_FAILURE;
	env.arena = arena_new(4096);
	env.pg = pg_new(&options, argv[1]);
	env.user = "key_check";
	struct cache_map *map = vouched_map();
	env.cache = cache_new(&kept, map, env.pg);
	must(key_create(&env, "key_check", ROLE_VIEWER, key), "create");
	struct keyring *ring = keyring_new(env.cache, env.pg);
	int64_t ns = run(ring, str_of(key));
	must(key_revoke(&env, "key_check"), "revoke");
	printf("%.0f\n", (double)ns / ROUNDS);
	keyring_free(ring);
	cache_free(env.cache);
	cache_map_close(map);
	pg_free(env.pg);
	arena_free(env.arena);
	return EXIT_SUCCESS;
}
