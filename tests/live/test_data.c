/* The real collections beside the source tree (../shared/data), when they are there: everything
 * imports, and reads back exactly.  Expected values are counted from the files here and now. */
#include <stdio.h>
#include <zlib.h>
#include "base/arena.h"
#include "base/jsonin.h"
#include "lib/http.h"
#include "lib/stack.h"
#include "suite.h"

#define PUNKS "/api/collection/0xb47e3cd837ddf8e4c57f05d70ab865de6e193bbb"
#define ENS   "/api/collection/0x57f1887a8bf19b14fc0df6fd9b2acc9af147ea85"
#define MEMES "/api/collection/0x33fd426905f149f8376e227d0c9d3340aad17af1"
#define POAP  "/api/collection/0x22c1f6050e56d2876009903609a2cc3fef83b415"

static const struct {
	const char *slug, *nfts, *owners, *transfers;
	bool other_chain;
} sets[] = {
	{ "cryptopunks", "nfts-cryptopunks", NULL, "transfers-cryptopunks-sales-2017-2022",
	  false },
	{ "loot", "nfts-loot", NULL, NULL, false },
	{ "cryptodickbutts-s3", "nfts-cryptodickbutts-s3",
	  "owners-cryptodickbutts-s3@2024-11-01", NULL, false },
	{ "rumas", "nfts-rumas", "owners-rumas@18360406", NULL, false },
	{ "ens-prepunk10k", "nfts-ens-prepunk10k", NULL, NULL, false },
	{ "ens-emoji", "nfts-ens-emoji", NULL, NULL, false },
	{ "poap-devcon6", "nfts-poap-devcon6", "owners-poap-devcon6@2022-10", NULL, true },
	{ "cryptokitties-first10k", "nfts-cryptokitties-first10k", NULL, NULL, false },
	{ "mooncatrescue-2017", "nfts-mooncatrescue-2017", "owners-mooncatrescue@4165221",
	  "transfers-mooncatrescue-2017", false },
	{ "the-memes-6529", NULL, "owners-the-memes-6529@15036969", NULL, false },
	{ "the-memes-6529", NULL, "owners-the-memes-6529@16575369", NULL, false },
};

typedef void each_line(struct http *http, struct json_object *line, const char *text, int n);

/* Calls fn for every line of a compressed file; the number of lines. */
static int lines_of(struct http *http, const char *name, each_line *fn)
{
	static char text[1 << 20];
	gzFile in = gzopen(stack_data(name), "rb");
	struct arena *arena = arena_new(1 << 20);
	struct json_object *line = NULL;
	const char *error;
	int n = 0;

	ck_assert_ptr_nonnull(in);
	while (gzgets(in, text, sizeof(text))) {
		if (text[0] == '{' &&
		    jsonin_parse(arena, str_trim(str_of(text)), 64, &line, &error) != RC_OK)
			ck_abort_msg("%s: %s", name, error);
		text[strcspn(text, "\r\n")] = '\0';
		fn(http, line, text, n++);
		arena_reset(arena);
	}
	gzclose(in);
	arena_free(arena);
	return n;
}

/* The line of collections.jsonl as a file. */
static void meta_option(char ret[600], const char *slug)
{
	static char line[4096];
	char wanted[64];
	FILE *in = fopen(stack_data("collections.jsonl"), "re");

	snprintf(wanted, sizeof(wanted), "\"slug\": \"%s\"", slug);
	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in))
		if (strstr(line, wanted))
			break;
	fclose(in);
	snprintf(ret, 600, "--collection=%s", stack_file("meta.json", line));
}

static void data_option(char ret[600], const char *option, const char *name, const char *suffix)
{
	char file[128];

	snprintf(file, sizeof(file), "%s%s", name, suffix);
	ck_assert_msg(stack_data(file), "%s is missing", file);
	snprintf(ret, 600, "--%s=%s", option, stack_data(file));
}

