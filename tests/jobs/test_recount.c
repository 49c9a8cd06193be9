/* Totals of ownership, kept while rows come and go; a recount finds every wrong number, says
 * how it was and is, and mends it. */
#include "model/prune.h"
#include "suite.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/scope.h"
#include "jobs/runner.h"
#include "lib/live_pg.h"
#include "model/env.h"
#include "model/fixture.h"
#include "model/job.h"
#include "model/ownership.h"
#include "net/pg.h"

#define A          "'\\x00000000000000000000000000000000000000aa'"
#define W(byte, n) "decode('" byte "' || lpad(to_hex(" n "), 38, '0'), 'hex')"

static struct env *env;

static bool wait_a_moment(void *ctx, int64_t until_mono_ns)
{
	(void)ctx;
	(void)until_mono_ns;
	return false;
}

static void show(void *ctx, const struct job *job)
{
	(void)ctx;
	(void)job;
}

static const char *ask(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql);

	ck_assert_msg(row.rc == RC_OK, "%s: %s", sql, pg_error(env->pg));
	return arena_strz(env->arena, pg_str(&row, 0, 0));
}

#define says(sql, want) ck_assert_str_eq(ask(sql), want)

static void right(void)
{
	says("SELECT count(*) FROM such_market.summary_differences()", "0");
}

/* What the totals must say, read the long way. */
static void totals_are_exact(void)
{
	struct ownership_totals t;

	ck_assert_int_eq(ownership_totals(env, 60000, &t), RC_OK);
	says("SELECT format('%s %s %s %s %s',"
	     " (SELECT count(*) FROM such_market.nft_ownership),"
	     " (SELECT count(*) FROM such_market.user_collections),"
	     " (SELECT count(*) FROM such_market.wallet_collection_mapping),"
	     " (SELECT count(DISTINCT owner_address) FROM such_market.nft_ownership),"
	     " (SELECT count(DISTINCT contract_address) FROM such_market.nft_ownership))",
	     arena_printf(env->arena, "%lld %lld %lld %lld %lld", (long long)t.holdings,
			  (long long)t.users, (long long)t.mappings, (long long)t.owners,
			  (long long)t.collections)
		     .ptr);
	ck_assert(t.exact);
}

START_TEST(test_totals)
{
	env = new_env();
	totals_are_exact();
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) SELECT " A
		    ", 1 + n % 100, " W("ff", "n") ", 1"
						   " FROM generate_series(1, 300) AS n");
	totals_are_exact();
	live_pg_sql("INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES (" A ", 7, " W("00", "9") ", 2)");
	totals_are_exact();
	/* A wallet comes and one goes in one statement: nothing but the wallets has changed. */
	live_pg_sql("UPDATE such_market.nft_ownership SET owner_address = " W(
		"7f", "1") " WHERE owner_address = " W("00", "9"));
	totals_are_exact();
	live_pg_sql("DELETE FROM such_market.nft_ownership WHERE owner_address >= '\\xff'");
	totals_are_exact();
	right();
	live_pg_sql("INSERT INTO such_market.collections (contract_address) VALUES"
		    " ('\\x00000000000000000000000000000000000000dd');"
		    "INSERT INTO such_market.nfts (contract_address, token_id) VALUES"
		    " ('\\x00000000000000000000000000000000000000dd', 1);"
		    "INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES"
		    " ('\\x00000000000000000000000000000000000000dd', 1, " W("55", "5") ", 1)");
	totals_are_exact();
	live_pg_sql("DELETE FROM such_market.collections WHERE contract_address ="
		    " '\\x00000000000000000000000000000000000000dd'");
	totals_are_exact();
	free_env(env);
}
END_TEST

/* Somebody writes a collection: its marks stay, the others are counted, nobody waits. */
START_TEST(test_totals_next_to_a_writer)
{
	struct ownership_totals t;

	env = new_env();
	totals_are_exact();
	live_pg_sql("BEGIN; INSERT INTO such_market.nft_ownership (contract_address, token_id,"
		    " owner_address, balance) VALUES (" A
		    ", 8, " W("66", "6") ", 2);"
					 " PREPARE TRANSACTION 'writer'");
	ck_assert_int_eq(ownership_totals(env, 1000, &t), RC_OK);
	live_pg_sql("COMMIT PREPARED 'writer'");
	totals_are_exact();
	/* Somebody counts: what was counted last is told, as that. */
	live_pg_sql(
		"BEGIN; SELECT FROM such_market.owner_chunks WHERE first_byte = 0 FOR UPDATE;"
		" PREPARE TRANSACTION 'counter'");
	int64_t holdings = t.holdings;
	enum rc rc = ownership_totals(env, 1000, &t);
	live_pg_sql("COMMIT PREPARED 'counter'");
	ck_assert_int_eq(rc, RC_OK);
	ck_assert(!t.exact);
	ck_assert_int_ge(t.holdings, holdings);
	totals_are_exact();
	free_env(env);
}
END_TEST

