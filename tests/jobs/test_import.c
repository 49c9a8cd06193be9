/* Imports into a real database. */
#include "lib/child.h"
#include "suite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "import_fixture.h"
#include "jobs/import_run.h"
#include "lib/live_pg.h"

#define MANY 11000 /* rows: two chunks */

static void forget_all(void)
{
	live_pg_sql("DELETE FROM such_market.collections; DELETE FROM such_market.fc_users");
}

START_TEST(tokens_traits_and_ranks)
{
	forget_all();
	struct import_options o = {
		.collection = fixture_meta(C1, "ERC721"),
		.nfts = fixture_file(
			"n.jsonl",
			"{\"tokenId\":\"1\",\"name\":\"one\",\"attributes\":[{\"trait_type\":"
			"\"Hat\",\"value\":\"Red\"},{\"trait_type\":\"Age\",\"value\":3}]}\n"
			"{\"tokenId\":\"2\",\"attributes\":[{\"trait_type\":\"Hat\",\"value\":"
			"\"Red\"},{\"trait_type\":\"Age\",\"value\":3.0}]}\n"
			"{\"tokenId\":\"3\",\"attributes\":[{\"trait_type\":\"Hat\",\"value\":"
			"\"Blue\"},{\"trait_type\":\"Hat\",\"value\":null}]}\n"
			"{\"tokenId\":\"4\",\"attributes\":[]}\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_NFTS].added, 4);
	ck_assert_uint_eq(s.traits_changed, 5);
	fixture_same(
		"SELECT string_agg(concat_ws(':', trait_type, value, kind, token_count), ' '"
		" ORDER BY trait_type, value) FROM such_market.collection_traits",
		"Age:3:number:2 Hat:Blue:string:1 Hat:Red:string:2");
	/* p: Red 1/2, Blue 1/4, no hat 1/4; entropy 1.5 bits; scores 1, 2, 2 over 1.5. */
	fixture_same("SELECT string_agg(concat_ws(':', token_id, rarity_rank,"
		     " round(rarity_score::numeric, 6)), ' ' ORDER BY token_id) FROM "
		     "such_market.nfts",
		     "1:3:0.666667 2:3:0.666667 3:1:1.333333 4:1:1.333333");
	fixture_same("SELECT metadata::text FROM such_market.nfts WHERE token_id = 4",
		     "{\"tokenId\":\"4\",\"attributes\":[]}");
}
END_TEST

START_TEST(again_writes_nothing)
{
	const char *state = "SELECT md5(string_agg(concat_ws('|', ctid, xmin, updated_at), ' '"
			    " ORDER BY token_id)) FROM such_market.nfts";
	char before[64];
	struct import_options o = { .collection = fixture_path("meta-" C1 ".json"),
				    .nfts = fixture_path("n.jsonl") };
	fixture_imported(&o);
	snprintf(before, sizeof(before), "%s", fixture_cell(state));
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_NFTS].read, 4);
	ck_assert_uint_eq(s.of[IMPORT_NFTS].added + s.of[IMPORT_NFTS].changed, 0);
	ck_assert_uint_eq(s.traits_changed + s.ranks_changed, 0);
	fixture_same(state, before);
}
END_TEST

