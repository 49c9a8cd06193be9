/* What is on the audit log before a call is acknowledged, and what becomes of a call that
 * cannot be written down. */
#include "suite.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/tmp.h"
#include "api/ask.h"
#include "base/arena.h"
#include "base/board.h"
#include "cache/cache.h"
#include "lib/child.h"
#include "lib/commit_hold.h"
#include "lib/live_pg.h"
#include "model/audit.h"
#include "model/key.h"
#include "net/pg.h"

#define POSTED "0x00000000000000000000000000000000000000e1"
#define PATH   "/api/collection/" POSTED "/transfers"
#define SYNC   "/api/admin/ownership/stats"
#define MINT                                                                                   \
	"[{\"from\":null,\"to\":\"" WALLET "1\",\"tokenId\":\"7\",\"quantity\":\"5\","         \
	"\"transactionHash\":"                                                                 \
	"\"0x1111111111111111111111111111111111111111111111111111111111111101\","              \
	"\"logIndex\":3,\"batchIndex\":1,\"blockNumber\":1,\"blockTime\":"                     \
	"\"2026-01-01T00:00:00Z\"}]"

static struct env *env;
static char key[KEY_TEXT];

static void start(void)
{
	world_start();
	live_pg_sql("INSERT INTO such_market.collections (contract_address, token_type) VALUES"
		    " ('\\x00000000000000000000000000000000000000e1', 'ERC1155')");
}

static void begin(const char *name)
{
	const char *error = "";

	tmp_make();
	env = new_env();
	ck_assert_int_eq(board_open(tmp_path("board"), NULL, &env->board, &error), RC_OK);
	cache_on_write(env->cache, (struct cache_hook){ audit_join, audit_undone, env });
	ck_assert_int_eq(key_create(env, name, ROLE_OPERATOR, key), RC_OK);
	live_pg_sql("DELETE FROM such_market.audit_log");
}

static void end(void)
{
	board_close(env->board);
	free_env(env);
	tmp_remove();
}

static struct reply post(const char *path, const char *with, const char *body)
{
	return ask(env, &(struct ask){ .method = "POST",
				       .path = path,
				       .api_key = with,
				       .content_type = "application/json",
				       .remote = "192.0.2.9",
				       .body = body });
}

static void log_is(const char *want)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(
		env->pg,
		"SELECT string_agg(concat_ws(' ', actor, status, outcome, skipped), ', '"
		" ORDER BY id) FROM such_market.audit_log");

	ck_str(row.count && !pg_is_null(&row, 0, 0) ? pg_str(&row, 0, 0) : STR(""), want);
}

/* One row each, also where the work was a transaction of its own. */
START_TEST(test_one_row)
{
	begin("one");
	struct reply r = post(PATH, key, MINT);
	ck_assert_int_eq(r.status, 200);
	log_is("one 200 done 0");
	r = post(PATH, key, "[{}]");
	ck_assert_int_eq(r.status, 400);
	r = post(SYNC, key, "{\"action\":\"sync\"}");
	ck_assert_int_eq(r.status, 202);
	log_is("one 200 done 0, one 400 failed 0, one 202 done 0");
	end();
}
END_TEST

/* The server process ends while the transaction waits in COMMIT: it stays, and nobody heard. */
static int post_lost(const char *path, const char *body)
{
	int status;

	commits_hold();
	pid_t child = child_fork();
	if (child == 0) {
		commits_await(true);
		commits_release();
		_exit(0);
	}
	struct reply r = post(path, key, body);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	return r.status;
}

/* What happened though its COMMIT was not answered has its row: looking it up adds none, be it
 * by an identity of its own or by a row of cache_write. */
START_TEST(test_commit_lost)
{
	begin("lost");
	live_pg_sql("DELETE FROM such_market.transfers WHERE contract_address ="
		    " '\\x00000000000000000000000000000000000000e1'");
	ck_assert_int_eq(post_lost(PATH, MINT), 200);
	log_is("lost 200 done 0");
	ck_assert_int_eq(post_lost("/api/cache/invalidate", "{\"tags\":[\"u:7\"]}"), 200);
	log_is("lost 200 done 0, lost 200 done 0");
	end();
}
END_TEST

/* Another request with the same key is another call. */
START_TEST(test_replayed)
{
	begin("replayed");
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ask(env, &(struct ask){ .method = "POST",
							 .path = PATH,
							 .api_key = key,
							 .content_type = "application/json",
							 .idempotency_key = "twice",
							 .body = MINT })
					 .status,
				 200);
	log_is("replayed 200 done 0, replayed 200 done 0");
	end();
}
END_TEST

/* What a transaction would do is not done without its row; what was done is not acknowledged.
 */