static void spoil(void)
{
	live_pg_sql(
		"UPDATE such_market.user_collections SET token_count = token_count + 5"
		" WHERE user_address = '\\x1000000000000000000000000000000000000001';"
		"DELETE FROM such_market.user_collections"
		" WHERE user_address = '\\x1000000000000000000000000000000000000002';"
		"INSERT INTO such_market.user_collections VALUES (" A
		", " W("ee",
		       "1") ", 3, 4);"
			    "UPDATE such_market.wallet_collection_mapping SET balance = 77"
			    " WHERE wallet_address = "
			    "'\\x1000000000000000000000000000000000000003';"
			    "DELETE FROM such_market.wallet_collection_mapping"
			    " WHERE wallet_address = "
			    "'\\x1000000000000000000000000000000000000004';"
			    "UPDATE such_market.collection_stats SET owner_count = 1, "
			    "holding_count = 2,"
			    " transfer_count = transfer_count + 9 WHERE contract_address = " A);
}

static int64_t recount(void)
{
	static const struct runner_options options = { .interval_ms = 1000, .keep_ms = 60000 };
	const struct runner_hooks hooks = { .wait = wait_a_moment, .show = show };
	const struct job_order order = { .kind = JOB_recount };
	struct runner *runner = runner_new(env, "here:/run", &options, &hooks);
	int64_t id;
	struct job job;

	ck_assert_int_eq(job_enqueue(env->pg, &order, &id, NULL), RC_OK);
	runner_turn(runner, clock_mono_ns());
	runner_free(runner);
	ck_assert_int_eq(job_read(env->pg, env->arena, id, &job), RC_OK);
	ck_assert_msg(job.state == JOB_DONE, "%s: %.*s", job_state_name(job.state),
		      STR_ARG(job.error));
	return id;
}

/* Each number that was wrong, as it was and as it is; and the caches are told. */
START_TEST(test_recount)
{
	env = new_env();
	spoil();
	live_pg_sql("DELETE FROM such_market.cache_events");
	int64_t id = recount();
	right();
	totals_are_exact();
	says(arena_printf(env->arena,
			  "SELECT string_agg(format('%%s %%s %%s %%s>%%s', left(summary, 4),"
			  " left(encode(wallet_address, 'hex'), 2) ||"
			  " right(encode(wallet_address, 'hex'), 1), field, was, became), ', '"
			  " ORDER BY wallet_address, summary, field)"
			  " FROM such_market.ownership_mends WHERE job = %lld",
			  (long long)id)
		     .ptr,
	     "user 101 token_count 29>24, user 102 balance >27, user 102 token_count >25, "
	     "wall 103 balance 77>24, wall 104 balance >24, wall 104 token_count >24, "
	     "user ee1 balance 4>, user ee1 token_count 3>, "
	     "coll  holding_count 2>122, coll  owner_count 1>7, coll  transfer_count 10>1");
	says("SELECT bool_or('b:0x00000000000000000000000000000000000000aa' = ANY (tags))"
	     " FROM such_market.cache_events",
	     "t");
	/* Nothing is wrong any more. */
	id = recount();
	says(arena_printf(env->arena,
			  "SELECT count(*) FROM such_market.ownership_mends WHERE job = %lld",
			  (long long)id)
		     .ptr,
	     "0");
	free_env(env);
}
END_TEST

/* From now on a function of the database takes too long under this condition. */
static void make_slow(const char *name, const char *types, const char *params, const char *args,
		      const char *when)
{
	live_pg_sql(arena_printf(env->arena,
				 "CREATE SCHEMA IF NOT EXISTS kept;"
				 "ALTER FUNCTION such_market.%s(%s) SET SCHEMA kept;"
				 "CREATE FUNCTION such_market.%s(%s) RETURNS bigint"
				 " LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
				 " IF %s THEN RAISE query_canceled; END IF;"
				 " RETURN kept.%s(%s); END $$",
				 name, types, name, params, when, name, args)
			    .ptr);
}