START_TEST(a_change_moves_traits_and_other_ranks)
{
	struct import_options o = {
		.collection = fixture_meta(C1, "ERC721"),
		.nfts = fixture_file(
			"m.jsonl",
			"{\"tokenId\":\"1\",\"name\":\"lost\"}\n"
			"{\"tokenId\":\"1\",\"name\":\"uno\",\"attributes\":[{\"trait_type\":"
			"\"Hat\",\"value\":\"Blue\"}]}\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_NFTS].changed, 1);
	ck_assert_uint_gt(s.ranks_changed, 0);
	fixture_same("SELECT string_agg(concat_ws(':', trait_type, value, token_count), ' '"
		     " ORDER BY trait_type, value) FROM such_market.collection_traits",
		     "Age:3:1 Hat:Blue:2 Hat:Red:1");
	fixture_same("SELECT name FROM such_market.nfts WHERE token_id = 1", "uno");
	/* The functions that other writers call agree with what the import wrote. */
	fixture_same(
		"SELECT such_market.derive_traits(contract_address)"
		" + such_market.derive_rarity(contract_address) FROM such_market.collections",
		"0");
}
END_TEST

START_TEST(a_snapshot_replaces_owners)
{
	forget_all();
	struct import_options o = {
		.collection = fixture_meta(C1, "ERC1155"),
		.owners = fixture_file("o1.csv",
				       "token_id,owner_address,balance\n1," A1 ",5\n1," A2
				       ",1\n2," A1 ",1\n3," NOBODY ",1\n4," A1 ",0\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.tokens_added, 4);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].added, 3);
	o.owners = fixture_file("o2.csv", "owner_address,token_id,balance\r\n" A1 ",1,4\r\n" A3
					  ",1,1\r\n" A1 ",2,1\r\n");
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].added, 1);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].changed, 1);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].removed, 1);
	fixture_same("SELECT string_agg(concat_ws(':', token_id, right(owner_address::text, 2),"
		     " balance), ' ' ORDER BY token_id, owner_address) FROM "
		     "such_market.nft_ownership",
		     "1:a1:4 1:a3:1 2:a1:1");
	fixture_same("SELECT concat_ws(' ', token_count, owner_count, balance)"
		     " FROM such_market.collection_stats",
		     "4 2 6");
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].added + s.of[IMPORT_OWNERS].changed +
				  s.of[IMPORT_OWNERS].removed,
			  0);
}
END_TEST

START_TEST(transfers_are_history_only)
{
	char before[64];
	snprintf(before, sizeof(before), "%s",
		 fixture_cell(
			 "SELECT md5(string_agg(o::text, ' ' ORDER BY token_id, owner_address))"
			 " FROM such_market.nft_ownership AS o"));
	struct import_options o = {
		.collection = fixture_meta(C1, "ERC1155"),
		.transfers = fixture_file(
			"t.csv",
			"date,from,to,token_id,event\n2020-01-01,," A1 ",77,Mint\n"
			"2020-01-02," A1 "," A2 ",77,Transfer\n2020-01-03," A1 ",,77,x\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_TRANSFERS].added, 2);
	ck_assert_uint_eq(s.of[IMPORT_TRANSFERS].ignored, 1);
	ck_assert_uint_eq(s.tokens_added, 1);
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_TRANSFERS].added, 0);
	fixture_same("SELECT count(*) FROM such_market.transfers WHERE synthetic", "2");
	fixture_same("SELECT md5(string_agg(o::text, ' ' ORDER BY token_id, owner_address))"
		     " FROM such_market.nft_ownership AS o",
		     before);
}
END_TEST

/* Without log indexes, moves of one token in one transaction are told apart by their order. */
START_TEST(transfers_of_one_transaction)
{
#define HASH "0x1111111111111111111111111111111111111111111111111111111111111111"
	struct import_options o = {
		.collection = fixture_meta(C1, "ERC1155"),
		.transfers = fixture_file("t2.csv", "tx_hash,from,to,token_id\n" HASH "," A1
						    "," A2 ",77\n" HASH "," A2 "," A3 ",77\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_TRANSFERS].added, 2);
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_TRANSFERS].added, 0);
}
END_TEST

START_TEST(users_are_upserted)
{
	struct import_options o = {
		.users = fixture_file("u.jsonl", "{\"fid\":1,\"username\":\"a\"}\n"
						 "{\"fid\":2,\"verifiedAddresses\":[\"" A1
						 "\",\"" A2 "\"]}\n"),
	};
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_USERS].added, 2);
	fixture_same("SELECT cardinality(verified_addresses) FROM such_market.fc_users WHERE "
		     "fid = 2",
		     "2");
	o.users = fixture_file(
		"u.jsonl", "{\"fid\":1,\"username\":\"b\"}\n{\"fid\":2,\"verifiedAddresses\":"
			   "[\"" A1 "\",\"" A2 "\"]}\n");
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_USERS].changed, 1);
}
END_TEST

