/* The server and a real database: away, back, of another schema, and slow. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/server.h"
#include "base/buf.h"
#include "lib/commit_hold.h"
#include "lib/fcgi_client.h"
#include "lib/live_pg.h"
#include "net/pg.h"

#define COLLECTION "/api/collection/0x00000000000000000000000000000000000000aa"

/* The test's own session; its deadlines are the server's defaults. */
static struct pg *session(void)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 5000 };

	return pg_new(&options, live_pg_super_url());
}

static void sql(struct pg *pg, const char *text)
{
	SCOPED(pg_result_done) struct pg_result result = pg_exec(pg, text);

	ck_assert_msg(result.rc == RC_OK, "%s: %s", text, pg_error(pg));
}

/* From here on every read of a collection waits, until the session ends its transaction. */
static struct pg *hold_collections(void)
{
	struct pg *pg = session();

	sql(pg, "BEGIN; LOCK TABLE such_market.collections IN ACCESS EXCLUSIVE MODE");
	return pg;
}

static void await_waiting(struct pg *pg)
{
	bool waiting = false;

	do {
		SCOPED(pg_result_done)
		struct pg_result rows =
			pg_exec(pg, "SELECT count(*) FROM pg_stat_activity WHERE "
				    "wait_event_type = 'Lock'");
		ck_assert_int_eq(rows.rc, RC_OK);
		waiting = pg_i64(&rows, 0, 0) > 0;
	} while (!waiting && (server_pause(), true));
}

static void with_database(struct server *s, const char *more)
{
	char text[1024];

	server_init(s);
	snprintf(text, sizeof(text),
		 "database_url = \"%s\"\nworkers = 1\ndatabase_deadline = 30s\n%s",
		 live_pg_url(), more);
	server_write(s, text);
	server_launch(s, NULL, NULL);
	server_await(s);
}

