#include <assert.h>
#include <glob.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "lib/keeper.h"
#include "lib/live_pg.h"
#include "lib/pg_template.h"
#include "net/migrate.h"
#include "net/pg.h"

#define START_NS   INT64_C(30000000000)
#define URL_MAX    512
#define PATH_BYTES 512
#define BASE_NAME  "such_market"

enum who {
	SUPER,
	OWNER,
	APP,
	MAINTENANCE,
	WHO_COUNT
};

static const char *const roles[WHO_COUNT] = { "postgres", "such_market_owner",
					      "such_market_app", "such_market_maintenance" };

static struct keeper server;
static char bindir[PATH_BYTES], datadir[PATH_BYTES], logfile[PATH_BYTES];
static char urls[WHO_COUNT][URL_MAX];
static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 30000 };

static const char *from_env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

const char *live_pg_migrations(void)
{
	static char path[PATH_BYTES];
	snprintf(path, sizeof(path), "%s/sql/migrations", from_env("top_srcdir", ".."));
	return path;
}

/* Debian keeps the servers of all versions apart: the newest one. */
static void find_bindir(void)
{
	glob_t found;
	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0)
		keeper_panic(
			"PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)");
	const char *last = found.gl_pathv[found.gl_pathc - 1];
	snprintf(bindir, sizeof(bindir), "%.*s", (int)(strrchr(last, '/') - last), last);
	globfree(&found);
}

/* PostgreSQL refuses to run as root. */
static void find_user(struct keeper *keeper)
{
	struct passwd *who = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
	if (!who)
		keeper_panic("there is no user postgres");
	keeper->uid = who->pw_uid;
	keeper->gid = who->pw_gid;
}

static const char *url_of(enum who who, const char *database)
{
	static char url[URL_MAX];
	snprintf(url, sizeof(url), "postgresql://%s@/%s?host=%s", roles[who], database,
		 server.dir);
	return url;
}

static void run_sql(const char *url, const char *sql)
{
	struct pg *pg = pg_new(&options, url);
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);
	if (done.rc != RC_OK)
		keeper_panic("%s: %s", sql, pg_error(pg));
	pg_free(pg);
}

static void wait_until_up(void)
{
	int64_t until = clock_mono_ns() + START_NS;
	struct pg *pg = pg_new(&options, url_of(SUPER, "postgres"));
	while (pg_connect(pg) != RC_OK) {
		if (clock_mono_ns() > until) {
			keeper_show(logfile);
			keeper_panic("PostgreSQL does not start: %s", pg_error(pg));
		}
		poll(NULL, 0, 5);
	}
	pg_free(pg);
}

static void resume(void)
{
	keeper_run(&server);
	wait_until_up();
}

/* A server in a new directory; the data directory is given or made beside the log. */
static void prepare(const char *what)
{
	static char program[PATH_BYTES + 16], sockets[PATH_BYTES];
	find_user(&server);
	keeper_dir(&server, what);
	snprintf(program, sizeof(program), "%s/postgres", bindir);
	snprintf(datadir, sizeof(datadir), "%s/data", server.dir);
	snprintf(logfile, sizeof(logfile), "%s/log", server.dir);
	snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", server.dir);
	const char *args[] = {
		program,
		"-D",
		datadir,
		"-c",
		sockets,
		"-c",
		"listen_addresses=",
		"-c",
		"fsync=off",
		"-c",
		"shared_buffers=32MB",
		"-c",
		"max_connections=40",
		"-c",
		"deadlock_timeout=50ms",
		"-c",
		"max_prepared_transactions=2",
		NULL,
	};
	static_assert(COUNT_OF(args) <= KEEPER_ARGS, "room for the arguments");
	memcpy(server.args, args, sizeof(args));
}

static void initdb(void)
{
	char program[PATH_BYTES + 16];
	snprintf(program, sizeof(program), "%s/initdb", bindir);
	const char *args[] = { program,
			       "-D",
			       datadir,
			       "-U",
			       "postgres",
			       "-A",
			       "trust",
			       "-N",
			       "--encoding=UTF8",
			       "--locale=C.UTF-8",
			       NULL };
	keeper_command(&server, args, logfile);
}

static void migrate(void)
{
	struct migrate_options how = { .dir = live_pg_migrations(),
				       .chain_id = LIVE_PG_CHAIN,
				       .app_role = roles[APP],
				       .maintenance_role = roles[MAINTENANCE] };
	const char *error = "";
	int applied = 0;
	char url[URL_MAX];
	snprintf(url, sizeof(url), "%s", url_of(OWNER, BASE_NAME));
	struct arena *arena = arena_new(65536);
	struct pg *pg = pg_new(&options, url);
	if (migrate_apply(pg, arena, &how, NULL, NULL, &applied, &error) != RC_OK)
		keeper_panic("%s", error);
	pg_free(pg);
	arena_free(arena);
}

static void copy(const char *from, const char *to)
{
	const char *args[] = { "cp", "-a", "--reflink=auto", from, to, NULL };
	keeper_command(&server, args, "/dev/null");
}

/* A server of its own makes it; the copy is of a server that was shut down in order. */
static void make_template(const char *path)
{
	prepare("template");
	keeper_open(&server);
	initdb();
	resume();
	run_sql(url_of(SUPER, "postgres"), "CREATE ROLE such_market_owner LOGIN CREATEROLE; "
					   "CREATE ROLE such_market_app LOGIN;"
					   "CREATE ROLE such_market_maintenance LOGIN");
	run_sql(url_of(SUPER, "postgres"),
		"CREATE DATABASE " BASE_NAME " OWNER such_market_owner");
	migrate();
	keeper_end(&server, SIGINT);
	copy(datadir, path);
	keeper_close(&server);
}

void live_pg_start(void)
{
	struct pg_template template;
	find_bindir();
	find_user(&server);
	pg_template_find(&server, live_pg_migrations(), bindir, &template);
	pg_template_enter(&template, &server, make_template);
	prepare("pg");
	copy(template.place, datadir);
	pg_template_leave(&template);
	for (int who = 0; who < WHO_COUNT; who++)
		snprintf(urls[who], URL_MAX, "%s", url_of((enum who)who, BASE_NAME));
	keeper_open(&server);
	resume();
}

void live_pg_done(void)
{
	keeper_close(&server);
}

const char *live_pg_url(void)
{
	return urls[APP];
}

const char *live_pg_maintenance_url(void)
{
	return urls[MAINTENANCE];
}

const char *live_pg_owner_url(void)
{
	return urls[OWNER];
}

const char *live_pg_super_url(void)
{
	return urls[SUPER];
}

const char *live_pg_empty_database(const char *name)
{
	static char url[URL_MAX];
	char sql[128];
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s OWNER such_market_owner", name);
	run_sql(urls[SUPER], sql);
	snprintf(url, sizeof(url), "%s", url_of(OWNER, name));
	return url;
}

void live_pg_sql(const char *sql)
{
	run_sql(urls[SUPER], sql);
}

pid_t live_pg_pid(void)
{
	return keeper_pid(&server);
}

void live_pg_stop(void)
{
	keeper_end(&server, SIGINT);
}

void live_pg_crash(void)
{
	keeper_end(&server, SIGQUIT);
}

void live_pg_resume(void)
{
	resume();
}

void live_pg_restart(void)
{
	live_pg_stop();
	live_pg_resume();
}
