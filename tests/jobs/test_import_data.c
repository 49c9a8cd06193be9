/*
 * Real data, where it is: $SHARED_DATA, or ../shared/data beside the source tree.  Every file
 * goes in and reads back as it was.  Without the data the test is skipped.
 */
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/gz.h"
#include "base/jsonin.h"
#include "import_fixture.h"
#include "jobs/import_file.h"
#include "lib/live_pg.h"

static const char *data_dir;

static const char *data(const char *name)
{
	static struct arena *names;
	if (!names)
		names = arena_new(4096);
	return arena_printf(names, "%s/%s", data_dir, name).ptr;
}

/* The line of collections.jsonl that describes slug, as a file. */
static const char *meta(const char *slug)
{
	char *lines = NULL, *found = NULL, name[64], want[64];
	size_t cap = 0;
	FILE *f = fopen(data("collections.jsonl"), "r");
	ck_assert_ptr_nonnull(f);
	snprintf(want, sizeof(want), "\"slug\": \"%s\"", slug);
	while (!found && getline(&lines, &cap, f) > 0)
		found = strstr(lines, want) ? lines : NULL;
	fclose(f);
	ck_assert_msg(found != NULL, "%s", slug);
	snprintf(name, sizeof(name), "meta-%s.json", slug);
	const char *path = fixture_file(name, found);
	free(lines);
	return path;
}

/* Each line of a file is some token's metadata, byte for byte. */
static void reads_back(const char *file, const char *where)
{
	struct import_file f;
	struct str record;
	char sql[256];
	uint64_t n = 0, sum = 0;
	ck_assert_int_eq(import_file_open(&f, file, false, 4 << 20), RC_OK);
	while (import_file_next(&f, &record) == IMPORT_FILE_RECORD) {
		n++;
		sum += record.len;
	}
	import_file_close(&f);
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) || ' ' || sum(octet_length(metadata::text)) FROM "
		 "such_market.nfts"
		 " WHERE metadata IS NOT NULL AND %s",
		 where);
	char expected[64];
	snprintf(expected, sizeof(expected), "%llu %llu", (unsigned long long)n,
		 (unsigned long long)sum);
	fixture_same(sql, expected);
}

static void import_slug(const char *slug, const char *owners, const char *transfers,
			bool any_chain)
{
	char nfts[128];
	snprintf(nfts, sizeof(nfts), "nfts-%s.jsonl.gz", slug);
	struct import_options o = {
		.collection = meta(slug),
		.nfts = access(data(nfts), R_OK) == 0 ? data(nfts) : NULL,
		.owners = owners ? data(owners) : NULL,
		.transfers = transfers ? data(transfers) : NULL,
		.any_chain = any_chain,
	};
	fixture_imported(&o);
}

START_TEST(punks)
{
	import_slug("cryptopunks", NULL, "transfers-cryptopunks-sales-2017-2022.csv.gz", false);
	reads_back(data("nfts-cryptopunks.jsonl.gz"), "true");
	fixture_same("SELECT token_type FROM such_market.collections", "CRYPTOPUNKS");
	fixture_same("SELECT transfer_count FROM such_market.collection_stats", "17826");
	fixture_same("SELECT attributes -> 0 FROM such_market.nfts WHERE token_id = 0",
		     "{\"value\": \"Human\", \"traitType\": \"Type\", \"displayType\": null}");
	fixture_same("SELECT token_count FROM such_market.collection_traits"
		     " WHERE trait_type = 'Type' AND value = 'Alien'",
		     "9");
}
END_TEST

START_TEST(real_traits_and_owners)
{
	live_pg_sql("DELETE FROM such_market.collections");
	import_slug("cryptodickbutts-s3", "owners-cryptodickbutts-s3@2024-11-01.csv.gz", NULL,
		    false);
	reads_back(data("nfts-cryptodickbutts-s3.jsonl.gz"), "true");
	fixture_same("SELECT concat_ws(' ', token_count, owner_count, balance)"
		     " FROM such_market.collection_stats",
		     "5200 1900 5200");
	/* Fourteen one-of-ones share the first rank; computed apart from this program. */
	fixture_same("SELECT count(*) || ' ' || max(rarity_score) FROM such_market.nfts"
		     " WHERE rarity_rank = 1",
		     "14 4.219308108");
}
END_TEST

