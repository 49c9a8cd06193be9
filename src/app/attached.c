#include "app/attached.h"

#include "app/config.h"
#include "app/rundir.h"
#include "base/arena.h"
#include "cache/cache.h"
#include "cache/map.h"
#include "cache/redis_tier.h"
#include "net/redis.h"

void attached_open(struct attached *ret, const struct config *config, struct pg *pg)
{
	struct redis *redis = config->app.redis_on ? redis_new(&config->redis) : NULL;
	const char *why;

	if (redis && !redis_configured(redis)) {
		redis_free(redis);
		redis = NULL;
	}
	*ret = (struct attached){ .redis = redis };
	(void)cache_map_attach(rundir_shared(&config->app, config->arena, "cache"), &ret->map,
			       &why);
	if (redis)
		ret->tier = redis_tier_new(&config->cache, ret->map, redis);
	ret->cache = cache_new(&config->cache, ret->map, pg);
	cache_set_redis(ret->cache, ret->tier);
}

void attached_close(struct attached *here)
{
	cache_free(here->cache);
	redis_tier_free(here->tier);
	redis_free(here->redis);
	cache_map_close(here->map);
}
