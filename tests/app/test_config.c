/* The command line, the sources of settings and what is said about bad ones. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "app/server.h"

static const char *out;

#define RUN(...) server_run(NULL, &out, __VA_ARGS__, NULL)
#define RUN_ENV(env, ...)                                                                      \
	server_run((char *const[]){ (char *)env, NULL }, &out, __VA_ARGS__, NULL)

static bool said(const char *text)
{
	return strstr(out, text) != NULL;
}

static const char *conf_with(const char *text)
{
	static char path[] = "/tmp/sm-app-conf-XXXXXX";
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

START_TEST(unknown_words_and_options_are_usage_errors)
{
	ck_assert_int_eq(RUN("dance"), 2);
	ck_assert(said("dance"));
	ck_assert_int_eq(RUN("warmer"), 2);
	ck_assert_int_eq(RUN("serve", "--dance"), 2);
	ck_assert(said("unknown option --dance"));
	ck_assert_int_eq(RUN("serve", "dance"), 2);
	ck_assert_int_eq(RUN("check-config", "--dump=1"), 2);
	ck_assert(said("takes no value"));
	ck_assert_int_eq(RUN("check-config", "--workers"), 2);
	ck_assert(said("needs a value"));
	ck_assert_int_eq(RUN("key"), 2);
	ck_assert_int_eq(RUN("key", "create"), 2);
	ck_assert_int_eq(RUN("key", "revoke"), 2);
	ck_assert_int_eq(RUN("key", "create", "--name=x", "--role=king"), 2);
	ck_assert_int_eq(RUN("import"), 2);
	ck_assert_int_eq(RUN("import", "--nfts=x", "--skip-bad=many"), 2);
	ck_assert_int_eq(RUN("version", "x"), 2);
	ck_assert_int_eq(RUN("help", "dance"), 2);
}
END_TEST

START_TEST(help_version_and_routes_are_printed)
{
	ck_assert_int_eq(RUN("version"), 0);
	ck_assert_str_eq(out, "such-market " PACKAGE_VERSION "\n");
	ck_assert_int_eq(RUN("help"), 0);
	ck_assert(said("check-config"));
	ck_assert_int_eq(RUN("import", "--help"), 0);
	ck_assert(said("--skip-bad"));
	ck_assert_int_eq(RUN("routes"), 0);
	ck_assert(said("/api/collection/{address}/nfts/{tokenId}/owner"));
}
END_TEST

START_TEST(a_bad_value_names_place_key_and_range)
{
	const char *conf = conf_with("# comment\nworkers = 3\nslow_workers = 99\n");

	ck_assert_int_eq(RUN("check-config", "--config", conf), 1);
	ck_assert(said(conf));
	ck_assert(said(":3: slow_workers: 99 is not in 1 … 15"));
	unlink(conf);
	ck_assert_int_eq(RUN("check-config", "--workers=0"), 1);
	ck_assert(said("command line: workers: 0 is not in 1 … 48"));
	ck_assert_int_eq(RUN_ENV("SUCH_MARKET_LISTEN_MODE=0999", "check-config"), 1);
	ck_assert(said(
		"environment SUCH_MARKET_LISTEN_MODE: listen_mode: \"0999\" is not an octal"));
	ck_assert_int_eq(RUN("check-config", "--user=nobody-of-that-name"), 1);
	ck_assert(said("is not known on this machine"));
	ck_assert_int_eq(RUN("check-config", "--run-dir=here"), 1);
	ck_assert(said("is not an absolute path"));
	ck_assert_int_eq(RUN("check-config", "--config=/no/such/file"), 1);
	ck_assert(said("/no/such/file"));
	ck_assert_int_eq(RUN_ENV("CACHE_TTL=soon", "check-config"), 1);
	ck_assert(said("environment CACHE_TTL: cache_ttl_hot: "));
	ck_assert_int_eq(RUN_ENV("REDIS_PORT=70000", "check-config"), 1);
	ck_assert(said("environment REDIS_PORT: redis_port: 70000 is not in 1 … 65535"));
	ck_assert_int_eq(
		RUN("check-config", "--invalidate-rules=nfts -> list; nfts -> u:{fid}"), 1);
	ck_assert(
		said("command line: invalidate_rules: \"nfts -> u:{fid}\" can never fire: such "
		     "events do not say {fid}"));
}
END_TEST

START_TEST(the_later_source_wins)
{
	const char *conf = conf_with("workers = 3\nchain_id = base-mainnet\nmax_growth = 1m\n");
	char env[] = "SUCH_MARKET_WORKERS=4";

	ck_assert_int_eq(server_run((char *const[]){ env, NULL }, &out, "check-config",
				    "--dump", "--config", conf, "--max-growth=2m", NULL),
			 0);
	ck_assert(said("workers = 4  # environment SUCH_MARKET_WORKERS\n"));
	ck_assert(said("max_growth = 2m  # command line\n"));
	ck_assert(said("chain_id = base-mainnet  # "));
	ck_assert(said("slow_workers = 2  # default\n"));
	unlink(conf);
}
END_TEST

START_TEST(older_names_rank_above_the_file_and_below_our_own)
{
	const char *conf =
		conf_with("database_url = postgresql:///file\nredis_url = redis://file\n");
	char *const env[] = { (char *)"DATABASE_URL=postgresql:///older",
			      (char *)"UPSTASH_REDIS_REST_URL=https://lowest",
			      (char *)"KV_REST_API_URL=redis://middle",
			      (char *)"REDIS_URL=redis://highest",
			      (char *)"DB_HEALTH_CHECK_INTERVAL=30000",
			      (char *)"ENABLE_DB_HEALTH_CHECK=false",
			      (char *)"ENABLE_REDIS_CACHE=no",
			      (char *)"CACHE_TTL=2500",
			      (char *)"ENABLE_LOCAL_CACHE=false",
			      (char *)"SUCH_MARKET_CACHE_TTL_HOT=9s",
			      NULL };

	ck_assert_int_eq(
		server_run(env, &out, "check-config", "--dump", "--config", conf, NULL), 0);
	ck_assert(said("database_url = postgresql:///older  # environment DATABASE_URL\n"));
	ck_assert(said("redis_url = redis://highest  # environment REDIS_URL\n"));
	ck_assert(
		said("database_ping_interval = 30s  # environment DB_HEALTH_CHECK_INTERVAL\n"));
	ck_assert(said("database_ping = off  # environment ENABLE_DB_HEALTH_CHECK\n"));
	ck_assert(said("redis = off  # environment ENABLE_REDIS_CACHE\n"));
	ck_assert(said("cache_ttl_hot = 9s  # environment SUCH_MARKET_CACHE_TTL_HOT\n"));
	ck_assert(said("cache_ttl_cold = 2500ms  # environment CACHE_TTL\n"));
	ck_assert(said("cache_memory = off  # environment ENABLE_LOCAL_CACHE\n"));
	unlink(conf);
}
END_TEST

START_TEST(a_preset_gives_defaults_only)
{
	const char *conf = conf_with("cache_preset = aggressive\ncache_ttl_hot = 7s\n");

	ck_assert_int_eq(RUN("check-config", "--dump", "--config", conf), 0);
	ck_assert(said("cache_ttl_hot = 7s  # "));
	ck_assert(said("cache_ttl_cold = 7d  # preset aggressive\n"));
	ck_assert_int_eq(RUN("check-config", "--dump", "--cache-preset=memory_only"), 0);
	ck_assert(said("redis = off  # preset memory_only\n"));
	ck_assert_int_eq(RUN("check-config", "--dump", "--cache-preset=moderate"), 0);
	ck_assert(said("cache_ttl_hot = 5m  # default\n"));
	ck_assert_int_eq(RUN("check-config", "--cache-preset=wild"), 1);
	unlink(conf);
}
END_TEST

START_TEST(a_rest_address_is_explained_and_not_repeated)
{
	ck_assert_int_eq(
		RUN_ENV("KV_REST_API_URL=https://user:hunter2@kv.example", "check-config"), 1);
	ck_assert(said("environment KV_REST_API_URL: redis_url: "));
	ck_assert(said("REST"));
	ck_assert(!said("hunter2"));
	/* Nobody who turned Redis off has to mend its address first. */
	ck_assert_int_eq(
		RUN_ENV("KV_REST_API_URL=https://kv.example", "check-config", "--redis=off"),
		0);
}
END_TEST

