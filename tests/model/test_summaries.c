/*
 * The summaries: what each statement does to them, what is refused, and that eight sessions
 * writing at random neither deadlock nor lose a count.
 */
#include "lib/child.h"
#include "suite.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "lib/live_pg.h"
#include "net/pg.h"

#define C        "'\\x00000000000000000000000000000000000000c1'"
#define D        "'\\x00000000000000000000000000000000000000c2'"
#define W1       "'\\x00000000000000000000000000000000000000a1'"
#define W2       "'\\x00000000000000000000000000000000000000a2'"
#define NOWHERE  "'\\x00000000000000000000000000000000000000ff'"
#define SESSIONS 8
#define STEPS    150

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 60000 };
static struct arena *arena;
static struct pg *pg;

static void begin(void)
{
	arena = arena_new(65536);
	pg = pg_new(&options, live_pg_url());
}

static void end(void)
{
	pg_free(pg);
	arena_free(arena);
}

static void run(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc == RC_OK, "%s: %s", sql, pg_error(pg));
}

static void refused(const char *sql, const char *state)
{
	SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

	ck_assert_msg(done.rc != RC_OK, "%s went through", sql);
	ck_assert_msg(strcmp(pg_sqlstate(pg), state) == 0, "%s: %s", sql, pg_error(pg));
}

/* One text of a query with one column: its rows, joined by spaces. */
static const char *ask(const char *sql)
{
	struct buf out;
	SCOPED(pg_result_done) struct pg_result rows = pg_exec(pg, sql);

	ck_assert_msg(rows.rc == RC_OK, "%s: %s", sql, pg_error(pg));
	buf_init(&out, arena, BUF_NO_MAX);
	for (int i = 0; i < rows.count; i++) {
		if (i)
			buf_addc(&out, ' ');
		buf_adds(&out, pg_str(&rows, i, 0));
	}
	buf_addc(&out, '\0');
	return out.ptr;
}

#define says(sql, want) ck_assert_str_eq(ask(sql), want)

static void exact(void)
{
	says("SELECT format('%s.%s of %s %s: %s, not %s', summary, field, contract_address,"
	     " wallet_address, \"is\", ought) FROM such_market.summary_differences()",
	     "");
}

#define USERS                                                                                  \
	"SELECT right(user_address::text, 2) || ':' || token_count || ':' || balance"          \
	" FROM such_market.user_collections WHERE contract_address = " C " ORDER BY 1"
#define WALLETS                                                                                \
	"SELECT right(wallet_address::text, 2) || ':' || token_count || ':' || balance"        \
	" FROM such_market.wallet_collection_mapping WHERE contract_address = " C              \
	" ORDER BY 1"
#define STATS                                                                                  \
	"SELECT concat_ws(':', token_count, owner_count, balance, transfer_count)"             \
	" FROM such_market.collection_stats WHERE contract_address = " C

static void world(void)
{
	begin();
	run("INSERT INTO such_market.collections (contract_address) VALUES (" C "), (" D ")");
	run("INSERT INTO such_market.nfts (contract_address, token_id)"
	    " SELECT " C ", n FROM generate_series(1, 10) n");
	run("INSERT INTO such_market.nft_ownership VALUES (" C ", 1, " W1 ", 5), (" C ", 2, " W1
	    ", 1), (" C ", 3, " W2 ", 7)");
}

static void unworld(void)
{
	exact();
	run("DELETE FROM such_market.collections WHERE contract_address IN (" C ", " D ")");
	exact();
	says("SELECT count(*) FROM such_market.wallet_collection_mapping", "0");
	end();
}