static void refused(const struct import_options *o, const char *file, uint64_t line,
		    const char *reason)
{
	char before[64];
	struct import_summary s;
	snprintf(before, sizeof(before), "%s", fixture_digest());
	ck_assert_int_eq(fixture_import(o, &s), RC_INVALID);
	ck_assert(!s.merging);
	ck_assert_uint_ge(s.reject_count, 1);
	ck_assert_str_eq(s.rejects[0].file, file);
	ck_assert_uint_eq(s.rejects[0].line, line);
	ck_assert_msg(strstr(s.rejects[0].reason, reason) != NULL, "%s", s.rejects[0].reason);
	ck_assert_str_eq(fixture_digest(), before);
}

START_TEST(a_bad_line_changes_nothing)
{
	struct import_options o = {
		.collection = fixture_meta(C2, "ERC721"),
		.nfts = fixture_file("g.jsonl", "{\"tokenId\":\"1\"}\n"),
		.owners = fixture_file("b.csv", "token_id,owner\n1," A1 "\n2,0x12\n"),
	};
	refused(&o, o.owners, 3, "owner_address is not an address");
	o.skip_bad = 1;
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.rejected, 1);
	ck_assert_uint_eq(s.of[IMPORT_OWNERS].added, 1);
}
END_TEST

START_TEST(a_holder_listed_twice)
{
	struct import_options o = {
		.collection = fixture_meta(C2, "ERC721"),
		.owners = fixture_file("tw.csv", "token_id,owner,balance\n1," A1 ",1\n2," A1
						 ",1\n1," A1 ",2\n"),
	};
	refused(&o, o.owners, 4, "listed already on line 2");
	o.skip_bad = 1;
	fixture_imported(&o);
	fixture_same("SELECT balance FROM such_market.nft_ownership WHERE token_id = 1"
		     " AND contract_address = decode(right('" C2 "', 40), 'hex')",
		     "1");
}
END_TEST

START_TEST(refused_as_a_whole)
{
	struct import_summary s;
	struct import_options o = { .owners = fixture_path("o1.csv") };
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(s.error, "needs --collection"));
	o = (struct import_options){ .users = "-", .collection = "-" };
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	o = (struct import_options){ .users = fixture_path("absent") };
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(s.error, "No such file"));
	o = (struct import_options){ .collection = fixture_meta(C1, "ERC721"),
				     .owners = fixture_file("empty.csv", "") };
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	o = (struct import_options){ 0 };
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
}
END_TEST

START_TEST(a_collection_of_another_chain)
{
	struct import_summary s;
	struct import_options o = {
		.collection = fixture_file("chain.json",
					   "{\"contract\":\"" C2 "\",\"chain\":\"gnosis\"}"),
	};
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(s.error, "chain 100"));
	o.any_chain = true;
	fixture_imported(&o);
	o.collection =
		fixture_file("chain.json", "{\"contract\":\"" C2 "\",\"chain\":\"moon\"}");
	o.any_chain = false;
	ck_assert_int_eq(fixture_import(&o, &s), RC_INVALID);
	ck_assert_ptr_nonnull(strstr(s.error, "not known"));
}
END_TEST

/* META says what it says; what it does not say stays. */
START_TEST(meta_keeps_what_it_does_not_say)
{
	struct import_options o = {
		.collection = fixture_file(
			"full.json",
			"{\"contract\":\"" C2 "\",\"name\":\"Full\",\"symbol\":\"F\","
			"\"standard\":\"ERC721\",\"expected_supply\":\"7\"}")
	};
	fixture_imported(&o);
	o.collection = fixture_file("part.json", "{\"contract\":\"" C2 "\",\"name\":\"Part\"}");
	struct import_summary s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_COLLECTIONS].changed, 1);
	fixture_same("SELECT concat_ws(' ', name, symbol, token_type, total_supply)"
		     " FROM such_market.collections WHERE contract_address = decode(right('" C2
		     "', 40), 'hex')",
		     "Part F ERC721 7");
	s = fixture_imported(&o);
	ck_assert_uint_eq(s.of[IMPORT_COLLECTIONS].changed, 0);
}
END_TEST

