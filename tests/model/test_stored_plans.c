/*
 * What the read models of the database tier cost to make, of a collection of 100,000 tokens and
 * 10,000 holders, against what it costs to find them there; and that the others are not worth
 * it.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/jsonin.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/reads.h"
#include "net/pg.h"

#define CONTRACT "'\\x0000000000000000000000000000000000000b16'"
#define WORTH    4 /* times as long, or it is not worth a table */
#define RUNS     12

static struct env *env;

static const char *const world[] = {
	"INSERT INTO such_market.collections (contract_address) VALUES (" CONTRACT ")",
	"INSERT INTO such_market.nfts (contract_address, token_id, name) SELECT " CONTRACT
	", n, 'Token #' || n FROM generate_series(1, 100000) n",
	"INSERT INTO such_market.collection_traits (contract_address, trait_type, value, kind,"
	" token_count) SELECT " CONTRACT ", 'Type ' || v / 200, 'v' || v, 'string', 500"
	" FROM generate_series(0, 1999) v",
	"INSERT INTO such_market.nft_ownership (contract_address, token_id, owner_address, "
	"balance)"
	" SELECT " CONTRACT ", n, decode('3' || lpad((n % 9973)::text, 39, '0'), 'hex'), 1"
	" FROM generate_series(1, 100000) n",
	/* As large as an answer of many traits. */
	"INSERT INTO such_market.cache_answers (key, epoch, label, value) SELECT 'k' || n,"
	" repeat('0', 16), '1', decode(repeat(md5(n::text), 500), 'hex')"
	" FROM generate_series(1, 1000) n",
	"INSERT INTO such_market.cache_events (kind, tags) SELECT 'cache_cleared', '{u:1}'"
	" FROM generate_series(1, 100000)",
	"INSERT INTO such_market.cache_events (kind, tags) VALUES ('cache_cleared', "
	"'{~traits:*}')",
	"VACUUM ANALYZE",
};

static void big_start(void)
{
	world_start();
	for (size_t i = 0; i < COUNT_OF(world); i++)
		live_pg_sql(world[i]);
}

static void run(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(env->pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(env->pg));
}

/* The least of some runs [µs]: others use this computer, too. */
static double cost(enum stmt stmt, const char *args)
{
	double least = 1e9;

	run(arena_printf(env->arena, "PREPARE p AS %s", stmt_text(stmt)).ptr);
	for (int i = 0; i < RUNS; i++) {
		struct str sql = arena_printf(
			env->arena, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE p(%s)",
			args);
		struct json_object *tree;
		const char *error;
		SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql.ptr);

		ck_assert_msg(row.rc == RC_OK, "%s: %s", args, pg_error(env->pg));
		ck_assert_int_eq(
			jsonin_parse(env->arena, pg_str(&row, 0, 0), 100, &tree, &error),
			RC_OK);
		double ms = strtod(
			jsonin_text(jsonin_get(jsonin_at(tree, 0), "Execution Time")).ptr,
			NULL);
		least = ms * 1000 < least ? ms * 1000 : least;
	}
	run("DEALLOCATE p");
	return least;
}

/* The statements that the answers are made of. */
static const struct {
	enum read read;
	enum stmt stmt;
	const char *args;
} made[] = {
	{ READ_collection, STMT_collection_show, CONTRACT },
	{ READ_stats, STMT_collection_stats, CONTRACT },
	{ READ_owner_distribution, STMT_owner_distribution, CONTRACT },
	{ READ_traits, STMT_trait_list, CONTRACT },
	{ READ_owner_list, STMT_owner_list, CONTRACT ", 1e80, '\\x', 21" },
	{ READ_owner, STMT_owner_of, CONTRACT ", 17" },
};

START_TEST(what_is_stored_is_expensive)
{
	env = new_env();
	double find = cost(STMT_stored_get, "'k17'");

	for (size_t i = 0; i < COUNT_OF(made); i++) {
		double make = cost(made[i].stmt, made[i].args);

		printf("%s: %.0f µs, found in %.0f µs\n", reads[made[i].read].name, make, find);
		if (reads[made[i].read].stored)
			ck_assert_double_ge(make, WORTH * find);
		else
			ck_assert_double_lt(make, WORTH * find);
	}
	free_env(env);
}
END_TEST

/* Whether a glob was cleared since is asked of the globs alone. */
START_TEST(what_is_put_looks_at_globs_alone)
{
	env = new_env();
	for (int generic = 0; generic < 2; generic++) {
		run(arena_printf(env->arena, "SET plan_cache_mode = force_%s_plan",
				 generic ? "generic" : "custom")
			    .ptr);
		run("BEGIN; SELECT such_market.answers_put('k17', repeat('0', 16), '1', "
		    "'\\x00')");
		SCOPED(pg_result_done)
		struct pg_result scans =
			pg_exec(env->pg, "SELECT pg_stat_get_xact_numscans(c::regclass)"
					 " FROM (VALUES ('such_market.cache_events'),"
					 " ('such_market.cache_events_globs')) AS v (c)");
		ck_assert_msg(scans.rc == RC_OK, "%s", pg_error(env->pg));
		ck_assert_int_eq(pg_i64(&scans, 0, 0), 0);
		ck_assert_int_ge(pg_i64(&scans, 1, 0), 1);
		run("ROLLBACK");
	}
	free_env(env);
}
END_TEST

SUITE_WITH(big_start, world_done, 120, what_is_stored_is_expensive,
	   what_is_put_looks_at_globs_alone)