START_TEST(test_follow)
{
	world();
	says(USERS, "a1:2:6 a2:1:7");
	says(WALLETS, "a1:2:6 a2:1:7");
	says(STATS, "10:2:13:0");
	/* Both events of one statement. */
	run("INSERT INTO such_market.nft_ownership VALUES (" C ", 1, " W1 ", 3), (" C ", 4, " W1
	    ", 9) ON CONFLICT (contract_address, token_id, owner_address)"
	    " DO UPDATE SET balance = excluded.balance");
	says(USERS, "a1:3:13 a2:1:7");
	says(STATS, "10:2:20:0");
	run("UPDATE such_market.nft_ownership SET owner_address = " W2 " WHERE token_id = 4");
	says(USERS, "a1:2:4 a2:2:16");
	run("UPDATE such_market.nft_ownership SET last_verified_at = now()");
	says(USERS, "a1:2:4 a2:2:16");
	exact();
	unworld();
}
END_TEST

START_TEST(test_past)
{
	world();
	run("UPDATE such_market.nft_ownership SET last_verified_at = now();");
	const char *before =
		ask("SELECT last_owned_at FROM such_market.wallet_collection_mapping"
		    " WHERE wallet_address = " W2);
	run("DELETE FROM such_market.nft_ownership WHERE owner_address = " W2);
	says(USERS, "a1:2:6");
	says(WALLETS, "a1:2:6 a2:0:0");
	says(STATS, "10:1:6:0");
	ck_assert_str_ne(ask("SELECT last_owned_at FROM such_market.wallet_collection_mapping"
			     " WHERE wallet_address = " W2),
			 before);
	run("INSERT INTO such_market.nft_ownership VALUES (" C ", 3, " W2 ", 1)");
	says(WALLETS, "a1:2:6 a2:1:1");
	unworld();
}
END_TEST

START_TEST(test_history)
{
	world();
	run("INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
	    " to_address, origin, log_index, block_time) SELECT " C ", n, " W1 ", " W2
	    ", sha256('x'), n, to_timestamp(1000 * n) FROM generate_series(1, 3) n");
	says(STATS, "10:2:13:3");
	says("SELECT extract(epoch FROM last_transfer_at)::int FROM "
	     "such_market.collection_stats"
	     " WHERE contract_address = " C,
	     "3000");
	run("DELETE FROM such_market.transfers WHERE log_index = 3");
	says("SELECT extract(epoch FROM last_transfer_at)::int FROM "
	     "such_market.collection_stats"
	     " WHERE contract_address = " C,
	     "2000");
	run("UPDATE such_market.transfers SET block_time = to_timestamp(5000) WHERE log_index "
	    "= 1");
	exact();
	run("DELETE FROM such_market.nfts WHERE token_id > 8");
	says(STATS, "8:2:13:2");
	unworld();
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *sql, *state;
	} cases[] = {
		{ "INSERT INTO such_market.nft_ownership VALUES (" C ", 99, " W1 ", 1)",
		  "23503" },
		{ "UPDATE such_market.nft_ownership SET token_id = 99 WHERE token_id = 1",
		  "23503" },
		{ "INSERT INTO such_market.nft_ownership VALUES (" NOWHERE ", 1, " W1 ", 1)",
		  "23503" },
		{ "UPDATE such_market.nft_ownership SET contract_address = " NOWHERE, "23503" },
		{ "INSERT INTO such_market.nfts (contract_address, token_id) VALUES (" NOWHERE
		  ", 1)",
		  "23503" },
		{ "INSERT INTO such_market.transfers (contract_address, token_id, from_address,"
		  " to_address, origin, log_index) VALUES (" NOWHERE ", 1, " W1 ", " W2
		  ", sha256('x'), 0)",
		  "23503" },
		{ "SELECT such_market.lock_collections(ARRAY[" C "::bytea, " NOWHERE "])",
		  "23503" },
		{ "DELETE FROM such_market.nfts WHERE token_id = 1", "23503" },
		{ "UPDATE such_market.nfts SET token_id = 50 WHERE token_id = 1", "0A000" },
		{ "UPDATE such_market.user_collections SET token_count = 1", "42501" },
		{ "DELETE FROM such_market.wallet_collection_mapping", "42501" },
		{ "UPDATE such_market.collection_stats SET owner_count = 1", "42501" },
		{ "TRUNCATE such_market.nft_ownership", "42501" },
	};

	world();
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(cases[i].sql, cases[i].state);
	exact();
	pg_free(pg);
	pg = pg_new(&options, live_pg_super_url());
	refused("TRUNCATE such_market.nft_ownership", "0A000");
	refused("TRUNCATE such_market.nfts", "0A000");
	refused("TRUNCATE such_market.transfers", "0A000");
	refused("TRUNCATE such_market.collections CASCADE", "0A000");
	unworld();
}
END_TEST

