/* Writes through nginx: what is acknowledged is seen, and what became of a request whose worker
 * died is found out by asking again. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/scope.h"
#include "lib/child.h"
#include "lib/commit_hold.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "net/pg.h"
#include "suite.h"

#define C721     "/api/collection/" FIXTURE_721
#define ZERO     "0x0000000000000000000000000000000000000000"
#define SOMEBODY "0x00000000000000000000000000000000000000b7"

static struct http *http;
static char key[128];

static void start(void)
{
	stack_start();
	fixture_import();
	ck_assert_int_eq(STACK_RUN("key", "create", "--role=operator", "--name=writer"), 0);
	snprintf(key, sizeof(key), "X-API-Key: %.46s", strstr(stack_output(), "sm_"));
}

static int copies; /* answers from memory */

static int get(const char *path)
{
	int status = http_get(http, path);
	const char *source = http_header(http, "Cache-Status");

	copies += source && strstr(source, "detail=memory");
	return status;
}

static int post_as(const char *path, const char *idempotency, const char *body)
{
	return http_ask(http,
			&(struct http_ask){ .method = "POST",
					    .path = path,
					    .body = str_of(body),
					    .headers = { key, "Content-Type: application/json",
							 idempotency } });
}

static int post(const char *path, const char *body)
{
	return post_as(path, NULL, body);
}

/* One move of a token of FIXTURE_721; log tells it from others. */
static const char *move_of(const char *from, const char *to, int token, int log)
{
	static char body[512];

	snprintf(body, sizeof(body),
		 "[{\"from\":\"%s\",\"to\":\"%s\",\"tokenId\":\"%d\",\"quantity\":\"1\","
		 "\"transactionHash\":\"0x%064x\",\"logIndex\":%d}]",
		 from, to, token, 0xabc, log);
	return body;
}

static void body_is(const char *want)
{
	ck_assert_msg(str_eqz(buf_str(&http->body), want), "got " STR_FMT ", want %s",
		      STR_ARG(buf_str(&http->body)), want);
}

#define OWNER_OF_7 C721 "/nfts/7/owner"

START_TEST(test_seen_at_once)
{
	char path[200];

	http = stack_http();
	snprintf(path, sizeof(path), C721 "/nfts/owned?userAddress=%s", SOMEBODY);
	for (int i = 0; i < 40; i++) {
		const char *from = i % 2 ? SOMEBODY : fixture_holder(0);
		char to[64], owner[64];

		snprintf(owner, sizeof(owner), "%s", from);
		snprintf(to, sizeof(to), "%s", i % 2 ? fixture_holder(0) : SOMEBODY);
		ck_assert_int_eq(get(OWNER_OF_7), 200);
		ck_assert_str_eq(http_text(http, "owner"), owner);
		ck_assert_int_eq(get(C721 "/stats"), 200);
		int64_t before = http_num(http, "transferCount");
		ck_assert_int_eq(get(path), 200);
		ck_assert_int_eq(get(OWNER_OF_7), 200);
		ck_assert_int_eq(post(C721 "/transfers", move_of(owner, to, 7, i)), 200);
		body_is("{\"recorded\":1,\"duplicates\":0}");
		ck_assert_int_eq(get(OWNER_OF_7), 200);
		ck_assert_str_eq(http_text(http, "owner"), to);
		ck_assert_int_eq(get(C721 "/stats"), 200);
		ck_assert_int_eq(http_num(http, "transferCount"), before + 1);
		ck_assert_int_eq(get(path), 200);
		ck_assert_int_eq(http_num(http, "total"), i % 2 ? 0 : 1);
		ck_assert_int_eq(get(C721 "/nfts/7/transfers?limit=100"), 200);
		ck_assert_uint_eq(http_count(http, "transfers"), (size_t)i + 2);
	}
	ck_assert_int_eq(post(C721 "/transfers", move_of(fixture_holder(0), SOMEBODY, 7, 0)),
			 200);
	body_is("{\"recorded\":0,\"duplicates\":1}");
	/* Copies were there to be stale. */
	ck_assert_int_gt(copies, 20);
	http_free(http);
}
END_TEST

