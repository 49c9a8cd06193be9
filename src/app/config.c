#include "app/config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>
#include "app/compat.h"
#include "app/options.h"
#include "app/presets.h"
#include "base/arena.h"
#include "base/scope.h"
#include "cache/rule.h"

#define DEFAULT_FILE SM_SYSCONFDIR "/such-market/such-market.conf"

static void gather(struct config *c)
{
	const struct conf_section all[CONFIG_SECTIONS] = {
		{ "processes", app_keys, &c->app },
		{ "database", pg_keys, &c->pg },
		{ "redis", redis_keys, &c->redis },
		{ "fastcgi", fcgi_keys, &c->fcgi },
		{ "answers", http_keys, &c->http },
		{ "cache", cache_keys, &c->cache },
		{ "relay", relay_keys, &c->relay },
		{ "analytics", analytics_keys, &c->analytics },
		{ "replicas", replica_keys, &c->replica },
		{ "runner", runner_keys, &c->runner },
		{ "warming", warm_keys, &c->runner.warm },
		{ "log", log_keys, &c->log },
		{ "requests", access_keys, &c->access },
		{ "keys", api_keys, &c->api },
	};

	memcpy(c->sections, all, sizeof(all));
}

struct config *config_new(void)
{
	struct config *config = mem_alloc(sizeof(*config));

	config->arena = arena_new(4096);
	gather(config);
	config->conf = conf_new(config->sections, CONFIG_SECTIONS, NULL, 0);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	conf_free(config->conf);
	arena_free(config->arena);
	free(config);
}

bool config_known(struct str name)
{
	SCOPED(config_done) struct config *config = config_new();

	return conf_known(config->conf, name);
}

#define refuse(config, ...)                                                                    \
	((config)->error =                                                                     \
		 arena_strz((config)->arena, arena_printf((config)->arena, __VA_ARGS__)),      \
	 RC_INVALID)

/* A value that its own row could not judge; told with its place. */
static enum rc refuse_key(struct config *config, const char *key, const char *value,
			  const char *why)
{
	return refuse(config, "%s: %s: \"%s\" %s", conf_origin(config->conf, key), key, value,
		      why);
}

static enum rc check_mode(struct config *config)
{
	const char *mode = config->app.listen_mode;
	char *end;
	unsigned long n = strtoul(mode, &end, 8);

	if (*mode >= '0' && *mode <= '7' && *end == '\0' && n <= 0777)
		return RC_OK;
	return refuse_key(config, "listen_mode", mode, "is not an octal number in 0 … 0777");
}

static enum rc check_names(struct config *config)
{
	const struct app_options *app = &config->app;
	const struct {
		const char *key, *value;
		bool known;
	} names[] = {
		{ "user", app->user, !*app->user || getpwnam(app->user) },
		{ "listen_owner", app->listen_owner,
		  !*app->listen_owner || getpwnam(app->listen_owner) },
		{ "group", app->group, !*app->group || getgrnam(app->group) },
		{ "listen_group", app->listen_group,
		  !*app->listen_group || getgrnam(app->listen_group) },
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!names[i].known)
			return refuse_key(config, names[i].key, names[i].value,
					  "is not known on this machine");
	return RC_OK;
}

static enum rc check_paths(struct config *config)
{
	const struct app_options *app = &config->app;

	if (app->run_dir[0] != '/')
		return refuse_key(config, "run_dir", app->run_dir, "is not an absolute path");
	if (app->shm_dir[0] && app->shm_dir[0] != '/')
		return refuse_key(config, "shm_dir", app->shm_dir, "is not an absolute path");
	if (!app->listen[0])
		return refuse_key(config, "listen", app->listen, "says nowhere to listen");
	return RC_OK;
}

static enum rc check_url(struct config *config, const char *key, const char *url)
{
	const char *why;

	if (!*url || pg_url_check(url, &why) == RC_OK)
		return RC_OK;
	return refuse(config, "%s: %s: %s", conf_origin(config->conf, key), key, why);
}

static enum rc check_database(struct config *config)
{
	enum rc rc = check_url(config, "database_url", config->pg.url);

	if (rc == RC_OK)
		rc = check_url(config, "direct_database_url", config->pg.direct_url);
	if (rc == RC_OK)
		rc = check_url(config, "maintenance_database_url", config->pg.maintenance_url);
	return rc;
}

static enum rc check_replicas(struct config *config)
{
	const char *why;

	if (replicas_check(config->replica.urls, &why) == RC_OK)
		return RC_OK;
	return refuse(config, "%s: replica_urls: %s", conf_origin(config->conf, "replica_urls"),
		      why);
}