/* The recount finds what is wrong: by hand, as nobody but the owner could. */
START_TEST(test_recount)
{
	world();
	pg_free(pg);
	pg = pg_new(&options, live_pg_super_url());
	run("UPDATE such_market.user_collections SET balance = 1 WHERE user_address = " W2);
	run("DELETE FROM such_market.wallet_collection_mapping WHERE wallet_address = " W1);
	run("UPDATE such_market.collection_stats SET owner_count = 9 WHERE contract_address "
	    "= " C);
	says("SELECT summary || '.' || field || ':' || coalesce(\"is\", '-') || ':' || ought"
	     " FROM such_market.summary_differences(" C ") ORDER BY 1",
	     "collection_stats.owner_count:9:2 user_collections.balance:1:7"
	     " wallet_collection_mapping.balance:-:6 "
	     "wallet_collection_mapping.token_count:-:2");
	says("SELECT count(*) FROM such_market.summary_differences(" D ")", "0");
	run("UPDATE such_market.user_collections SET balance = 7 WHERE user_address = " W2);
	run("INSERT INTO such_market.wallet_collection_mapping VALUES (" W1 ", " C ", 2, 6)");
	run("UPDATE such_market.collection_stats SET owner_count = 2 WHERE contract_address "
	    "= " C);
	unworld();
}
END_TEST

#define WALLET_SQL "decode(lpad(to_hex(%u), 40, '0'), 'hex')"
#define OF_TOKEN   " WHERE contract_address = " C " AND token_id = %u"

/* One statement each; %u: token, wallet and another wallet, as the row says. */
static const char *step(unsigned *seed)
{
	unsigned what = (unsigned)rand_r(seed) % 6, token = (unsigned)rand_r(seed) % 100 + 1;
	unsigned to = (unsigned)rand_r(seed) % 12 + 1, from = (unsigned)rand_r(seed) % 12 + 1;
	unsigned piece = token % 5 + 1;

	switch (what) {
	case 0:
		return arena_printf(arena,
				    "UPDATE such_market.nft_ownership SET owner_address "
				    "= " WALLET_SQL OF_TOKEN,
				    to, token)
			.ptr;
	case 1: /* twenty tokens, their rows locked in key order first */
		return arena_printf(
			       arena,
			       "WITH l AS MATERIALIZED (SELECT token_id, owner_address"
			       " FROM such_market.nft_ownership WHERE contract_address = " C
			       " AND (token_id * %u) %% 101 < 20 ORDER BY 1, 2 FOR UPDATE)"
			       " UPDATE such_market.nft_ownership h SET owner_address "
			       "= " WALLET_SQL " FROM l WHERE contract_address = " C
			       " AND h.token_id = l.token_id"
			       " AND h.owner_address = l.owner_address",
			       token, to)
			.ptr;
	case 2:
		return arena_printf(arena,
				    "INSERT INTO such_market.nft_ownership SELECT " C
				    ", %u, " WALLET_SQL ", 1 WHERE NOT EXISTS (SELECT FROM"
				    " such_market.nft_ownership" OF_TOKEN
				    ") ON CONFLICT DO NOTHING",
				    token, to, token)
			.ptr;
	case 3:
		return arena_printf(arena, "DELETE FROM such_market.nft_ownership" OF_TOKEN,
				    token)
			.ptr;
	default: /* a piece of an ERC-1155 token: three events in one statement */
		return arena_printf(
			       arena,
			       "WITH l AS MATERIALIZED (SELECT FROM such_market.nft_ownership"
			       " WHERE contract_address = " D
			       " AND token_id = %u AND owner_address"
			       " IN (" WALLET_SQL ", " WALLET_SQL
			       ") ORDER BY owner_address FOR UPDATE),"
			       " n AS MATERIALIZED (SELECT count(*) FROM l),"
			       " less AS (UPDATE such_market.nft_ownership h SET balance = "
			       "balance - 1"
			       "  FROM n WHERE contract_address = " D " AND token_id = %u"
			       "  AND owner_address = " WALLET_SQL
			       " AND balance > 1 RETURNING 1),"
			       " gone AS (DELETE FROM such_market.nft_ownership h USING n"
			       "  WHERE contract_address = " D " AND token_id = %u"
			       "  AND owner_address = " WALLET_SQL
			       " AND balance = 1 RETURNING 1)"
			       " INSERT INTO such_market.nft_ownership AS h SELECT " D
			       ", %u, " WALLET_SQL
			       ", 1 FROM (TABLE less UNION ALL TABLE gone) x"
			       " ON CONFLICT (contract_address, token_id, owner_address)"
			       " DO UPDATE SET balance = h.balance + 1",
			       piece, from, to, piece, from, piece, from, piece,
			       to == from ? to % 12 + 1 : to)
			.ptr;
	}
}

