/*
 * Snapshots of several chunks into a collection without holders: the same as by comparing, when
 * killed, and beside other writers.
 */
#include "suite.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/scope.h"
#include "import_fixture.h"
#include "lib/child.h"
#include "lib/live_pg.h"

#define TOKENS  50
#define WALLETS 900
#define PAIRS   (TOKENS * WALLETS)
#define HUGE    "11579208923731619542357098500868790785326998466564056403945758400791312963993%d"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 60000 };

/* About three chunks of random balances, in no order: of each token and wallet two times in
 * three a line; the last are burned, some balances are 0.  Token 0 and wallet 1 are always
 * there. */
static const char *snapshot(const char *name, unsigned seed)
{
	const char *path = fixture_path(name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("token_id,owner_address,balance\n", f);
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned pair = (unsigned)((uint64_t)i * 7919 % PAIRS);
		unsigned token = pair / WALLETS, wallet = (pair % WALLETS + 1) % WALLETS;
		unsigned dice = (unsigned)rand_r(&seed);
		if (pair != 0 && dice % 3 == 0)
			continue;
		if (token > TOKENS - 6)
			fprintf(f, HUGE, (int)(token - (TOKENS - 6)));
		else
			fprintf(f, "%u", token);
		fprintf(f, ",0x%032x%08x,%u\n", wallet * 2654435761u, wallet,
			pair ? dice / 8 % 5 : 7);
	}
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

static struct import_options into(const char *contract, const char *owners)
{
	return (struct import_options){ .collection = fixture_meta(contract, "ERC1155"),
					.owners = owners };
}

static void forget_all(void)
{
	live_pg_sql("DELETE FROM such_market.collections");
}

/* All of a collection's ownership and summaries; past holders are of whoever was there. */
static const char *state(const char *contract)
{
	static char kept[2][64];
	static int at;
	char sql[1024];
	at = !at;
	snprintf(sql, sizeof(sql),
		 "WITH c AS (SELECT decode(right('%s', 40), 'hex') AS a),"
		 " r (row) AS (SELECT concat_ws('|', 'o', token_id, owner_address, balance)"
		 " FROM such_market.nft_ownership, c WHERE contract_address = a"
		 " UNION ALL SELECT concat_ws('|', 'u', user_address, token_count, balance)"
		 " FROM such_market.user_collections, c WHERE contract_address = a"
		 " UNION ALL SELECT concat_ws('|', 'w', wallet_address, token_count, balance)"
		 " FROM such_market.wallet_collection_mapping, c"
		 " WHERE contract_address = a AND token_count > 0"
		 " UNION ALL SELECT concat_ws('|', 's', token_count, owner_count, balance)"
		 " FROM such_market.collection_stats, c WHERE contract_address = a)"
		 "SELECT md5(string_agg(row, ' ' ORDER BY row)) || count(*) FROM r",
		 contract);
	snprintf(kept[at], sizeof(kept[at]), "%s", fixture_cell(sql));
	return kept[at];
}

static void exact(void)
{
	fixture_same("SELECT count(*) FROM such_market.summary_differences()", "0");
}

static void unchanged(const struct import_options *o)
{
	struct import_summary s = fixture_imported(o);
	const struct import_count *c = &s.of[IMPORT_OWNERS];
	ck_assert_uint_eq(c->added + c->changed + c->removed, 0);
}

START_TEST(filled_as_compared)
{
	for (unsigned seed = 1; seed < 3; seed++) {
		const char *file = snapshot("fill.csv", seed);
		const char *one = fixture_file(
			"one.csv", "token_id,owner_address,balance\n0,"
				   "0x0000000000000000000000009e3779b100000001,99\n");
		struct import_options filled = into(C1, file), compared = into(C2, one);
		forget_all();
		struct import_summary s = fixture_imported(&filled);
		ck_assert_uint_gt(s.of[IMPORT_OWNERS].added, 20000);
		ck_assert_uint_eq(s.tokens_added, TOKENS);
		fixture_imported(&compared);
		compared.owners = file;
		struct import_summary t = fixture_imported(&compared);
		ck_assert_uint_eq(t.of[IMPORT_OWNERS].added + 1, s.of[IMPORT_OWNERS].added);
		ck_assert_uint_eq(t.of[IMPORT_OWNERS].changed, 1);
		ck_assert_str_eq(state(C1), state(C2));
		exact();
		unchanged(&filled);
		unchanged(&compared);
	}
}
END_TEST

/* From one snapshot to another by comparing is what filling with the other is. */
START_TEST(changed_as_filled)
{
	struct import_options o = into(C1, snapshot("fill.csv", 5));
	struct import_options other = into(C2, snapshot("other.csv", 6));
	forget_all();
	fixture_imported(&o);
	o.owners = other.owners;
	fixture_imported(&o);
	fixture_imported(&other);
	ck_assert_str_eq(state(C1), state(C2));
	exact();
}
END_TEST

/* An import in a child; kill_at: the chunk of owners before which it is killed, or -1. */
struct child {
	pid_t pid;
	int64_t kill_at;
};

static void kill_self(void *ctx, const struct import_progress *progress)
{
	const struct child *c = ctx;
	if (strcmp(progress->what, "merging owners") == 0 &&
	    (int64_t)progress->done == c->kill_at)
		kill(getpid(), SIGKILL);
}

static struct child start(const struct import_options *o, int64_t kill_at)
{
	struct child child = { .kill_at = kill_at };
	child.pid = child_fork();
	if (child.pid == 0) {
		struct import_summary s;
		enum rc rc = import_run(pg_new(&options, live_pg_url()), arena_new(4096), o,
					kill_self, &child, &s);
		_exit(rc == RC_OK ? 0 : 1);
	}
	return child;
}

static int end_of(const struct child *child)
{
	int status = 0;
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	return status;
}

START_TEST(killed_and_run_again)
{
	struct import_options o = into(C1, snapshot("fill.csv", 7));
	struct import_options whole = into(C2, o.owners);
	forget_all();
	fixture_imported(&whole);
	for (int at = 1; at < 3; at++) {
		forget_all();
		fixture_imported(&whole);
		struct child child = start(&o, at);
		int status = end_of(&child);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		ck_assert_str_ne(state(C1), state(C2));
		fixture_imported(&o);
		ck_assert_str_eq(state(C1), state(C2));
		exact();
	}
}
END_TEST

static void run(struct pg *pg, const char *sql)
{
	SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, sql);
	ck_assert_msg(r.rc == RC_OK, "%s: %s", sql, pg_error(pg));
}