START_TEST(test_minted)
{
	http = stack_http();
	ck_assert_int_eq(get(C721 "/nfts/9001"), 404);
	ck_assert_int_eq(post(C721 "/transfers", move_of(ZERO, SOMEBODY, 9001, 5000)), 200);
	ck_assert_int_eq(get(C721 "/nfts/9001"), 200);
	ck_assert_str_eq(http_text(http, "owner"), SOMEBODY);
	ck_assert_int_eq(post(C721 "/transfers", move_of(SOMEBODY, ZERO, 9001, 5001)), 200);
	ck_assert_int_eq(get(C721 "/nfts/9001"), 200);
	ck_assert(http_null(http, "owner"));
	http_free(http);
}
END_TEST

START_TEST(test_problems)
{
	http = stack_http();
	post(C721 "/transfers", move_of(SOMEBODY, ZERO, 8, 6000));
	http_problem_is(http, 422, "insufficient_balance");
	post(C721 "/transfers", "[{}]");
	http_problem_is(http, 400, "invalid_body");
	http_ask(http, &(struct http_ask){ .method = "POST",
					   .path = C721 "/transfers",
					   .body = STR("[]") });
	http_problem_is(http, 401, "unauthenticated");
	http_ask(http, &(struct http_ask){ .method = "POST",
					   .path = C721 "/transfers",
					   .body = STR("[]"),
					   .headers = { key, "Content-Type: text/csv" } });
	http_problem_is(http, 415, "unsupported_media_type");
	http_free(http);
}
END_TEST

/* --- workers that die -----------------------------------------------------------------------
 */

static struct pg *super(void)
{
	static struct pg_options o = { .connect_ms = 5000, .deadline_ms = 20000 };

	return pg_new(&o, live_pg_super_url());
}

static void run(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(pg));
}

static void await(struct pg *pg, const char *sql, const char *want)
{
	int64_t until = clock_mono_ns() + INT64_C(20000000000);

	for (;;) {
		SCOPED(pg_result_done) struct pg_result row = pg_exec(pg, sql);

		ck_assert_msg(row.rc == RC_OK, "%s: %s", sql, pg_error(pg));
		if (str_eqz(pg_str(&row, 0, 0), want))
			return;
		ck_assert_msg(clock_mono_ns() < until, "%s: " STR_FMT, sql,
			      STR_ARG(pg_str(&row, 0, 0)));
		poll(NULL, 0, 2);
	}
}

#define EXIT_OF(status) ((status) % 256)

/* A client of its own; its exit status is of the answer's. */
static pid_t post_apart(const char *idempotency, const char *body)
{
	pid_t child = child_fork();
	if (child)
		return child;
	http = stack_http();
	post_as(C721 "/transfers", idempotency, body);
	_exit(EXIT_OF(http->status));
}