/* 0: every statement went through (a move onto a holder of the same token may collide). */
static int session(unsigned seed)
{
	begin();
	for (int i = 0; i < STEPS; i++) {
		const char *sql = step(&seed);
		SCOPED(pg_result_done) struct pg_result done = pg_exec(pg, sql);

		if (done.rc != RC_OK && strcmp(pg_sqlstate(pg), "23505") != 0) {
			fprintf(stderr, "%s: %s\n", sql, pg_error(pg));
			return EXIT_FAILURE;
		}
	}
	end();
	return EXIT_SUCCESS;
}

START_TEST(test_sessions)
{
	unsigned seed = (unsigned)_i * 1000 + 1;
	pid_t pid[SESSIONS];
	int status;

	begin();
	run("INSERT INTO such_market.collections (contract_address) VALUES (" C "), (" D ")");
	run("INSERT INTO such_market.nfts (contract_address, token_id)"
	    " SELECT " C "::bytea, n FROM generate_series(1, 100) n"
	    " UNION ALL SELECT " D ", n FROM generate_series(1, 5) n");
	run("INSERT INTO such_market.nft_ownership SELECT " C ", n,"
	    " decode(lpad(to_hex(n % 12 + 1), 40, '0'), 'hex'), 1 FROM generate_series(1, 100) "
	    "n");
	run("INSERT INTO such_market.nft_ownership SELECT " D ", n % 5 + 1,"
	    " decode(lpad(to_hex(n % 12 + 1), 40, '0'), 'hex'), 20 FROM generate_series(1, 60) "
	    "n");
	fflush(NULL);
	for (int i = 0; i < SESSIONS; i++) {
		pid[i] = child_fork();
		if (pid[i] == 0)
			_exit(session(seed + (unsigned)i));
	}
	for (int i = 0; i < SESSIONS; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_msg(status == 0, "session %u ended with %d", seed + (unsigned)i,
			      status);
	}
	exact();
	says("SELECT sum(balance) FROM such_market.nft_ownership WHERE contract_address = " D,
	     "1200");
	unworld();
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, live_pg_start, live_pg_done);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_follow);
	tcase_add_test(tc, test_past);
	tcase_add_test(tc, test_history);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_recount);
	tcase_add_loop_test(tc, test_sessions, 0, 3);
}

SUITE_OF(add)