static void make_fast(const char *name, const char *types)
{
	live_pg_sql(arena_printf(env->arena,
				 "DROP FUNCTION such_market.%s(%s);"
				 "ALTER FUNCTION kept.%s(%s) SET SCHEMA such_market",
				 name, types, name, types)
			    .ptr);
}

static struct ownership_totals totals_within(int64_t budget_ms)
{
	struct ownership_totals t;

	ck_assert_int_eq(ownership_totals(env, budget_ms, &t), RC_OK);
	return t;
}

/* What was counted stays counted, however little goes into a statement's time. */
START_TEST(test_totals_of_large_tables)
{
	env = new_env();
	live_pg_sql("UPDATE such_market.owner_chunks SET dirty = true");
	for (int i = 1; i <= 3; i++) { /* no time but for one step */
		struct ownership_totals t = totals_within(0);

		ck_assert_int_eq(t.left, 256 - i);
		ck_assert(!t.exact && !t.late);
	}
	make_slow("owner_chunks_count", "integer", "most integer", "most", "most > 2");
	totals_are_exact();
	live_pg_sql("UPDATE such_market.owner_chunks SET dirty = true");
	make_fast("owner_chunks_count", "integer");
	make_slow("owner_chunks_count", "integer", "most integer", "most", "true");
	struct ownership_totals t = totals_within(60000);
	ck_assert(t.late && !t.exact);
	make_fast("owner_chunks_count", "integer");
	totals_are_exact();
	free_env(env);
}
END_TEST

#define WALLETS_TYPES    "bigint, bytea, bytea, bigint"
#define COLLECTION_TYPES "bigint, bytea"

/* Many wallets begin alike: a range is halved until it goes.  A collection that is too large is
 * told, and the others are mended. */
START_TEST(test_recount_of_large_tables)
{
	char sql[200];

	env = new_env();
	spoil();
	live_pg_sql("UPDATE such_market.collection_stats SET holding_count = 99"
		    " WHERE contract_address <> " A);
	make_slow("ownership_mend_wallets", WALLETS_TYPES,
		  "job bigint, lo bytea, hi bytea, most bigint", "job, lo, hi, most",
		  "lo < '\\x10000010' AND hi > '\\x10000000'"
		  " AND substr(lo, 1, 3) <> substr(hi, 1, 3)");
	int64_t id = recount();
	make_fast("ownership_mend_wallets", WALLETS_TYPES);
	right();
	spoil();
	live_pg_sql("UPDATE such_market.collection_stats SET holding_count = 99"
		    " WHERE contract_address <> " A);
	make_slow("ownership_mend_collection", COLLECTION_TYPES, "job bigint, contract bytea",
		  "job, contract", "contract = " A);
	id = recount();
	make_fast("ownership_mend_collection", COLLECTION_TYPES);
	snprintf(sql, sizeof(sql),
		 "SELECT result->>'skipped' FROM such_market.jobs WHERE id = %lld",
		 (long long)id);
	says(sql, "1");
	says("SELECT count(*) FROM such_market.collection_stats WHERE holding_count = 99", "0");
	says("SELECT owner_count FROM such_market.collection_stats WHERE contract_address = " A,
	     "1");
	id = recount();
	right();
	snprintf(sql, sizeof(sql),
		 "SELECT string_agg(DISTINCT summary, ' ') FROM such_market.ownership_mends"
		 " WHERE job = %lld",
		 (long long)id);
	says(sql, "collection_stats");
	free_env(env);
}
END_TEST

START_TEST(test_retention)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };
	struct pg *pg = pg_new(&options, live_pg_maintenance_url());
	int64_t gone = 0;

	live_pg_sql("INSERT INTO such_market.ownership_mends (job, at, summary,"
		    " contract_address, field) SELECT 1, now() - interval '10 days', 'x', " A
		    ", 'x' FROM generate_series(1, 30)");
	ck_assert_int_eq(prune_run(pg, PRUNE_MENDS, 9 * 86400, &gone), RC_OK);
	ck_assert_int_eq(gone, 30);
	pg_free(pg);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_totals, test_totals_next_to_a_writer, test_recount,
	   test_totals_of_large_tables, test_recount_of_large_tables, test_retention)
