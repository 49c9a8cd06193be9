#include "app/handles.h"

#include "api/routes.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "cache/stored.h"
#include "cache/replica.h"
#include "http/cursor.h"
#include "model/instance.h"
#include "model/reads.h"
#include "net/redis.h"

static void tell_slow(void *ctx, const char *name, int64_t ns)
{
	(void)ctx;
	log_warn("slow statement", LOG_STR("statement", str_of(name)),
		 LOG_REAL("milliseconds", (double)ns / 1e6));
}

void handles_open(struct handles *ret, const struct process *process)
{
	const struct config *config = process->config;

	*ret = (struct handles){ .migrate = config_migrate(config) };
	ret->env = (struct env){
		.pg = pg_new(&config->pg, config->pg.url),
		.redis = config->app.redis_on ? redis_new(&config->redis) : NULL,
		.board = process->board,
		.started_us = clock_wall_us(),
		.role_names = role_names,
		.role_count = PROCESS_ROLES,
		.migrate = &ret->migrate,
		.analytics = &ret->analytics,
		.machine = ret->machine,
		.seal = cursor_write,
	};
	process_machine(config, ret->machine);
	ret->analytics = (struct analytics){ NULL, &config->analytics, &counted_names };
	if (config->app.redis_on && config->analytics.on)
		ret->analytics.redis = redis_new(&config->analytics.redis);
	ret->env.cache = cache_new(&config->cache, process->map, ret->env.pg);
	if (process->map && ret->env.redis && redis_configured(ret->env.redis))
		ret->redis_tier = redis_tier_new(&config->cache, process->map, ret->env.redis);
	cache_set_redis(ret->env.cache, ret->redis_tier);
	ret->stored = stored_new(&config->cache, process->map, ret->env.pg);
	cache_set_stored(ret->env.cache, ret->stored, process->role == PROCESS_runner);
	/* What a runner reads is for all: of the primary. */
	if (process->role != PROCESS_runner) {
		ret->replicas = replicas_new(&config->replica, &config->pg, process->map);
		replicas_on_connect(ret->replicas, instance_session, NULL);
	}
	cache_set_replicas(ret->env.cache, ret->replicas, reads_ask);
	pg_on_slow(ret->env.pg, tell_slow, NULL);
	instance_attach(&ret->env);
}

void handles_close(struct handles *handles)
{
	cache_free(handles->env.cache);
	redis_tier_free(handles->redis_tier);
	stored_free(handles->stored);
	redis_free(handles->analytics.redis);
	replicas_free(handles->replicas);
	redis_free(handles->env.redis);
	pg_free(handles->env.pg);
}