START_TEST(an_address_of_another_driver_is_explained)
{
	ck_assert_int_eq(RUN_ENV("DATABASE_URL=postgresql://u:hunter2@h/d?pgbouncer=true",
				 "check-config"),
			 1);
	ck_assert(said("environment DATABASE_URL: database_url: "));
	ck_assert(said("pgbouncer"));
	ck_assert(!said("hunter2"));
	ck_assert_int_eq(RUN("check-config", "--direct-database-url=nonsense"), 1);
	ck_assert(said("command line: direct_database_url: "));
	ck_assert_int_eq(RUN("serve"), 1);
	ck_assert(said("such-market serve: database_url is not set"));
	ck_assert_int_eq(RUN("key", "list", "--direct-database-url=postgresql:///x"), 1);
	ck_assert(said("such-market key: database_url is not set"));
	ck_assert_int_eq(RUN("migrate"), 1);
	ck_assert(said("neither direct_database_url nor database_url is set"));
	ck_assert_int_eq(RUN("check-config"), 0);
	ck_assert(said("note: database_url is not set"));
}
END_TEST

START_TEST(names_without_effect_are_told)
{
	ck_assert_int_eq(RUN_ENV("ALCHEMY_API_KEY=alch-secret", "check-config"), 0);
	ck_assert(said("note: ALCHEMY_API_KEY has no effect: "));
	ck_assert(!said("alch-secret"));
	ck_assert_int_eq(RUN_ENV("UPSTASH_REDIS_REST_TOKEN=t0ken", "check-config"), 0);
	ck_assert(said("note: UPSTASH_REDIS_REST_TOKEN has no effect: "));
	ck_assert(!said("t0ken"));
}
END_TEST

START_TEST(a_dump_hides_secrets)
{
	ck_assert_int_eq(RUN("check-config", "--dump", "--redis-password=hunter2",
			     "--database-url=postgresql://app:hunter3@db/sm"),
			 0);
	ck_assert(!said("hunter2"));
	ck_assert(!said("hunter3"));
	ck_assert(said("redis_password = (hidden)"));
}
END_TEST

START_TEST(every_setting_is_described)
{
	ck_assert_int_eq(RUN("check-config", "--describe"), 0);
	ck_assert(said("  drain_timeout (time, "));
	ck_assert(said("DIRECT_DATABASE_URL"));
}
END_TEST

SUITE(unknown_words_and_options_are_usage_errors, help_version_and_routes_are_printed,
      a_bad_value_names_place_key_and_range, the_later_source_wins,
      older_names_rank_above_the_file_and_below_our_own, a_preset_gives_defaults_only,
      a_rest_address_is_explained_and_not_repeated, an_address_of_another_driver_is_explained,
      names_without_effect_are_told, a_dump_hides_secrets, every_setting_is_described)