static void import_set(size_t i)
{
	char option[4][600];
	const char *args[8] = { "import", "--json", option[0] };
	int n = 3, o = 1;

	meta_option(option[0], sets[i].slug);
	if (sets[i].nfts) {
		data_option(option[o], "nfts", sets[i].nfts, ".jsonl.gz");
		args[n++] = option[o++];
	}
	if (sets[i].owners) {
		data_option(option[o], "owners", sets[i].owners, ".csv.gz");
		args[n++] = option[o++];
	}
	if (sets[i].transfers) {
		data_option(option[o], "transfers", sets[i].transfers, ".csv.gz");
		args[n++] = option[o++];
	}
	if (sets[i].other_chain) {
		ck_assert_msg(stack_run(args) != 0, "another chain's collection was taken");
		args[n++] = "--any-chain";
	}
	ck_assert_msg(stack_run(args) == 0, "%s: %s", sets[i].slug, stack_output());
}

static void start(void)
{
	char nasty[600];

	if (!stack_data("collections.jsonl")) {
		puts("SKIP: ../shared/data is not there");
		exit(77);
	}
	stack_start();
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		import_set(i);
	data_option(nasty, "nfts", "nfts-nasty", ".jsonl.gz");
	ck_assert_msg(STACK_RUN("import", "--json", nasty) == 0, "%s", stack_output());
}

static void same_text(struct http *http, struct json_object *line, const char *key,
		      const char *at)
{
	struct str want = jsonin_str(jsonin_get(line, key));
	struct str have = jsonin_str(http_at(http, at));

	ck_assert_msg(str_eq(want, have), "%s: '%.*s' is '%.*s'", at, (int)want.len, want.ptr,
		      (int)have.len, have.ptr);
}

/* Traits as answered are those of the file, in order. */
static void same_traits(struct http *http, struct json_object *line)
{
	struct json_object *traits = jsonin_get(line, "attributes");
	char at[64];

	ck_assert_uint_eq(http_count(http, "attributes"), jsonin_count(traits));
	for (size_t i = 0; i < jsonin_count(traits); i++) {
		snprintf(at, sizeof(at), "attributes.%zu.traitType", i);
		same_text(http, jsonin_at(traits, i), "trait_type", at);
		snprintf(at, sizeof(at), "attributes.%zu.value", i);
		struct str want = jsonin_text(jsonin_get(jsonin_at(traits, i), "value"));
		struct str have = jsonin_text(http_at(http, at));
		ck_assert_msg(str_eq(want, have), "%.*s is %.*s", STR_ARG(want), STR_ARG(have));
	}
}

static void punk_reads_back(struct http *http, struct json_object *line, const char *text,
			    int n)
{
	(void)text;
	if (n % 50)
		return;
	ck_assert_int_eq(http_getf(http, PUNKS "/nfts/%d", n), 200);
	same_text(http, line, "tokenId", "tokenId");
	same_text(http, line, "name", "name");
	same_text(http, line, "image", "imageUrl");
	same_traits(http, line);
}

START_TEST(test_cryptopunks)
{
	struct http *http = stack_http();

	ck_assert_int_eq(lines_of(http, "nfts-cryptopunks.jsonl.gz", punk_reads_back), 10000);
	ck_assert_int_eq(http_get(http, PUNKS), 200);
	ck_assert_str_eq(http_text(http, "tokenType"), "CRYPTOPUNKS");
	ck_assert_str_eq(http_text(http, "totalSupply"), "10000");
	ck_assert_int_eq(http_get(http, PUNKS "/stats"), 200);
	ck_assert_int_eq(http_num(http, "nftCount"), 10000);
	ck_assert_int_eq(http_num(http, "transferCount"), 17826);
	ck_assert_int_eq(http_get(http, PUNKS "/nfts?attributes[Type]=Alien"), 200);
	ck_assert_int_eq(http_num(http, "total"), 9);
	ck_assert_int_eq(
		http_get(http, PUNKS "/nfts?attributes[Type]=Alien&attributes[Type]=Ape"), 200);
	ck_assert_int_eq(http_num(http, "total"), 33);
	ck_assert_int_eq(http_get(http, PUNKS "/transfers?limit=1"), 200);
	ck_assert(http_null(http, "transfers.0.transactionHash"));
	http_free(http);
}
END_TEST

static void ens_reads_back(struct http *http, struct json_object *line, const char *text, int n)
{
	struct str id = jsonin_str(jsonin_get(line, "tokenId"));

	(void)text;
	if (n % 97)
		return;
	ck_assert_int_eq(http_getf(http, ENS "/nfts/" STR_FMT, STR_ARG(id)), 200);
	same_text(http, line, "tokenId", "tokenId");
	same_text(http, line, "name", "name");
}