START_TEST(test_no_row)
{
	begin("none");
	live_pg_sql(
		"REVOKE INSERT ON such_market.audit_log FROM such_market_app;"
		"REVOKE INSERT (key_id, actor, client, method, route, target, digest, outcome,"
		" status, request_id, skipped) ON such_market.audit_log FROM such_market_app;"
		"DELETE FROM such_market.transfers WHERE contract_address ="
		" '\\x00000000000000000000000000000000000000e1'");
	struct reply r = post(PATH, key, MINT);
	ck_assert_int_ge(r.status, 500);
	SCOPED(pg_result_done)
	struct pg_result moved = pg_exec(
		env->pg, "SELECT count(*) FROM such_market.transfers WHERE contract_address ="
			 " '\\x00000000000000000000000000000000000000e1'");
	ck_str(pg_str(&moved, 0, 0), "0");
	static const struct {
		const char *path, *body;
	} jobs[] = { { SYNC, "{\"action\":\"sync\"}" },
		     { "/api/admin/cache/warm", "{\"top\":3}" },
		     { "/api/admin/cache/test/performance", "{\"action\":\"run\"}" },
		     { "/api/admin/cache/test/performance", "{\"action\":\"reset\"}" } };
	live_pg_sql("DELETE FROM such_market.jobs;"
		    "INSERT INTO such_market.jobs (kind, subject, arguments, exclusive,"
		    " most_attempts, state, finished_at) VALUES"
		    " ('performance', '', '{}', true, 1, 'done', now())");
	for (size_t i = 0; i < COUNT_OF(jobs); i++)
		ck_assert_int_ge(post(jobs[i].path, key, jobs[i].body).status, 500);
	SCOPED(pg_result_done)
	struct pg_result kept =
		pg_exec(env->pg, "SELECT count(*), min(state) FROM such_market.jobs");
	ck_str(pg_str(&kept, 0, 0), "1");
	ck_str(pg_str(&kept, 0, 1), "done");
	r = post(PATH, NULL, MINT);
	ck_problem(env, &r, 401, "unauthenticated");
	live_pg_sql(
		"GRANT INSERT (key_id, actor, client, method, route, target, digest, outcome,"
		" status, request_id, skipped) ON such_market.audit_log TO such_market_app");
	/* The refused one was not lost: the next row tells of it. */
	r = post(PATH, NULL, MINT);
	ck_assert_int_eq(r.status, 401);
	log_is("401 refused 1");
	end();
}
END_TEST

/* Two hundred rows a minute where nothing else is set; the next minute's first row has the
 * rest. */
START_TEST(test_flood)
{
	begin("flood");
	for (int i = 0; i < 260; i++)
		ck_assert_int_eq(post(PATH, NULL, "[]").status, 401);
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_exec(env->pg, "SELECT count(*), sum(skipped) FROM such_market.audit_log");
	ck_str(pg_str(&rows, 0, 0), "200");
	ck_str(pg_str(&rows, 0, 1), "0");
	ck_assert_uint_eq(atomic_load(&board_limits(env->board)->skipped), 60);
	/* Nobody's flood hides a known key's refusals. */
	char viewer[KEY_TEXT];
	ck_assert_int_eq(key_create(env, "flood viewer", ROLE_VIEWER, viewer), RC_OK);
	live_pg_sql("DELETE FROM such_market.audit_log WHERE actor IS NOT NULL");
	ck_assert_int_eq(post(PATH, viewer, "[]").status, 403);
	SCOPED(pg_result_done)
	struct pg_result refused =
		pg_exec(env->pg, "SELECT count(*), sum(skipped) FROM such_market.audit_log"
				 " WHERE actor = 'flood viewer'");
	ck_str(pg_str(&refused, 0, 0), "1");
	ck_str(pg_str(&refused, 0, 1), "60");
	/* Calls of a key that may are never skipped. */
	ck_assert_int_eq(post(PATH, key, "[{}]").status, 400);
	SCOPED(pg_result_done)
	struct pg_result known = pg_exec(
		env->pg, "SELECT count(*) FROM such_market.audit_log WHERE actor = 'flood'");
	ck_str(pg_str(&known, 0, 0), "1");
	end();
}
END_TEST

/* A key in a path is refused, and not on the log. */
START_TEST(test_key_in_path)
{
	begin("path");
	struct reply r = post("/api/admin/events/sm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			      "/retry",
			      key, "{}");
	ck_problem(env, &r, 400, "key_in_query");
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(env->pg, "SELECT target FROM such_market.audit_log");
	ck_assert_int_eq(row.count, 1);
	ck_str(pg_str(&row, 0, 0), "/api/admin/events/[hidden]/retry");
	end();
}
END_TEST

SUITE_WITH(start, world_done, 60, test_one_row, test_commit_lost, test_replayed, test_no_row,
	   test_flood, test_key_in_path)