/* Files of MANY rows; variant changes every value. */
static struct import_options many(int variant)
{
	const char *nfts = fixture_path("many.jsonl"), *owners = fixture_path("many.csv");
	FILE *n = fopen(nfts, "w"), *o = fopen(owners, "w");
	fputs("token_id,owner_address,balance\n", o);
	for (int i = 0; i < MANY; i++) {
		fprintf(n,
			"{\"tokenId\":\"%d\",\"attributes\":[{\"trait_type\":\"T\",\"value\":"
			"\"%d\"}]}\n",
			i, (i + variant) % 10);
		fprintf(o, "%d,0x%040x,%d\n", i, (i * 7 + variant) % 5000 + 1, 1 + variant);
	}
	ck_assert_int_eq(fclose(n) | fclose(o), 0);
	return (struct import_options){ .collection = fixture_meta(C1, "ERC721"),
					.nfts = nfts,
					.owners = owners };
}

/* Ends the process by SIGKILL in the middle of the named merge. */
struct killer {
	const char *what;
	uint64_t at;
};

static void kill_at(void *ctx, const struct import_progress *progress)
{
	const struct killer *k = ctx;
	if (strcmp(progress->what, k->what) == 0 && progress->done == k->at)
		kill(getpid(), SIGKILL);
}

