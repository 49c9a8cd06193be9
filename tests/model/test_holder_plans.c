/*
 * A collection of 100,000 tokens, holders and transfers: what the pages of holders, history and
 * wallets read, first page and deep cursor, in generic and custom plans.  No step of a plan may
 * pass on more than a few pages of rows.
 */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "net/pg.h"

#define BIG    "'\\x0000000000000000000000000000000000000b16'"
#define WHALE  "'\\x3000000000000000000000000000000000000000'"
#define MIDDLE "'\\x3000000000000000000000000000000000050001'"
#define MOST                                                                                   \
	"1000000000000000000000000000000000000000000000000"                                    \
	"00000000000000000000000000000000000000000000000000"
#define LATEST     "253402300800000000, 9223372036854775807, 9223372036854775807"
#define DEEP       "1600005000000000, 5000, 50000"
#define AUDIT_LAST "253402300800000000, 9223372036854775807"
#define AUDIT_DEEP "1600050000000000, 50000"
#define ROWS_MAX   500

static const char *const world[] = {
	"INSERT INTO such_market.collections (contract_address) VALUES (" BIG ")",
	"INSERT INTO such_market.nfts (contract_address, token_id) SELECT " BIG
	", n FROM generate_series(1, 100000) n",
	/* A whale with 20,000, everyone else one each; token 1 held by 20,000 more. */
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT " BIG
	", n, decode('3' || lpad((CASE WHEN n % 5 = 0 THEN 0 ELSE n END)::text, 39,"
	" '0'), 'hex'), 1 FROM generate_series(1, 100000) n",
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT " BIG ", 1, decode('4' || lpad(n::text, 39, '0'), 'hex'), 1"
	" FROM generate_series(1, 20000) n",
	"INSERT INTO such_market.transfers (contract_address, token_id, from_address, "
	"to_address,"
	" origin, log_index, block_time, block_number) SELECT " BIG ", n % 10 + 1, " WHALE
	", " WHALE ", sha256(n::text::bytea), 0, to_timestamp(1600000000 + n / 10), n / 10"
	" FROM generate_series(1, 100000) n",
	"INSERT INTO such_market.audit_log (at, key_id, method, route, target, outcome)"
	" SELECT to_timestamp(1600000000 + n), 1 + n % 20, 'POST', '/x', '/x',"
	" CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'done' END FROM generate_series(1, 100000) "
	"n",
	"INSERT INTO such_market.ownership_mends (job, summary, contract_address, field)"
	" SELECT 1 + n % 10, 'x', " BIG ", 'x' FROM generate_series(1, 100000) n",
	"VACUUM ANALYZE",
};

static void start(void)
{
	world_start();
	for (size_t i = 0; i < COUNT_OF(world); i++)
		live_pg_sql(world[i]);
}

static const struct {
	enum stmt stmt;
	const char *args;
} cases[] = {
	{ STMT_owner_of, BIG ", 7" },
	{ STMT_owner_of, BIG ", 1" },
	{ STMT_owner_list, BIG ", " MOST ", '', 101" },
	{ STMT_owner_list, BIG ", 1, " MIDDLE ", 101" },
	{ STMT_transfer_list, BIG ", " LATEST ", 101" },
	{ STMT_transfer_list, BIG ", " DEEP ", 101" },
	{ STMT_transfer_of_token, BIG ", " LATEST ", 101, 7" },
	{ STMT_transfer_of_token, BIG ", " DEEP ", 101, 7" },
	{ STMT_wallet_collections, WHALE ", '', 101" },
	{ STMT_wallet_nfts, WHALE ", '', -1, 0, 101" },
	{ STMT_wallet_nfts, WHALE ", " BIG ", 50000, 0, 101" },
	{ STMT_wallet_nfts_of, WHALE ", " BIG ", -1, 0, 101" },
	{ STMT_wallet_nfts_of, WHALE ", " BIG ", 50000, 0, 101" },
	{ STMT_audit_list, "0, " AUDIT_LAST ", 101" },
	{ STMT_audit_list, "1600099990000000, " AUDIT_LAST ", 101" },
	{ STMT_audit_list, "0, " AUDIT_DEEP ", 101" },
	{ STMT_audit_list_outcome, "0, " AUDIT_DEEP ", 101, 'failed'" },
	{ STMT_audit_list_outcome, "0, " AUDIT_LAST ", 101, 'refused'" },
	{ STMT_audit_list_key, "0, " AUDIT_DEEP ", 101, 7, NULL" },
	{ STMT_audit_list_key, "0, " AUDIT_LAST ", 101, 99, 'done'" },
	{ STMT_ownership_mends, "3, 50000, 101" },
};

static void run(struct env *env, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(env->pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(env->pg));
}