START_TEST(test_ens_ids)
{
	struct http *http = stack_http();

	lines_of(http, "nfts-ens-prepunk10k.jsonl.gz", ens_reads_back);
	lines_of(http, "nfts-ens-emoji.jsonl.gz", ens_reads_back);
	http_free(http);
}
END_TEST

/* Numeric order over ids of up to 78 digits. */
START_TEST(test_ens_order)
{
	struct http *http = stack_http();
	char last[100] = "", at[48];

	ck_assert_int_eq(http_get(http, ENS "/nfts?pageSize=100"), 200);
	for (int i = 0; i < 100; i++) {
		snprintf(at, sizeof(at), "nfts.%d.tokenId", i);
		const char *id = http_text(http, at);
		ck_assert_msg(strlen(id) > strlen(last) ||
				      (strlen(id) == strlen(last) && strcmp(id, last) > 0),
			      "%s after %s", id, last);
		snprintf(last, sizeof(last), "%s", id);
	}
	http_free(http);
}
END_TEST

/* Every holder of meme 5, with its balance, and nobody else. */
static int memes_left;

static void meme_holder(struct http *http, struct json_object *line, const char *text, int n)
{
	char id[16], owner[64], balance[32];

	(void)line;
	if (!n)
		return;
	ck_assert_int_eq(sscanf(text, "%15[^,],%63[^,],%31s", id, owner, balance), 3);
	if (strcmp(id, "5") != 0)
		return;
	memes_left++;
	ck_assert_int_eq(http_getf(http, MEMES "/nfts?pageSize=100&owner=%s", owner), 200);
	ck_assert_int_eq(
		http_getf(http, MEMES "/nfts/owned?pageSize=100&userAddress=%s", owner), 200);
	for (size_t i = 0; i < http_count(http, "nfts"); i++) {
		char at[48];
		snprintf(at, sizeof(at), "nfts.%zu.tokenId", i);
		if (strcmp(http_text(http, at), "5") != 0)
			continue;
		snprintf(at, sizeof(at), "nfts.%zu.balance", i);
		ck_assert_str_eq(http_text(http, at), balance);
		return;
	}
	ck_abort_msg("%s does not hold meme 5", owner);
}

START_TEST(test_memes_holders)
{
	struct http *http = stack_http();

	lines_of(http, "owners-the-memes-6529@16575369.csv.gz", meme_holder);
	ck_assert_int_gt(memes_left, 100);
	ck_assert_int_eq(http_get(http, MEMES "/nfts/5/owner"), 200);
	ck_assert_int_eq(http_num(http, "ownerCount"), memes_left);
	ck_assert(http_null(http, "owner"));
	ck_assert_uint_eq(http_count(http, "owners"), memes_left < 100 ? memes_left : 100);
	ck_assert_int_eq(http_get(http, MEMES), 200);
	ck_assert_str_eq(http_text(http, "tokenType"), "ERC1155");
	http_free(http);
}
END_TEST

static void nasty_reads_back(struct http *http, struct json_object *line, const char *text,
			     int n)
{
	struct str contract = jsonin_str(jsonin_get(line, "contract"));
	struct str id = jsonin_str(jsonin_get(line, "tokenId"));

	(void)text;
	(void)n;
	ck_assert_int_eq(http_getf(http, "/api/collection/" STR_FMT "/nfts/" STR_FMT,
				   STR_ARG(contract), STR_ARG(id)),
			 200);
	same_text(http, line, "tokenId", "tokenId");
	same_text(http, line, "name", "name");
	same_text(http, line, "description", "description");
	same_text(http, line, "image", "imageUrl");
	same_traits(http, line);
}

START_TEST(test_nasty)
{
	struct http *http = stack_http();

	ck_assert_int_eq(lines_of(http, "nfts-nasty.jsonl.gz", nasty_reads_back), 156);
	http_free(http);
}
END_TEST

START_TEST(test_burned)
{
	struct http *http = stack_http();

	ck_assert_int_eq(http_get(http, POAP "/nfts/5685504/owner"), 200);
	ck_assert_int_eq(http_num(http, "ownerCount"), 0);
	ck_assert_int_eq(http_get(http, POAP "/stats"), 200);
	ck_assert_int_eq(http_num(http, "ownerCount"), 2196);
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 300, test_cryptopunks, test_ens_ids, test_ens_order,
	   test_memes_holders, test_nasty, test_burned)
