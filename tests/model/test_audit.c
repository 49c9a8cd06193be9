/* The audit log: append-only for the application, ended by maintenance, read newest first. */
#include "model/prune.h"
#include "suite.h"
#include <stdio.h>
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/audit.h"
#include "model/fixture.h"
#include "net/pg.h"

/* printf 'a=b\0{}' | sha256sum */
#define DIGEST "c9b373853ee2db87d734e4942256782bb03be7a6bf5b6386c3e25fc77d882618"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };
static struct env *env;

static const char *sqlstate_of(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	return done.rc == RC_OK ? "" : pg_sqlstate(pg);
}

static void add(int64_t key_id, const char *name, int status)
{
	struct audit audit = { .who = { key_id, ROLE_ADMIN, str_of(name) },
			       .client = STR("192.0.2.1"),
			       .method = "POST",
			       .route = "/api/{x}",
			       .target = STR("/api/\xff"),
			       .request_id = STR("id-1"),
			       .query = STR("a=b"),
			       .body = STR("{}") };

	ck_assert_int_eq(audit_add(env->pg, env->arena, &audit, status, 0), RC_OK);
}

/* The application may add and read; the rest is refused by PostgreSQL (42501). */
START_TEST(test_append_only)
{
	static const char *const refused[] = {
		"UPDATE such_market.audit_log SET actor = 'nobody'",
		"DELETE FROM such_market.audit_log",
		"TRUNCATE such_market.audit_log",
		"INSERT INTO such_market.audit_log (at, method, route, target, outcome)"
		" VALUES (now() - interval '1 day', 'x', 'x', 'x', 'done')",
		"ALTER TABLE such_market.audit_log DISABLE TRIGGER ALL",
		"DROP TABLE such_market.audit_log",
		"SELECT such_market.audit_prune('400 days')",
		"MERGE INTO such_market.audit_log a USING (VALUES (1)) AS v (n) ON true"
		" WHEN MATCHED THEN DELETE",
	};

	env = new_env();
	add(1, "one", 200);
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		ck_assert_msg(str_eqz(STR("42501"), sqlstate_of(env->pg, refused[i])), "%s: %s",
			      refused[i], pg_error(env->pg));
	free_env(env);
}
END_TEST

static enum rc add_job(struct pg *pg, void *ctx)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(pg, "INSERT INTO such_market.jobs (kind, subject, arguments, exclusive,"
			    " most_attempts) VALUES ('warm', 'audit', '{}', false, 1)");

	(void)ctx;
	return row.rc;
}

static void count_is(const char *from, const char *want)
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, from);

	ck_str(pg_str(&row, 0, 0), want);
}

/* A row that cannot be written takes the work with it; what was begun says so. */
START_TEST(test_run)
{
	struct audit audit = { .method = "POST", .route = "/run", .target = STR("/run") };
	bool unknown = true;

	env = new_env();
	env->audit = &audit;
	ck_assert_int_eq(audit_run(env, 202, add_job, NULL, &unknown), RC_OK);
	ck_assert(audit.joined);
	ck_assert(!unknown);
	audit.route = NULL; /* which the table refuses */
	ck_assert_int_ne(audit_run(env, 202, add_job, NULL, &unknown), RC_OK);
	ck_assert(!audit.joined);
	ck_assert_int_ne(audit_begun(env), RC_OK);
	audit.route = "/begun";
	ck_assert_int_eq(audit_begun(env), RC_OK);
	ck_assert(!audit.joined);
	count_is("SELECT count(*) FROM such_market.jobs WHERE subject = 'audit'", "1");
	count_is("SELECT string_agg(concat_ws(' ', route, outcome, status), ', ' ORDER BY id)"
		 " FROM such_market.audit_log WHERE route IN ('/run', '/begun')",
		 "/run done 202, /begun begun");
	env->audit = NULL;
	free_env(env);
}
END_TEST