START_TEST(serves_from_the_database)
{
	struct server s;

	with_database(&s, "");
	AWAIT(server_get(&s, "/health/ready") == 200);
	ck_assert_int_eq(server_get(&s, COLLECTION), 404);
	ck_assert_int_eq(server_logged(&s, " error "), 0);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

/* Kilobytes that only this process has. */
static long private_kb(pid_t pid)
{
	char path[64], line[256];
	long total = 0, kb;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Private_Clean: %ld", &kb) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &kb) == 1)
			total += kb;
	fclose(f);
	return total;
}

START_TEST(a_worker_idles_below_12_mb)
{
	struct server s;

	with_database(&s, "");
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(server_get(&s, COLLECTION), 404);
	long kb = private_kb(server_worker(&s, "such-market: worker hot 1"));
	printf("a worker that answered 300 requests: %ld kB private\n", kb);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_lt(kb, 12 * 1024);
#endif
	ck_assert_int_gt(kb, 0);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

static int send_get(const struct server *s, const char *uri)
{
	struct buf request;
	int fd = fcgi_client_open(s->hot);

	buf_init(&request, NULL, BUF_NO_MAX);
	fcgi_get(&request, uri, false);
	ck_assert(fcgi_client_send(fd, buf_str(&request)));
	buf_release(&request);
	return fd;
}

START_TEST(a_request_in_flight_is_finished_before_the_end)
{
	struct server s;
	struct fcgi_reply reply;

	with_database(&s, "");
	struct pg *pg = hold_collections();
	int fd = send_get(&s, COLLECTION);
	await_waiting(pg);
	kill(s.pid, SIGTERM);
	AWAIT(server_logged(&s, "event=stopping") == 1);
	sql(pg, "ROLLBACK");
	ck_assert(fcgi_client_reply(fd, 10000, &reply));
	ck_assert_int_eq(reply.status, 404);
	fcgi_reply_release(&reply);
	ck_assert_int_eq(server_wait(&s), 0);
	pg_free(pg);
	close(fd);
}
END_TEST

START_TEST(a_second_term_does_not_wait)
{
	struct server s;

	with_database(&s, "");
	struct pg *pg = hold_collections();
	int fd = send_get(&s, COLLECTION);
	await_waiting(pg);
	kill(s.pid, SIGTERM);
	AWAIT(server_logged(&s, "event=stopping") == 1);
	kill(s.pid, SIGTERM);
	ck_assert_int_eq(server_wait(&s), 0);
	ck_assert_int_ge(server_logged(&s, "process killed"), 1);
	pg_free(pg);
	close(fd);
}
END_TEST

START_TEST(a_request_without_end_costs_its_worker_only)
{
	struct server s;
	struct fcgi_reply reply;

	with_database(&s, "request_timeout = 300ms\n");
	struct pg *pg = hold_collections();
	int fd = send_get(&s, COLLECTION);
	ck_assert(!fcgi_client_reply(fd, 20000, &reply));
	AWAIT(server_logged(&s, "a request takes too long") >= 1);
	AWAIT(server_logged(&s, "signal=6") == 1);
	AWAIT(server_get(&s, "/health/live") == 200);
	pg_free(pg);
	close(fd);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(starts_without_a_database_and_finds_it_later)
{
	struct server s;

	live_pg_stop();
	with_database(&s, "database_ping_interval = 100ms\n");
	ck_assert_int_eq(server_logged(&s, "database away"), 1);
	ck_assert_int_eq(server_get(&s, "/health/live"), 200);
	ck_assert_int_eq(server_get(&s, "/health/ready"), 503);
	ck_assert_int_eq(server_get(&s, COLLECTION), 503);
	live_pg_resume();
	AWAIT(server_get(&s, "/health/ready") == 200);
	ck_assert_int_eq(server_get(&s, COLLECTION), 404);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(an_empty_database_is_refused_with_the_command_that_mends_it)
{
	struct server s;
	char text[1024];

	server_init(&s);
	snprintf(text, sizeof(text), "database_url = \"%s\"\n",
		 live_pg_empty_database("blank"));
	server_write(&s, text);
	server_launch(&s, NULL, NULL);
	ck_assert_int_eq(server_wait(&s), 1);
	ck_assert_int_eq(server_logged(&s, "event=serving"), 0);
	ck_assert_int_ge(server_logged(&s, "such-market migrate"), 1);
	ck_assert_int_ne(access(s.hot, F_OK), 0);
}
END_TEST

START_TEST(another_chain_is_refused_also_in_a_reload)
{
	struct server s, other;
	char text[1024];

	server_init(&other);
	snprintf(text, sizeof(text), "database_url = \"%s\"\nchain_id = base-mainnet\n",
		 live_pg_url());
	server_write(&other, text);
	server_launch(&other, NULL, NULL);
	ck_assert_int_eq(server_wait(&other), 1);
	ck_assert_int_ge(server_logged(&other, "8453"), 1);

	with_database(&s, "");
	server_write(&s, text);
	kill(s.pid, SIGHUP);
	AWAIT(server_logged(&s, "configuration refused; the old one stays") == 1);
	ck_assert_int_eq(server_get(&s, "/health/ready"), 200);
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(migrate_makes_an_empty_database_serve)
{
	const char *url = live_pg_empty_database("fresh"), *out;
	char direct[512], dir[512];

	snprintf(direct, sizeof(direct), "--direct-database-url=%s", url);
	snprintf(dir, sizeof(dir), "--migrations-dir=%s", live_pg_migrations());
	ck_assert_int_eq(server_run(NULL, &out, "migrate", direct, dir, NULL), 0);
	ck_assert_ptr_nonnull(strstr(out, "applied 0001_core"));
	ck_assert_int_eq(server_run(NULL, &out, "migrate", direct, dir, NULL), 0);
	ck_assert_ptr_nonnull(strstr(out, "nothing to do"));
	ck_assert_msg(server_run(NULL, &out, "migrate", direct, dir, "--legacy", NULL) == 0,
		      "%s", out);
	ck_assert_int_eq(
		server_run(NULL, &out, "migrate", direct, dir, "--optional=no_such", NULL), 1);
	ck_assert_int_eq(
		server_run(NULL, &out, "migrate", direct, dir, "--chain-id=8453", NULL), 1);
	ck_assert_ptr_nonnull(strstr(out, "8453"));
}
END_TEST

START_TEST(an_import_is_served)
{
	struct server s;
	char path[128];
	const char *out;
	static const char users[] = "{\"fid\":7,\"username\":\"eve\",\"displayName\":\"Eve\","
				    "\"pfpUrl\":null,\"custodyAddress\":null,"
				    "\"verifiedAddresses\":[]}\n";

	with_database(&s, "");
	snprintf(path, sizeof(path), "%s/users.jsonl", s.dir);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(users, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(server_run(NULL, &out, "import", "--config", s.conf, "--users", path,
				    "--json", NULL),
			 0);
	ck_assert_ptr_nonnull(strchr(out, '{'));
	ck_assert_int_eq(server_run(NULL, &out, "import", "--config", s.conf, "--users",
				    "/no/such/file", NULL),
			 1);
	ck_assert_ptr_nonnull(strstr(out, "/no/such/file"));
	ck_assert_int_eq(server_stop(&s), 0);
}
END_TEST

START_TEST(keys_are_made_listed_and_revoked)
{
	const char *out;
	char url[512];

	snprintf(url, sizeof(url), "--database-url=%s", live_pg_url());
	ck_assert_int_eq(server_run(NULL, &out, "key", "create", "--role=viewer", "--name=eve",
				    url, NULL),
			 0);
	const char *key = strstr(out, "\nsm_");
	ck_assert_ptr_nonnull(key);
	ck_assert_uint_eq(strcspn(key + 1, "\n"), 46);
	ck_assert_int_eq(server_run(NULL, &out, "key", "create", "--role=viewer", "--name=eve",
				    url, NULL),
			 1);
	ck_assert_ptr_nonnull(strstr(out, "is in use"));
	ck_assert_int_eq(server_run(NULL, &out, "key", "list", url, NULL), 0);
	ck_assert_ptr_nonnull(strstr(out, "eve"));
	ck_assert_int_eq(server_run(NULL, &out, "key", "revoke", "--name=eve", url, NULL), 0);
	ck_assert_int_eq(server_run(NULL, &out, "key", "revoke", "--name=eve", url, NULL), 1);
	ck_assert_int_eq(
		server_run(NULL, &out, "key", "create", "--role=king", "--name=x", url, NULL),
		2);
}
END_TEST

/* The reply to its COMMIT does not come until its time is over. */
START_TEST(a_key_that_may_have_been_made_is_told_as_such)
{
	const char *out;
	char url[512];

	snprintf(url, sizeof(url), "--database-url=%s", live_pg_url());
	commits_hold();
	ck_assert_int_eq(server_run(NULL, &out, "key", "create", "--role=viewer", "--name=new",
				    url, NULL),
			 1);
	ck_assert_ptr_nonnull(strstr(out, "\"new\" may be in use, which nobody has"));
	ck_assert_ptr_null(strstr(out, "sm_"));
	commits_release();
	do
		server_pause();
	while (server_run(NULL, &out, "key", "revoke", "--name=new", url, NULL) != 0);
}
END_TEST

SUITE_WITH(live_pg_start, live_pg_done, 90, serves_from_the_database,
	   a_worker_idles_below_12_mb, a_request_in_flight_is_finished_before_the_end,
	   a_second_term_does_not_wait, a_request_without_end_costs_its_worker_only,
	   starts_without_a_database_and_finds_it_later,
	   an_empty_database_is_refused_with_the_command_that_mends_it,
	   another_chain_is_refused_also_in_a_reload, migrate_makes_an_empty_database_serve,
	   an_import_is_served, keys_are_made_listed_and_revoked,
	   a_key_that_may_have_been_made_is_told_as_such)