static enum rc check_redis_url(struct config *config, const char *key, const char *url)
{
	const char *why;

	if (!config->app.redis_on || !url || !*url || redis_url_check(url, &why) == RC_OK)
		return RC_OK;
	/* The value itself may hold a password: it is not repeated. */
	return refuse(config, "%s: %s: %s", conf_origin(config->conf, key), key, why);
}

static enum rc check_redis(struct config *config)
{
	enum rc rc = check_redis_url(config, "redis_url", config->redis.url);

	return rc == RC_OK
		       ? check_redis_url(config, "analytics_redis_url", config->analytics.url)
		       : rc;
}

static enum rc check_rules(struct config *config)
{
	struct rules rules;
	const char *why;
	struct str at;

	if (rules_read(config->cache.rules, &rules, &why, &at) == RC_OK)
		return RC_OK;
	return refuse_key(config, "invalidate_rules", arena_strz(config->arena, at), why);
}

static enum rc check_all(struct config *config)
{
	enum rc (*const checks[])(
		struct config *) = { check_mode,     check_names, check_paths, check_database,
				     check_replicas, check_redis, check_rules };

	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		enum rc rc = checks[i](config);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static const char *env_get(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

/* The file to read: named ones must exist, the default may be absent. */
static const char *file_to_read(const struct config_source *source)
{
	const char *named =
		source->path ? source->path : env_get(source->envp, "SUCH_MARKET_CONFIG");

	if (named && *named)
		return named;
	return access(DEFAULT_FILE, F_OK) == 0 ? DEFAULT_FILE : NULL;
}

/* Without the names that speak to the tools around the program, not to its settings. */
static char **settings_env(struct arena *arena, char *const *envp)
{
	static const char *const others[] = { "SUCH_MARKET_CONFIG=", "SUCH_MARKET_STATE=",
					      "SUCH_MARKET_FP=", "SUCH_MARKET_MUTATION=" };
	size_t n = 0, kept = 0;

	while (envp[n])
		n++;
	char **ret = arena_alloc(arena, (n + 1) * sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		bool other = false;
		for (size_t k = 0; k < COUNT_OF(others); k++)
			other |= strncmp(envp[i], others[k], strlen(others[k])) == 0;
		if (!other)
			ret[kept++] = envp[i];
	}
	ret[kept] = NULL;
	return ret;
}

static enum rc apply_settings(struct config *config, const struct config_source *source)
{
	for (size_t i = 0; i < source->setting_count; i++) {
		enum rc rc = conf_set(config->conf, source->settings[i].name,
				      source->settings[i].value, "command line");
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc apply_sources(struct config *config, const struct config_source *source)
{
	enum rc rc = RC_OK;

	config->path = file_to_read(source);
	if (config->path)
		rc = conf_file(config->conf, config->path);
	if (rc == RC_OK)
		rc = compat_apply(config->conf, source->envp, config->arena);
	if (rc == RC_OK)
		rc = conf_environment(config->conf, settings_env(config->arena, source->envp));
	if (rc == RC_OK)
		rc = apply_settings(config, source);
	return rc == RC_OK ? preset_apply(config->conf, config->app.cache_preset) : rc;
}

enum rc config_load(struct config *config, const struct config_source *source)
{
	enum rc rc = apply_sources(config, source);

	analytics_settle(&config->analytics, &config->redis, config->cache.redis_prefix);
	if (rc == RC_OK)
		return check_all(config);
	if (!config->error)
		config->error = conf_error(config->conf);
	return rc;
}

static bool value_same(const struct conf_key *key, const void *a, const void *b)
{
	switch (key->type) {
	case CONF_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case CONF_INT:
	case CONF_MSEC:
	case CONF_BYTES:
		return *(const int64_t *)a == *(const int64_t *)b;
	default:
		return str_eq(str_of(*(const char *const *)a), str_of(*(const char *const *)b));
	}
}

void config_fixed_changes(const struct config *old, const struct config *new,
			  void (*tell)(const char *name))
{
	const char *was = (const char *)&old->app, *is = (const char *)&new->app;

	for (const struct conf_key *key = app_keys; key->name; key++)
		if (!key->reload && !value_same(key, was + key->offset, is + key->offset))
			tell(key->name);
}

struct migrate_options config_migrate(const struct config *config)
{
	return (struct migrate_options){
		.dir = config->app.migrations_dir,
		.chain_id = config->app.chain_id,
		.app_role = config->app.app_role,
		.maintenance_role = config->app.maintenance_role,
	};
}