START_TEST(test_retention)
{
	struct pg *pg = pg_new(&options, live_pg_maintenance_url());
	int64_t gone = 0;

	live_pg_sql("INSERT INTO such_market.audit_log (at, method, route, target, outcome)"
		    " SELECT now() - interval '10 days', 'old', 'x', 'x', 'done'"
		    " FROM generate_series(1, 25000)");
	ck_assert_str_eq(sqlstate_of(pg, "SELECT such_market.audit_prune('1 hour')"), "22023");
	ck_assert_str_eq(sqlstate_of(pg, "DELETE FROM such_market.audit_log"), "42501");
	ck_assert_int_eq(prune_run(pg, PRUNE_AUDIT, 11 * 86400, &gone), RC_OK);
	ck_assert_int_eq(gone, 0);
	ck_assert_int_eq(prune_run(pg, PRUNE_AUDIT, 9 * 86400, &gone), RC_OK);
	ck_assert_int_eq(gone, 25000);
	pg_free(pg);
}
END_TEST

static struct audit_query ask_for(int64_t key_id, const char *outcome)
{
	return (struct audit_query){ .key_id = key_id,
				     .outcome = outcome,
				     .page = page_of(2, 0) };
}

static int walk(struct audit_query query)
{
	struct answer answer = { .tier = TIER_NONE };
	int pages = 0, rows = 0;
	char at[32];

	do {
		ck_assert_int_eq(audit_list(env, &query, &answer), RC_OK);
		for (int i = 0; i < 2; i++) {
			snprintf(at, sizeof(at), "audit.%d", i);
			struct str row = body_at(env, buf_str(&answer.body), at);
			rows += row.len > 4;
		}
		pages++;
	} while (page_after(env, &answer, &query.page));
	ck_assert_int_ge(pages * 2, rows);
	return rows;
}

START_TEST(test_list)
{
	env = new_env();
	struct answer answer = { .tier = TIER_NONE };
	struct audit_query query = ask_for(77, NULL);

	for (int i = 0; i < 5; i++)
		add(77, "seven \"7\"", i % 2 ? 403 : 200);
	add(78, "eight", 422);
	ck_assert_int_eq(walk(ask_for(77, NULL)), 5);
	ck_assert_int_eq(walk(ask_for(77, "refused")), 2);
	ck_assert_int_eq(walk(ask_for(77, "failed")), 0);
	ck_assert_int_eq(walk(ask_for(0, "failed")), 1);
	ck_assert_int_ge(walk(ask_for(0, NULL)), 6);
	query.since_us = INT64_C(4102444800000000);
	ck_assert_int_eq(walk(query), 0);
	query.since_us = 0;

	ck_assert_int_eq(audit_list(env, &query, &answer), RC_OK);
	ck_str(AT(env, &answer, "audit.0.keyId"), "77");
	ck_str(AT(env, &answer, "audit.0.actor"), "\"seven \\\"7\\\"\"");
	ck_str(AT(env, &answer, "audit.0.client"), "\"192.0.2.1\"");
	ck_str(AT(env, &answer, "audit.0.outcome"), "\"done\"");
	ck_str(AT(env, &answer, "audit.0.status"), "200");
	ck_str(AT(env, &answer, "audit.0.target"), "\"?\"");
	ck_str(AT(env, &answer, "audit.0.requestId"), "\"id-1\"");
	ck_str(AT(env, &answer, "audit.0.argumentsDigest"), "\"" DIGEST "\"");
	free_env(env);
}
END_TEST

/* A key that was made, however, has its row; one that was not, has none. */
START_TEST(test_keys)
{
	char key[KEY_TEXT];

	env = new_env();
	env->user = "alice";
	ck_assert_int_eq(key_create(env, "noted", ROLE_VIEWER, key), RC_OK);
	env->user = "bob";
	ck_assert_int_eq(key_create(env, "noted", ROLE_VIEWER, key), RC_CONFLICT);
	env->user = "carol";
	ck_assert_int_eq(key_revoke(env, "noted"), RC_OK);
	env->user = "dave";
	ck_assert_int_eq(key_revoke(env, "noted"), RC_NOT_FOUND);
	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_exec(env->pg, "SELECT string_agg(actor || ': ' || route || ' ' || target,"
				 " ', ' ORDER BY id) FROM such_market.audit_log"
				 " WHERE target LIKE 'noted%'");
	ck_str(pg_str(&rows, 0, 0),
	       "alice: key create noted (viewer), carol: key revoke noted (viewer)");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_append_only, test_run, test_retention, test_list,
	   test_keys)