static void check_plan(struct env *env, const char *mode, const char *name, const char *args)
{
	run(env, arena_printf(env->arena, "SET plan_cache_mode = %s", mode).ptr);
	SCOPED(pg_result_done)
	struct pg_result plan = pg_exec(
		env->pg,
		arena_printf(env->arena,
			     "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE p(%s)", args)
			.ptr);
	ck_assert_msg(plan.rc == RC_OK, "%s(%s): %s", name, args, pg_error(env->pg));
	for (int i = 0; i < plan.count; i++) {
		char *line = arena_strz(env->arena, pg_str(&plan, i, 0));
		const char *actual = strstr(line, "actual rows=");
		const char *removed = strstr(line, "Rows Removed by Filter: ");
		long rows = 0, loops = 1;

		if (actual)
			ck_assert_int_eq(
				sscanf(actual, "actual rows=%ld loops=%ld", &rows, &loops), 2);
		if (removed)
			ck_assert_int_eq(sscanf(removed, "Rows Removed by Filter: %ld", &rows),
					 1);
		ck_assert_msg(rows * loops <= ROWS_MAX, "%s(%s), %s: %s", name, args, mode,
			      line);
	}
}

START_TEST(test_pages)
{
	struct env *env = new_env();
	const char *name = stmt_name(cases[_i].stmt);

	run(env, arena_printf(env->arena, "PREPARE p AS %s", stmt_text(cases[_i].stmt)).ptr);
	check_plan(env, "force_generic_plan", name, cases[_i].args);
	check_plan(env, "force_custom_plan", name, cases[_i].args);
	free_env(env);
}
END_TEST

/* Rows and index entries that this transaction has gone through in the large tables. */
#define BIG_TABLES                                                                             \
	"('such_market.nft_ownership'::regclass, 'such_market.user_collections'::regclass,"    \
	" 'such_market.wallet_collection_mapping'::regclass, 'such_market.nfts'::regclass,"    \
	" 'such_market.transfers'::regclass)"

static long rows_read(struct env *env)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(
		env->pg,
		"SELECT sum(pg_stat_get_xact_tuples_returned(c.oid)) FROM pg_class c"
		" WHERE c.oid IN " BIG_TABLES " OR c.oid IN"
		" (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid IN " BIG_TABLES ")");

	ck_assert_msg(row.rc == RC_OK, "%s", pg_error(env->pg));
	return strtol(pg_str(&row, 0, 0).ptr, NULL, 10);
}

/* What a recount does in functions, whose plans EXPLAIN does not show: nothing is read that the
 * step is not about. */
static const struct {
	enum stmt stmt;
	const char *args;
	long rows_max;
} steps[] = {
	{ STMT_ownership_collections, "'', 200", ROWS_MAX },
	{ STMT_ownership_totals, NULL, ROWS_MAX },
	/* All wallets once, in both summaries; then parts where nobody is. */
	{ STMT_ownership_count, "256", 210000 },
	{ STMT_ownership_count, "1", ROWS_MAX },
	/* A hundred wallets: their holdings and rows of both summaries. */
	{ STMT_write_ownership_wallets,
	  "1, '\\x4000000000000000000000000000000000005000',"
	  " '\\x4000000000000000000000000000000000005100', 500",
	  ROWS_MAX },
	{ STMT_write_ownership_wallets, "1, '\\x50', '\\x60', 500", ROWS_MAX },
	{ STMT_write_ownership_collection, "1, '\\x00000000000000000000000000000000000000aa'",
	  2 * ROWS_MAX },
};

static void check_step(struct env *env, const char *mode, int i)
{
	const char *call =
		steps[i].args ? arena_printf(env->arena, "EXECUTE p(%s)", steps[i].args).ptr
			      : "EXECUTE p";

	run(env, arena_printf(env->arena, "SET plan_cache_mode = %s", mode).ptr);
	run(env, "BEGIN");
	long before = rows_read(env);
	run(env, call);
	long read = rows_read(env) - before;
	run(env, "ROLLBACK");
	ck_assert_msg(read <= steps[i].rows_max, "%s(%s), %s: %ld rows",
		      stmt_name(steps[i].stmt), steps[i].args, mode, read);
}

START_TEST(test_recount_steps)
{
	struct env *env = new_env();

	live_pg_sql("UPDATE such_market.owner_chunks SET dirty = true");
	run(env, arena_printf(env->arena, "PREPARE p AS %s", stmt_text(steps[_i].stmt)).ptr);
	check_step(env, "force_generic_plan", _i);
	check_step(env, "force_custom_plan", _i);
	free_env(env);
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, start, world_done);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_pages, 0, COUNT_OF(cases));
	tcase_add_loop_test(tc, test_recount_steps, 0, COUNT_OF(steps));
}

SUITE_OF(add)
