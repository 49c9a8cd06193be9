/*
 * Settings of the whole program.  Every room owns its rows; this file gathers them, adds the
 * rows of the processes, and applies the sources, the later winning: defaults, one file, the
 * names of the older system (compat.h), SUCH_MARKET_<NAME>, the command line.
 *
 *	SCOPED(config_done) struct config *config = config_new();
 *	if (config_load(config, &source) != RC_OK)
 *		tell(config->error);
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "api/options.h"
#include "app/access.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/rc.h"
#include "cache/cache.h"
#include "cache/replica.h"
#include "http/fcgi.h"
#include "http/response.h"
#include "jobs/relay.h"
#include "jobs/runner.h"
#include "model/analytics.h"
#include "net/migrate.h"
#include "net/pg.h"
#include "net/redis.h"

struct arena;

#define WORKERS_MAX      48
#define SLOW_WORKERS_MAX 15 /* two generations of both groups fit the board */

struct app_options {
	const char *listen, *listen_slow; /* unix path or host:port; "" of slow: shared */
	const char *listen_mode;          /* octal text */
	const char *listen_owner, *listen_group;
	const char *run_dir, *shm_dir; /* "" of shm_dir: made from run_dir */
	const char *user, *group;      /* when started as root */
	int64_t workers, slow_workers;
	bool hot_batch;
	/* No settings: the machine's master has one of each, a second copy none. */
	int64_t relays, tickers, runners;
	int64_t max_requests; /* a worker's; 0: no end */
	int64_t max_growth;   /* bytes of private memory; 0: no end */
	int64_t drain_ms;
	int64_t request_ms; /* watchdog: a request older than this */
	int64_t chain_id;
	const char *migrations_dir, *app_role, *maintenance_role;
	const char *cache_preset;
	bool redis_on;
	bool ping;
	int64_t ping_ms;
};

#define CONFIG_SECTIONS 14

struct config {
	struct app_options app;
	struct pg_options pg;
	struct redis_options redis;
	struct cache_options cache;
	struct relay_options relay;
	struct analytics_options analytics;
	struct replica_options replica;
	struct runner_options runner;
	struct fcgi_options fcgi;
	struct http_options http;
	struct api_options api;
	struct log_options log;
	struct access_options access;
	struct conf_section sections[CONFIG_SECTIONS];
	struct conf *conf;
	struct arena *arena;
	const char *path;  /* of the file that was read; NULL: none */
	const char *error; /* why config_load failed */
};

struct setting {
	struct str name, value;
};

/* Where values come from; kept by the master, which reads them again on SIGHUP. */
struct config_source {
	const char *path; /* --config; NULL: the environment's or the default */
	char *const *envp;
	const struct setting *settings; /* of the command line */
	size_t setting_count;
};

struct config *config_new(void);
void config_free(struct config *config);
static inline void config_done(struct config **config)
{
	config_free(*config);
}

/* A setting of that name exists (dashes count as underscores). */
bool config_known(struct str name);
/* RC_OK, or RC_INVALID with config->error: place, key, range. */
enum rc config_load(struct config *config, const struct config_source *source);
/* Names of settings that differ and that only a restart changes, told one at a time.  All of
 * the other rooms' settings change with the new processes. */
void config_fixed_changes(const struct config *old, const struct config *new,
			  void (*tell)(const char *name));
/* What the migration runner needs to know. */
struct migrate_options config_migrate(const struct config *config);

#endif
