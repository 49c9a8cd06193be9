#include "app/attached.h"

#include <sys/stat.h>
#include "app/config.h"
#include "app/rundir.h"
#include "base/arena.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/redis_tier.h"
#include "net/redis.h"

static ino_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void drop(struct attached *here)
{
	cache_free(here->cache);
	redis_tier_free(here->tier);
	cache_map_close(here->map);
	here->map = NULL;
	here->tier = NULL;
}

static void take(struct attached *here)
{
	const struct cache_options *options = &here->config->cache;
	const char *why;

	here->ino = inode(here->path);
	if (here->ino)
		(void)cache_map_attach(here->path, &here->map, &why);
	if (here->redis)
		here->tier = redis_tier_new(options, here->map, here->redis);
	here->cache = cache_new(options, here->map, here->pg);
	cache_set_redis(here->cache, here->tier);
}

void attached_open(struct attached *ret, const struct config *config, struct pg *pg)
{
	struct redis *redis = config->app.redis_on ? redis_new(&config->redis) : NULL;

	if (redis && !redis_configured(redis)) {
		redis_free(redis);
		redis = NULL;
	}
	*ret = (struct attached){ .config = config, .pg = pg, .redis = redis };
	ret->path = rundir_shared(&config->app, config->arena, "cache");
	take(ret);
}

void attached_follow(struct attached *here)
{
	if (inode(here->path) == here->ino)
		return;
	drop(here);
	take(here);
}

void attached_close(struct attached *here)
{
	drop(here);
	redis_free(here->redis);
}