static void killed_import(const struct import_options *o, struct killer killer)
{
	pid_t pid = child_fork();
	if (pid == 0) {
		static const struct pg_options options = { .connect_ms = 5000,
							   .deadline_ms = 20000 };
		struct import_summary s;
		struct arena *arena = arena_new(4096);
		import_run(pg_new(&options, live_pg_url()), arena, o, kill_at, &killer, &s);
		_exit(0);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it was not killed");
}

START_TEST(killed_in_the_middle)
{
	static const struct killer killers[] = {
		{ "merging tokens", 1 },
		{ "merging owners", 1 },
	};
	char expected[64];
	forget_all();
	struct import_options first = many(0);
	fixture_imported(&first);
	struct import_options second = many(1);
	fixture_imported(&second);
	snprintf(expected, sizeof(expected), "%s", fixture_digest());
	for (size_t i = 0; i < sizeof(killers) / sizeof(*killers); i++) {
		forget_all();
		first = many(0);
		fixture_imported(&first);
		second = many(1);
		killed_import(&second, killers[i]);
		ck_assert_str_ne(fixture_digest(), expected);
		fixture_imported(&second);
		ck_assert_str_eq(fixture_digest(), expected);
		forget_all();
		killed_import(&second, killers[i]);
		fixture_imported(&second);
		ck_assert_str_eq(fixture_digest(), expected);
	}
}
END_TEST

/* Attributes at random: values that differ in case, spaces and zeros, types several times,
 * traits that are none. */
static void random_attributes(FILE *f, bool plain)
{
	static const char *const odd[] = {
		"{\"trait_type\":\"Hat\",\"value\":\"Red\"}",
		"{\"trait_type\":\" hat\",\"value\":\"red \"}",
		"{\"trait_type\":\"HAT\",\"value\":\"Blue\"}",
		"{\"trait_type\":\"\\u00c4\",\"value\":\"\\ud83d\"}",
		"{\"trait_type\":\"\u00e4\",\"value\":\"\\ud83d \"}",
		"{\"trait_type\":\"Age\",\"value\":3}",
		"{\"trait_type\":\"Age\",\"value\":3.0}",
		"{\"trait_type\":\"Age\",\"value\":\"3\",\"display_type\":\"number\"}",
		"{\"trait_type\":\"Born\",\"value\":1e9,\"display_type\":\"date\"}",
		"{\"trait_type\":\"List\",\"value\":[1, {\"b\":2,\"a\":1}]}",
		"{\"trait_type\":\"List\",\"value\":[1,{\"a\":1,\"b\":2}]}",
		"{\"trait_type\":\"List\",\"value\":true}",
		"{\"trait_type\":\"Hat\",\"value\":null}",
		"{\"trait_type\":\"\",\"value\":\"no type\"}",
		"{\"value\":\"no type\"}",
		"\"bare\"",
	};
	int n = rand() % 6;
	for (int i = 0; i < n; i++) {
		if (plain)
			fprintf(f, "%s{\"trait_type\":\"T%d\",\"value\":\"v%d\"}", i ? "," : "",
				i, rand() % (3 + i * i));
		else
			fprintf(f, "%s%s", i ? "," : "",
				odd[rand() % (int)(sizeof(odd) / sizeof(*odd))]);
	}
}

static const char *random_tokens(const char *name, unsigned seed, bool plain)
{
	const char *path = fixture_path(name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	srand(seed);
	for (int i = 0; i < 400; i++) {
		fprintf(f, "{\"tokenId\":\"%d\",\"name\":\"n%d\",\"attributes\":[",
			i < 300 ? i : rand() % 300, rand() % 3);
		random_attributes(f, plain);
		fputs("]}\n", f);
	}
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

/* A new collection is written another way than one that is known: the same must come of it. */
static void new_is_as_known(unsigned seed, bool plain)
{
	char expected[64], traits[24];
	struct import_options o = { .collection = fixture_meta(C1, "ERC721"),
				    .nfts = random_tokens("random.jsonl", seed, plain) };
	forget_all();
	struct import_summary s = fixture_imported(&o);
	snprintf(expected, sizeof(expected), "%s", fixture_digest());
	snprintf(traits, sizeof(traits), "%llu", (unsigned long long)s.traits_changed);
	fixture_same("SELECT count(*) FROM such_market.token_traits", traits);
	fixture_same("SELECT such_market.derive_traits(contract_address)"
		     " + such_market.derive_rarity(contract_address)"
		     " FROM such_market.collections",
		     "0");
	forget_all();
	o.nfts = NULL;
	fixture_imported(&o);
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id, attributes)"
		    " SELECT contract_address, n, '[{\"traitType\":\"Hat\",\"value\":\"Old\"}]'"
		    " FROM such_market.collections, generate_series(0, 250) AS n;"
		    "SELECT such_market.derive_traits(contract_address)"
		    " FROM such_market.collections");
	o.nfts = fixture_path("random.jsonl");
	fixture_imported(&o);
	ck_assert_str_eq(fixture_digest(), expected);
}

START_TEST(new_collections_are_as_known_ones)
{
	for (unsigned seed = 1; seed <= 6; seed++)
		new_is_as_known(seed, seed % 2);
}
END_TEST

/* Writes tokens of a collection just before its first chunk is merged. */
static void write_first(void *ctx, const struct import_progress *progress)
{
	bool *done = ctx;
	if (*done || strcmp(progress->what, "merging tokens") != 0)
		return;
	*done = true;
	live_pg_sql("INSERT INTO such_market.nfts (contract_address, token_id, attributes, "
		    "metadata)"
		    " SELECT contract_address, n, "
		    "'[{\"traitType\":\"T1\",\"value\":\"theirs\"}]', '{}'"
		    " FROM such_market.collections, (VALUES (3), (999)) AS v (n);"
		    "SELECT such_market.derive_token_traits(contract_address, '{3,999}')"
		    " FROM such_market.collections");
}

START_TEST(another_writer_was_quicker)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };
	struct import_options o = { .collection = fixture_meta(C1, "ERC721"),
				    .nfts = random_tokens("random.jsonl", 7, true) };
	struct import_summary s;
	struct arena *arena = arena_new(4096);
	bool done = false;
	forget_all();
	struct pg *pg = pg_new(&options, live_pg_url());
	ck_assert_int_eq(import_run(pg, arena, &o, write_first, &done, &s), RC_OK);
	pg_free(pg);
	arena_free(arena);
	ck_assert(done);
	fixture_same(
		"SELECT string_agg(name, ' ') FROM such_market.nfts WHERE token_id IN (3, 999)"
		" AND attributes::text NOT LIKE '%theirs%'",
		"n1");
	fixture_same("SELECT count(*) || ' ' || min(rarity_rank) FROM such_market.nfts",
		     "301 1");
	fixture_same("SELECT such_market.derive_traits(contract_address)"
		     " + such_market.derive_rarity(contract_address)"
		     " FROM such_market.collections",
		     "0");
}
END_TEST

