#include "lib/pg_server.h"

#include <assert.h>
#include <glob.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "net/pg.h"

#define START_NS INT64_C(60000000000)

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 30000 };

/* Debian keeps the servers of all versions apart: the newest one. */
const char *pg_server_bindir(void)
{
	static char bindir[PG_SERVER_PATH];
	glob_t found;
	if (bindir[0])
		return bindir;
	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0)
		keeper_panic(
			"PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)");
	const char *last = found.gl_pathv[found.gl_pathc - 1];
	snprintf(bindir, sizeof(bindir), "%.*s", (int)(strrchr(last, '/') - last), last);
	globfree(&found);
	return bindir;
}

void pg_server_user(struct keeper *keeper)
{
	struct passwd *who = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
	if (!who)
		keeper_panic("there is no user postgres");
	keeper->uid = who->pw_uid;
	keeper->gid = who->pw_gid;
}

void pg_server_prepare(struct pg_server *server, const char *what)
{
	const char *dir = server->keeper.dir;
	pg_server_user(&server->keeper);
	keeper_dir(&server->keeper, what);
	snprintf(server->program, PG_SERVER_PATH, "%.200s/postgres", pg_server_bindir());
	snprintf(server->data, PG_SERVER_PATH, "%s/data", dir);
	snprintf(server->log, PG_SERVER_PATH, "%s/log", dir);
	snprintf(server->sockets, PG_SERVER_PATH, "unix_socket_directories=%s", dir);
	const char *args[] = {
		server->program,
		"-D",
		server->data,
		"-c",
		server->sockets,
		"-c",
		"listen_addresses=",
		"-c",
		"fsync=off",
		"-c",
		"shared_buffers=32MB",
		"-c",
		"max_connections=100",
		"-c",
		"deadlock_timeout=50ms",
		"-c",
		"max_prepared_transactions=2",
		"-c",
		"wal_keep_size=256MB", /* a standby that was away catches up */
		"-c",
		"wal_retrieve_retry_interval=100ms",
		NULL,
	};
	static_assert(COUNT_OF(args) <= KEEPER_ARGS, "room for the arguments");
	memcpy(server->keeper.args, args, sizeof(args));
}

void pg_server_resume(struct pg_server *server)
{
	int64_t until = clock_mono_ns() + START_NS;
	keeper_run(&server->keeper);
	struct pg *pg = pg_new(&options, pg_server_url(server, "postgres", "postgres"));
	while (pg_connect(pg) != RC_OK) {
		if (clock_mono_ns() > until) {
			keeper_show(server->log);
			keeper_panic("PostgreSQL does not start: %s", pg_error(pg));
		}
		poll(NULL, 0, 5);
	}
	pg_free(pg);
}

/* The postmaster first, so that it misses nobody's end. */
void pg_server_hang(struct pg_server *server, bool hangs)
{
	char path[64], line[4096] = "";
	int signal = hangs ? SIGSTOP : SIGCONT;
	pid_t pid = keeper_pid(&server->keeper);

	kill(pid, signal);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	FILE *in = fopen(path, "re");
	if (in && fgets(line, sizeof(line), in)) {
		char *at = line, *end;
		for (long child; (child = strtol(at, &end, 10)) > 0; at = end)
			kill((pid_t)child, signal);
	}
	if (in)
		fclose(in);
}

const char *pg_server_url(const struct pg_server *server, const char *role,
			  const char *database)
{
	static char url[PG_SERVER_PATH + 256];
	snprintf(url, sizeof(url), "postgresql://%s@/%s?host=%s", role, database,
		 server->keeper.dir);
	return url;
}

void pg_server_sql(const char *url, const char *sql)
{
	struct pg *pg = pg_new(&options, url);
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);
	if (done.rc != RC_OK)
		keeper_panic("%s: %s", sql, pg_error(pg));
	pg_free(pg);
}
