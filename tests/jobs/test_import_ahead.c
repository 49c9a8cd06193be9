/*
 * Traits of a new collection that a second connection writes before the tokens: the same as by
 * one connection, seen by nobody before their tokens, when killed, and beside another writer.
 */
#include "suite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "import_fixture.h"
#include "lib/child.h"
#include "lib/live_pg.h"

#define TOKENS 1600
#define STRAY                                                                                  \
	"SELECT count(*) FROM such_market.token_traits AS t WHERE NOT EXISTS"                  \
	" (SELECT FROM such_market.collection_traits AS c WHERE c.trait_id = t.trait_id)"
#define DERIVED                                                                                \
	"SELECT such_market.derive_traits(contract_address)"                                   \
	" + such_market.derive_rarity(contract_address) FROM such_market.collections"
/* Did another transaction write the traits than the tokens? */
#define AHEAD                                                                                  \
	"SELECT bool_and(t.xmin <> n.xmin) FROM such_market.token_traits AS t"                 \
	" JOIN such_market.nfts AS n USING (contract_address, token_id)"

static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };

static void forget_all(void)
{
	live_pg_sql("DELETE FROM such_market.collections");
}

/* In no order, some said twice; attributes that are no trait, and of each kind. */
static struct import_options tokens(void)
{
	const char *path = fixture_path("ahead.jsonl");
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i < TOKENS + 50; i++) {
		unsigned token = i * 7919 % TOKENS;
		fprintf(f, "{\"tokenId\":\"%u\",\"name\":\"n%u\",\"attributes\":[", token, i);
		fprintf(f, "{\"trait_type\":\"Hat\",\"value\":\"h%u\"},{\"value\":\"none\"},",
			i % 41);
		fprintf(f, "{\"trait_type\":\"Eye\",\"value\":\"e%u\"},", i % 7);
		fprintf(f, "{\"trait_type\":\"Own\",\"value\":\"o%u\"},", i);
		fprintf(f, "{\"trait_type\":\"Age\",\"value\":%u}]}\n", i % 100);
	}
	ck_assert_int_eq(fclose(f), 0);
	return (struct import_options){ .collection = fixture_meta(C1, "ERC721"),
					.nfts = path };
}

/* What is written by one connection: of a collection that has a token already. */
static const char *by_one(const struct import_options *o)
{
	static char digest[64];
	struct import_options first = *o;
	first.nfts = fixture_file("first.jsonl", "{\"tokenId\":\"1\",\"name\":\"old\"}\n");
	forget_all();
	fixture_imported(&first);
	fixture_imported(o);
	snprintf(digest, sizeof(digest), "%s", fixture_digest());
	return digest;
}

START_TEST(the_same_as_by_one)
{
	struct import_options o = tokens();
	const char *expected = by_one(&o);
	forget_all();
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.traits_changed, 4 * TOKENS);
	fixture_same(AHEAD, "t");
	ck_assert_str_eq(fixture_digest(), expected);
	fixture_same(STRAY, "0");
	fixture_same(DERIVED, "0");
}
END_TEST

/* The server has no room for another connection of the role. */
START_TEST(without_a_second)
{
	struct import_options o = tokens();
	const char *expected = by_one(&o);
	forget_all();
	live_pg_sql("ALTER ROLE such_market_app CONNECTION LIMIT 1");
	struct import_summary s = fixture_imported(&o);
	live_pg_sql("ALTER ROLE such_market_app CONNECTION LIMIT -1");
	ck_assert_uint_eq(s.traits_changed, 4 * TOKENS);
	fixture_same(AHEAD, "f");
	ck_assert_str_eq(fixture_digest(), expected);
}
END_TEST

/* Waits until the second connection is done: its rows are there, and nothing tells of them. */
static void wait_for_rows(void)
{
	int64_t until = clock_mono_ns() + INT64_C(20000000000);
	char all[24];
	snprintf(all, sizeof(all), "%d", 4 * TOKENS);
	while (strcmp(fixture_cell("SELECT count(*) FROM such_market.token_traits"), all) != 0)
		ck_assert(clock_mono_ns() < until);
	fixture_same("SELECT count(*) FROM such_market.collection_traits", "0");
	fixture_same("SELECT count(*) FROM such_market.nfts", "0");
}

/* A parent tells a child that waits before its first chunk when to go on, or kills it. */
struct pause {
	int reached[2], go[2];
};

static void pause_there(void *ctx, const struct import_progress *progress)
{
	const struct pause *p = ctx;
	char byte = 0;
	if (strcmp(progress->what, "merging tokens") != 0)
		return;
	if (write(p->reached[1], &byte, 1) != 1 || read(p->go[0], &byte, 1) != 1)
		_exit(3);
}

static pid_t paused(const struct import_options *o, struct pause *p)
{
	char byte;
	ck_assert_int_eq(pipe(p->reached), 0);
	ck_assert_int_eq(pipe(p->go), 0);
	pid_t pid = child_fork();
	if (pid == 0) {
		struct import_summary s;
		struct pg *pg = pg_new(&options, live_pg_url());
		_exit(import_run(pg, arena_new(4096), o, pause_there, p, &s) != RC_OK);
	}
	ck_assert_int_eq(read(p->reached[0], &byte, 1), 1);
	wait_for_rows();
	return pid;
}

static int status_of(pid_t pid, const struct pause *p)
{
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		close(p->reached[i]);
		close(p->go[i]);
	}
	return status;
}

START_TEST(killed_and_run_again)
{
	struct import_options o = tokens();
	const char *expected = by_one(&o);
	struct pause p;
	forget_all();
	pid_t pid = paused(&o, &p);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert(WIFSIGNALED(status_of(pid, &p)));
	fixture_imported(&o);
	ck_assert_str_eq(fixture_digest(), expected);
	fixture_same(STRAY, "0");
	fixture_same(DERIVED, "0");
}
END_TEST

START_TEST(another_writer_was_quicker)
{
	struct import_options o = tokens();
	struct pause p;
	forget_all();
	pid_t pid = paused(&o, &p);
	live_pg_sql("INSERT INTO such_market.nfts"
		    " (contract_address, token_id, attributes, metadata)"
		    " SELECT contract_address, n, "
		    "'[{\"traitType\":\"Hat\",\"value\":\"theirs\"}]', '{}'"
		    " FROM such_market.collections, (VALUES (3), (9999)) AS v (n);"
		    "SELECT such_market.derive_token_traits(contract_address, '{3,9999}')"
		    " FROM such_market.collections");
	ck_assert_int_eq(write(p.go[1], "", 1), 1);
	ck_assert_int_eq(status_of(pid, &p), 0);
	fixture_same("SELECT count(*) || ' ' || min(rarity_rank) FROM such_market.nfts",
		     "1601 1");
	fixture_same("SELECT count(*) FROM such_market.token_traits", "6401");
	fixture_same(STRAY, "0");
	fixture_same(DERIVED, "0");
}
END_TEST

SUITE_WITH(fixture_start, fixture_done, 120, the_same_as_by_one, without_a_second,
	   killed_and_run_again, another_writer_was_quicker)
