#include <assert.h>
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
#include "lib/pg_server.h"
#include "lib/pg_template.h"
#include "net/migrate.h"
#include "net/pg.h"

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

static struct pg_server server;
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

static const char *url_of(enum who who, const char *database)
{
	return pg_server_url(&server, roles[who], database);
}

static void initdb(const struct pg_server *made)
{
	char program[PATH_BYTES + 16];
	snprintf(program, sizeof(program), "%s/initdb", pg_server_bindir());
	const char *args[] = { program,
			       "-D",
			       made->data,
			       "-U",
			       "postgres",
			       "-A",
			       "trust",
			       "-N",
			       "--encoding=UTF8",
			       "--locale=C.UTF-8",
			       NULL };
	keeper_command(&made->keeper, args, made->log);
}

static void migrate(const struct pg_server *made)
{
	struct migrate_options how = { .dir = live_pg_migrations(),
				       .chain_id = LIVE_PG_CHAIN,
				       .app_role = roles[APP],
				       .maintenance_role = roles[MAINTENANCE] };
	const char *error = "";
	int applied = 0;
	char url[URL_MAX];
	snprintf(url, sizeof(url), "%s", pg_server_url(made, roles[OWNER], BASE_NAME));
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
	keeper_command(&server.keeper, args, "/dev/null");
}

void live_pg_build(struct pg_server *made, const char *what)
{
	char url[URL_MAX];
	pg_server_prepare(made, what);
	keeper_open(&made->keeper);
	initdb(made);
	pg_server_resume(made);
	snprintf(url, sizeof(url), "%s", pg_server_url(made, roles[SUPER], "postgres"));
	pg_server_sql(url, "CREATE ROLE such_market_owner LOGIN CREATEROLE; "
			   "CREATE ROLE such_market_app LOGIN;"
			   "CREATE ROLE such_market_maintenance LOGIN");
	pg_server_sql(url, "CREATE DATABASE " BASE_NAME " OWNER such_market_owner");
	migrate(made);
}

/* A server of its own makes it; the copy is of a server that was shut down in order. */
static void make_template(const char *path)
{
	live_pg_build(&server, "template");
	keeper_end(&server.keeper, SIGINT);
	copy(server.data, path);
	keeper_close(&server.keeper);
}

void live_pg_start(void)
{
	struct pg_template template;
	pg_server_user(&server.keeper);
	pg_template_find(&server.keeper, live_pg_migrations(), pg_server_bindir(), &template);
	pg_template_enter(&template, &server.keeper, make_template);
	pg_server_prepare(&server, "pg");
	copy(template.place, server.data);
	pg_template_leave(&template);
	for (int who = 0; who < WHO_COUNT; who++)
		snprintf(urls[who], URL_MAX, "%s", url_of((enum who)who, BASE_NAME));
	keeper_open(&server.keeper);
	pg_server_resume(&server);
}

void live_pg_done(void)
{
	keeper_close(&server.keeper);
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
	pg_server_sql(urls[SUPER], sql);
	snprintf(url, sizeof(url), "%s", url_of(OWNER, name));
	return url;
}

void live_pg_sql(const char *sql)
{
	pg_server_sql(urls[SUPER], sql);
}

struct pg_server *live_pg_server(void)
{
	return &server;
}

void live_pg_follow(const char *dir)
{
	for (int who = 0; who < WHO_COUNT; who++)
		snprintf(urls[who], URL_MAX,
			 "postgresql://%s@/" BASE_NAME
			 "?host=%.100s,%.100s&target_session_attrs=read-write",
			 roles[who], server.keeper.dir, dir);
}

pid_t live_pg_pid(void)
{
	return keeper_pid(&server.keeper);
}

void live_pg_stop(void)
{
	keeper_end(&server.keeper, SIGINT);
}

void live_pg_crash(void)
{
	keeper_end(&server.keeper, SIGQUIT);
}

void live_pg_resume(void)
{
	pg_server_resume(&server);
}

void live_pg_restart(void)
{
	live_pg_stop();
	live_pg_resume();
}

void live_pg_hang(bool hangs)
{
	pg_server_hang(&server, hangs);
}