static int answer_of(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void kill_workers(void)
{
	pid_t worker[64];
	size_t n = stack_workers(worker, COUNT_OF(worker));

	for (size_t i = 0; i < n; i++)
		kill(worker[i], SIGKILL);
}

/* Answers other than 503 count; new workers take a moment. */
static void post_until_answered(const char *idempotency, const char *body)
{
	int64_t until = clock_mono_ns() + INT64_C(20000000000);

	while (post_as(C721 "/transfers", idempotency, body) == 503) {
		ck_assert_int_lt(clock_mono_ns(), until);
		poll(NULL, 0, 20);
	}
	ck_assert_int_eq(http->status, 200);
	body_is("{\"recorded\":1,\"duplicates\":0}");
}

#define RECORDED "SELECT count(*) FROM such_market.transfers WHERE log_index = 7001"

START_TEST(test_killed_before_commit)
{
	const char *body = move_of(ZERO, SOMEBODY, 9002, 7001);
	struct pg *other = super(), *watch = super();

	http = stack_http();
	run(other, "BEGIN");
	run(other, "SELECT FROM such_market.collection_stats FOR UPDATE");
	pid_t child = post_apart("Idempotency-Key: before", body);
	await(watch,
	      "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
	      " AND usename = 'such_market_app'",
	      "t");
	kill_workers();
	ck_assert_int_eq(answer_of(child), EXIT_OF(503));
	run(other, "ROLLBACK");
	await(watch, RECORDED, "0");
	stack_wait_ready();
	post_until_answered("Idempotency-Key: before", body);
	ck_assert_ptr_null(http_header(http, "Idempotency-Replayed"));
	await(watch, RECORDED, "1");
	pg_free(other);
	pg_free(watch);
	http_free(http);
}
END_TEST

START_TEST(test_killed_in_commit)
{
	const char *body = move_of(ZERO, SOMEBODY, 9003, 7002);
	struct pg *watch = super();

	http = stack_http();
	commits_hold();
	pid_t child = post_apart("Idempotency-Key: in", body);
	commits_await(false);
	kill_workers();
	ck_assert_int_eq(answer_of(child), EXIT_OF(503));
	commits_release();
	stack_wait_ready();
	post_until_answered("Idempotency-Key: in", body);
	ck_assert_str_eq(http_header(http, "Idempotency-Replayed"), "true");
	ck_assert_int_eq(get(C721 "/nfts/9003/owner"), 200);
	ck_assert_str_eq(http_text(http, "owner"), SOMEBODY);
	await(watch, "SELECT count(*) FROM such_market.summary_differences()", "0");
	pg_free(watch);
	http_free(http);
}
END_TEST

/* The server process that commits is ended, so nobody hears of it: it is looked up. */
START_TEST(test_commit_lost)
{
	const char *body = move_of(ZERO, SOMEBODY, 9006, 7004);

	http = stack_http();
	commits_hold();
	pid_t child = post_apart("Idempotency-Key: lost", body);
	commits_await(true);
	commits_release();
	ck_assert_int_eq(answer_of(child), EXIT_OF(200));
	ck_assert_int_eq(get(C721 "/nfts/9006/owner"), 200);
	ck_assert_str_eq(http_text(http, "owner"), SOMEBODY);
	http_free(http);
}
END_TEST

/* It stays in COMMIT for longer than a request waits: nobody knows, and says so. */
START_TEST(test_commit_unknown)
{
	const char *body = move_of(ZERO, SOMEBODY, 9007, 7005);

	http = stack_http();
	commits_hold();
	post_as(C721 "/transfers", "Idempotency-Key: unknown", body);
	http_problem_is(http, 503, "outcome_unknown");
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	commits_release();
	post_until_answered("Idempotency-Key: unknown", body);
	ck_assert_str_eq(http_header(http, "Idempotency-Replayed"), "true");
	ck_assert_int_eq(get(C721 "/nfts/9007/owner"), 200);
	ck_assert_str_eq(http_text(http, "owner"), SOMEBODY);
	http_free(http);
}
END_TEST

/* As PostgreSQL says it when a table cannot grow. */
static const char *const disk_full =
	"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"RAISE EXCEPTION 'could not extend file: No space left on device' "
	"USING ERRCODE = 'disk_full'; END $$; "
	"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON such_market.nft_ownership "
	"EXECUTE FUNCTION full_disk()";

static int import_one(void)
{
	static char meta[600], owners[600];

	snprintf(meta, sizeof(meta), "--collection=%s",
		 stack_file("meta.json",
			    "{\"contract\":\"" FIXTURE_721 "\",\"name\":\"Fixture\","
			    "\"standard\":\"ERC721\"}"));
	snprintf(owners, sizeof(owners), "--owners=%s",
		 stack_file("owners.csv", "token_id,owner_address\n9005," SOMEBODY "\n"));
	return STACK_RUN("import", meta, owners);
}

START_TEST(test_disk_full)
{
	char body[512];

	http = stack_http();
	snprintf(body, sizeof(body), "%s", move_of(ZERO, SOMEBODY, 9004, 7003));
	live_pg_sql(disk_full);
	ck_assert_int_eq(post(C721 "/transfers", body), 503);
	http_problem_is(http, 503, "unavailable");
	ck_assert_ptr_nonnull(http_header(http, "Retry-After"));
	ck_assert_int_eq(get(C721 "/nfts/9004"), 404);
	ck_assert_int_eq(get(C721 "/nfts/7/owner"), 200);
	ck_assert_int_ne(import_one(), 0);
	ck_assert_ptr_nonnull(strstr(stack_output(), "No space left on device"));
	live_pg_sql("DROP FUNCTION full_disk CASCADE");
	ck_assert_int_eq(post(C721 "/transfers", body), 200);
	ck_assert_int_eq(get(C721 "/nfts/9004"), 200);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 120, test_seen_at_once, test_minted, test_problems,
	   test_killed_before_commit, test_killed_in_commit, test_commit_lost,
	   test_commit_unknown, test_disk_full)