#define COLLECTION "'\\x00000000000000000000000000000000000000c1'::bytea"
#define WALLET     "'\\x0000000000000000000000009e3779b100000001'::bytea"

/* Tokens are there, holders are not. */
static struct import_options emptied(void)
{
	struct import_options o = into(C1, snapshot("fill.csv", 8));
	struct import_options whole = into(C2, o.owners);
	forget_all();
	fixture_imported(&whole);
	fixture_imported(&o);
	live_pg_sql(
		"DELETE FROM such_market.nft_ownership WHERE contract_address = " COLLECTION);
	return o;
}

/* A writer that took the collection, then wants a row that a chunk has written: the chunk gives
 * way, and the snapshot comes last. */
START_TEST(a_writer_that_was_first)
{
	struct import_options o = emptied();
	struct pg *pg = pg_new(&options, live_pg_url());
	run(pg, "SET lock_timeout = '15s'");
	run(pg, "BEGIN");
	run(pg, "SELECT such_market.lock_collections(ARRAY[" COLLECTION "])");
	struct child child = start(&o, -1);
	while (strcmp(fixture_cell("SELECT count(*) > 1 FROM pg_stat_activity WHERE query LIKE"
				   " 'COPY such_market.nft_ownership%'"
				   " AND wait_event_type = 'Lock'"),
		      "t") != 0)
		usleep(2000);
	run(pg,
	    "INSERT INTO such_market.nft_ownership VALUES (" COLLECTION ", 0, " WALLET ", 99)");
	run(pg, "COMMIT");
	pg_free(pg);
	ck_assert_int_eq(end_of(&child), 0);
	ck_assert_str_eq(state(C1), state(C2));
	exact();
}
END_TEST

#define WALLET_OF "decode('%032x%08x', 'hex')"

/* Single statements at random until told to stop; 1: one failed, as by a deadlock. */
static void write_at_random(unsigned seed, int stop)
{
	struct pg *pg = pg_new(&options, live_pg_url());
	char sql[512], byte;
	bool fine = true;
	run(pg, "SET lock_timeout = 0");
	while (fine && read(stop, &byte, 1) != 0) {
		unsigned token = (unsigned)rand_r(&seed) % (TOKENS - 6);
		unsigned wallet = (unsigned)rand_r(&seed) % WALLETS + 1;
		if (rand_r(&seed) % 3)
			snprintf(sql, sizeof(sql),
				 "INSERT INTO such_market.nft_ownership VALUES (" COLLECTION
				 ", %u, " WALLET_OF ", 5) ON CONFLICT (contract_address,"
				 " token_id, owner_address)"
				 " DO UPDATE SET balance = excluded.balance",
				 token, wallet * 2654435761u, wallet);
		else
			snprintf(sql, sizeof(sql),
				 "DELETE FROM such_market.nft_ownership WHERE"
				 " contract_address = " COLLECTION
				 " AND token_id = %u AND owner_address = " WALLET_OF,
				 token, wallet * 2654435761u, wallet);
		SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, sql);
		fine = r.rc == RC_OK;
	}
	_exit(fine ? 0 : 1);
}

START_TEST(beside_other_writers)
{
	struct import_options o = emptied();
	struct child writers[3];
	int stop[2];
	ck_assert_int_eq(pipe2(stop, O_NONBLOCK), 0);
	for (size_t i = 0; i < COUNT_OF(writers); i++) {
		writers[i].pid = child_fork();
		if (writers[i].pid == 0) {
			close(stop[1]);
			write_at_random((unsigned)i, stop[0]);
		}
	}
	for (int i = 0; i < 2; i++) {
		struct child child = start(&o, -1);
		ck_assert_int_eq(end_of(&child), 0);
	}
	close(stop[1]);
	for (size_t i = 0; i < COUNT_OF(writers); i++)
		ck_assert_int_eq(end_of(&writers[i]), 0);
	close(stop[0]);
	exact();
	fixture_imported(&o);
	ck_assert_str_eq(state(C1), state(C2));
	exact();
}
END_TEST

/* The tests' server looks for deadlocks after 50 ms; here nobody else finds one: an import
 * gives way by itself. */
static void begin(void)
{
	fixture_start();
	live_pg_sql("ALTER ROLE such_market_app SET deadlock_timeout = '20s'");
}

SUITE_WITH(begin, fixture_done, 120, filled_as_compared, changed_as_filled,
	   killed_and_run_again, a_writer_that_was_first, beside_other_writers)
