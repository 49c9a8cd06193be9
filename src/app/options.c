/* The rows of the settings that belong to the processes themselves. */
#include "app/config.h"
#include "app/presets.h"

#include <sched.h>
#include "app/options.h"
#include "base/chain.h"

static int64_t cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

static bool word_auto(struct str text, int64_t *ret)
{
	if (!str_eqz(text, "auto"))
		return false;
	*ret = cores();
	return true;
}

#define AT(field) offsetof(struct app_options, field)

const struct conf_key app_keys[] = {
	{ "listen", CONF_TEXT, AT(listen), "hot.sock",
	  .help = "where nginx finds the hot lane, unless a socket is given: a path, relative "
		  "to "
		  "run_dir, or host:port" },
	{ "listen_slow", CONF_TEXT, AT(listen_slow), "slow.sock",
	  .help = "where nginx finds the slow lane; empty: both lanes share listen" },
	{ "listen_mode", CONF_TEXT, AT(listen_mode), "0660",
	  .help = "permissions of unix sockets made from listen [octal]" },
	{ "listen_owner", CONF_TEXT, AT(listen_owner), "",
	  .help = "user who owns these sockets; empty: whoever starts the server" },
	{ "listen_group", CONF_TEXT, AT(listen_group), "",
	  .help = "group of these sockets, usually nginx's" },
	{ "workers", CONF_INT, AT(workers), "auto", .min = 1, .max = WORKERS_MAX,
	  .word = word_auto, .reload = true,
	  .help = "processes of the hot lane; auto: one a processor" },
	{ "slow_workers", CONF_INT, AT(slow_workers), "2", .min = 1, .max = SLOW_WORKERS_MAX,
	  .reload = true, .help = "processes of the slow lane" },
	{ "hot_batch", CONF_BOOL, AT(hot_batch), "on", .reload = true,
	  .help = "workers of the hot lane do not interrupt who runs (SCHED_BATCH): fewer "
		  "switches" },
	{ "run_dir", CONF_TEXT, AT(run_dir), SM_RUNSTATEDIR "/such-market",
	  .help = "folder of the pid file, the lock and the sockets" },
	{ "shm_dir", CONF_TEXT, AT(shm_dir), "",
	  .help = "folder of the shared files; empty: a folder of /dev/shm named by run_dir, "
		  "or run_dir/shm where that cannot be written" },
	{ "user", CONF_TEXT, AT(user), "", .help = "who to become when started as root" },
	{ "group", CONF_TEXT, AT(group), "",
	  .help = "group to become when started as root; empty: the user's own" },
	{ "chain_id", CONF_INT, AT(chain_id), "1", .min = 1, .max = INT64_MAX,
	  .word = chain_read,
	  .help = "the one chain this deployment serves: a number or a name such as "
		  "eth-mainnet" },
	{ "max_requests", CONF_INT, AT(max_requests), "100000", .min = 0, .max = INT64_MAX,
	  .reload = true,
	  .help = "requests after which a worker is replaced, give or take 10 %; 0: never" },
	{ "max_growth", CONF_BYTES, AT(max_growth), "64m", .min = 0, .max = (int64_t)1 << 40,
	  .reload = true,
	  .help = "growth of private memory after which a worker is replaced [bytes]; 0: "
		  "never" },
	{ "drain_timeout", CONF_MSEC, AT(drain_ms), "10s", .min = 100, .max = 600000,
	  .reload = true, .help = "longest a leaving worker may take to finish [ms]" },
	{ "request_timeout", CONF_MSEC, AT(request_ms), "30s", .min = 100, .max = 3600000,
	  .reload = true, .help = "a worker whose request takes longer is ended [ms]" },
	{ "migrations_dir", CONF_TEXT, AT(migrations_dir), SM_PKGDATADIR "/sql/migrations",
	  .help = "folder of the schema's migrations" },
	{ "app_role", CONF_TEXT, AT(app_role), "such_market_app",
	  .help = "database role of the application, granted by migrate" },
	{ "maintenance_role", CONF_TEXT, AT(maintenance_role), "such_market_maintenance",
	  .help = "database role for maintenance, granted by migrate" },
	{ "cache_preset", CONF_CHOICE, AT(cache_preset), "moderate", .choices = PRESET_CHOICES,
	  .help = "defaults of the cache's settings; each may still be set" },
	{ "redis", CONF_BOOL, AT(redis_on), "on", .reload = true,
	  .help = "off: no connection to Redis even when one is configured" },
	{ "database_ping", CONF_BOOL, AT(ping), "on", .reload = true,
	  .help = "whether idle workers ask the database if it is there, and reconnect" },
	{ "database_ping_interval", CONF_MSEC, AT(ping_ms), "5s", .min = 100, .max = 3600000,
	  .reload = true, .help = "how often an idle worker does so [ms]" },
	{ 0 }
};