static bool is_query(const char *text)
{
	return strncmp(text, "SELECT", 6) == 0 || strncmp(text, "INSERT", 6) == 0 ||
	       strncmp(text, "UPDATE", 6) == 0 || strncmp(text, "DELETE", 6) == 0;
}

/* Also those that only run when another writer was quicker. */
START_TEST(every_statement_prepares)
{
	static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };
	static const enum import_sql first[] = {
		SQL_import_session,    SQL_import_begin,      SQL_import_nft_begin,
		SQL_import_rank_begin, SQL_import_fill_begin, SQL_import_ahead_begin
	};
	struct pg *pg = pg_new(&options, live_pg_url());
	char sql[8192];
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		SCOPED(pg_result_done)
		struct pg_result r = pg_exec(pg, import_sql_text(first[i]));
		ck_assert_msg(r.rc == RC_OK, "%s", pg_error(pg));
	}
	for (int i = 0; i < SQL_COUNT; i++) {
		if (!is_query(import_sql_text(i)))
			continue;
		snprintf(sql, sizeof(sql), "PREPARE p%d AS %s", i, import_sql_text(i));
		SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, sql);
		ck_assert_msg(r.rc == RC_OK, "%s: %s", import_sql_name(i), pg_error(pg));
	}
	pg_free(pg);
}
END_TEST

/* The answer of --json, and the list for people. */
START_TEST(summaries)
{
	char *text = NULL;
	size_t len = 0;
	struct import_reject rejects[] = { { "f", 3, "bad \033[1m" } };
	struct import_summary s = {
		.rejects = rejects, .reject_count = 1, .rejected = 2, .error = "e"
	};
	FILE *out = open_memstream(&text, &len);
	import_summary_write(&s, true, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "{\"ok\":false,\"error\":\"e\","));
	ck_assert_ptr_nonnull(strstr(text, "\"rejects\":[{\"file\":\"f\",\"line\":3,"));
	free(text);
	out = open_memstream(&text, &len);
	import_summary_write(&s, false, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "f:3: bad ?[1m\n… and 1 more\n"));
	free(text);
}
END_TEST

static bool told_as_changed(const struct import_summary *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	import_summary_write(s, true, out);
	fclose(out);
	bool changed = strstr(text, "\"changedAnything\":true") != NULL;
	free(text);
	return changed;
}

START_TEST(nothing_changed_is_told)
{
	ck_assert(!told_as_changed(&(struct import_summary){ .merging = true }));
	ck_assert(told_as_changed(
		&(struct import_summary){ .merging = true, .of[IMPORT_OWNERS].removed = 1 }));
	ck_assert(told_as_changed(&(struct import_summary){ .merging = true, .error = "e" }));
	ck_assert(!told_as_changed(&(struct import_summary){ .error = "e" }));
}
END_TEST

SUITE_WITH(fixture_start, fixture_done, 300, tokens_traits_and_ranks, again_writes_nothing,
	   a_change_moves_traits_and_other_ranks, a_snapshot_replaces_owners,
	   transfers_are_history_only, transfers_of_one_transaction, users_are_upserted,
	   a_bad_line_changes_nothing, a_holder_listed_twice, refused_as_a_whole,
	   a_collection_of_another_chain, meta_keeps_what_it_does_not_say, killed_in_the_middle,
	   new_collections_are_as_known_ones, another_writer_was_quicker,
	   every_statement_prepares, summaries, nothing_changed_is_told)