START_TEST(ids_of_256_bits)
{
	live_pg_sql("DELETE FROM such_market.collections");
	import_slug("ens-prepunk10k", NULL, NULL, false);
	reads_back(data("nfts-ens-prepunk10k.jsonl.gz"), "true");
	import_slug("ens-emoji", NULL, NULL, false);
	fixture_same("SELECT count(*) FROM such_market.nfts WHERE token_id ="
		     " (metadata ->> 'tokenId')::numeric",
		     "14590");
	fixture_same("SELECT name FROM such_market.nfts WHERE token_id = "
		     "3032177410657013556330167942"
		     "7530545279478552369952754288579126058686283711557",
		     "0⃣0⃣0⃣.eth");
}
END_TEST

START_TEST(snapshots_of_an_erc1155)
{
	live_pg_sql("DELETE FROM such_market.collections");
	import_slug("the-memes-6529", "owners-the-memes-6529@15036969.csv.gz", NULL, false);
	fixture_same("SELECT count(*) FROM such_market.nft_ownership", "2347");
	import_slug("the-memes-6529", "owners-the-memes-6529@16575369.csv.gz", NULL, false);
	fixture_same("SELECT count(*) FROM such_market.nft_ownership", "41534");
	fixture_same(
		"SELECT string_agg(concat_ws(':', token_id, s), ' ' ORDER BY token_id) FROM"
		" (SELECT token_id, sum(balance) AS s FROM such_market.nft_ownership"
		" WHERE token_id IN (1, 2, 8) GROUP BY token_id) AS t",
		"1:1000 2:1000 8:3941");
	fixture_same("SELECT count(*) FROM such_market.user_collections AS u FULL JOIN"
		     " (SELECT owner_address, count(*) AS n, sum(balance) AS b"
		     "  FROM such_market.nft_ownership GROUP BY owner_address) AS o"
		     " ON o.owner_address = u.user_address"
		     " WHERE (o.n, o.b) IS DISTINCT FROM (u.token_count, u.balance)",
		     "0");
}
END_TEST

START_TEST(nasty_tokens)
{
	live_pg_sql("DELETE FROM such_market.collections");
	struct import_options o = { .nfts = data("nfts-nasty.jsonl.gz") };
	fixture_imported(&o);
	reads_back(o.nfts, "true");
	fixture_same("SELECT count(*) FROM such_market.collections", "66");
	fixture_same("SELECT count(*) FROM such_market.nfts WHERE image_url IS DISTINCT FROM"
		     " metadata ->> 'image'",
		     "0");
	fixture_same("SELECT count(*) FROM such_market.nfts WHERE name IS DISTINCT FROM"
		     " metadata ->> 'name'",
		     "0");
}
END_TEST

START_TEST(the_others)
{
	live_pg_sql("DELETE FROM such_market.collections");
	import_slug("loot", NULL, NULL, false);
	import_slug("rumas", "owners-rumas@18360406.csv.gz", NULL, false);
	import_slug("cryptokitties-first10k", NULL, NULL, false);
	import_slug("mooncatrescue-2017", "owners-mooncatrescue@4165221.csv.gz",
		    "transfers-mooncatrescue-2017.csv.gz", false);
	import_slug("poap-devcon6", "owners-poap-devcon6@2022-10.csv.gz", NULL, true);
	fixture_same("SELECT string_agg(concat_ws(':', c.token_type, token_count, balance), ' '"
		     " ORDER BY token_count) FROM such_market.collection_stats"
		     " JOIN such_market.collections AS c USING (contract_address)",
		     "ERC721:545:538 UNKNOWN:1468:1468 ERC721:8000:0 ERC721:9648:0 "
		     "ERC721:18746:18740");
	fixture_same("SELECT count(*) FROM such_market.transfers", "1501");
}
END_TEST

static void add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, fixture_start, fixture_done);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, punks);
	tcase_add_test(tc, real_traits_and_owners);
	tcase_add_test(tc, ids_of_256_bits);
	tcase_add_test(tc, snapshots_of_an_erc1155);
	tcase_add_test(tc, nasty_tokens);
	tcase_add_test(tc, the_others);
}

static int run(void)
{
	Suite *s = suite_create(__FILE__);
	TCase *tc = tcase_create("all");
	add(tc);
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
	static char beside[4096];
	const char *top = getenv("top_srcdir");

	snprintf(beside, sizeof(beside), "%s/../shared/data", top ? top : ".");
	data_dir = getenv("SHARED_DATA");
	if (!data_dir)
		data_dir = beside;
	if (access(data("collections.jsonl"), R_OK) != 0) {
		puts("no real data here");
		return 77;
	}
	return run();
}
