/* Tokens: one, pages in every order, every filter and mixtures of them. */
#include "suite.h"
#include <stdio.h>
#include "base/arena.h"
#include "lib/live_pg.h"
#include "model/fixture.h"
#include "model/nft.h"
#include "net/pg.h"

static struct env *env;

static struct nft_query query_of(const char *contract)
{
	return (struct nft_query){ .contract = address_of(contract), .page = page_of(20, 0) };
}

static struct answer list(const struct nft_query *q)
{
	struct answer answer;

	ck_assert_msg(nft_page_read(env, q, &answer) == RC_OK, "%s", pg_error(env->pg));
	return answer;
}

/* Token ids of all pages by cursor, joined; the pages' totals must agree. */
static const char *all(struct nft_query q, int64_t limit, int *ret_pages)
{
	struct buf out;
	struct answer answer;
	int pages = 0;

	buf_init(&out, env->arena, BUF_NO_MAX);
	q.page = page_of(limit, 0);
	do {
		answer = list(&q);
		if (out.len)
			buf_addc(&out, ' ');
		buf_adds(&out, str_of(JOIN(env, &answer, "nfts", "tokenId")));
		pages++;
	} while (page_after(env, &answer, &q.page));
	buf_addc(&out, '\0');
	*ret_pages = pages;
	return out.ptr;
}

/* What a plain statement says: the truth to compare with. */
static const char *truth(const char *where, const char *order)
{
	struct str sql = arena_printf(
		env->arena,
		"SELECT coalesce(string_agg(n.token_id::text, ' ' ORDER BY %s), '')"
		" FROM such_market.nfts n WHERE n.contract_address ="
		" '\\x00000000000000000000000000000000000000aa' AND (%s)",
		order, where);
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql.ptr);

	ck_assert_msg(row.rc == RC_OK, "%s: %s", sql.ptr, pg_error(env->pg));
	return arena_strz(env->arena, pg_str(&row, 0, 0));
}

#define HAS(type, value)                                                                       \
	"n.attributes @> '[{\"traitType\": \"" type "\", \"value\": \"" value "\"}]'"
#define HELD(digit)                                                                            \
	"EXISTS (SELECT FROM such_market.nft_ownership o WHERE o.contract_address ="           \
	" n.contract_address AND o.token_id = n.token_id AND o.owner_address ="                \
	" '\\x100000000000000000000000000000000000000" digit "')"

static const struct {
	const char *truth;
	const char *owner, *search;
	struct nft_trait traits[4];
} filters[] = {
	{ "true", NULL, NULL, { { STR_NONE, STR_NONE } } },
	{ HAS("Hat", "h1"), NULL, NULL, { { STR("Hat"), STR("h1") } } },
	{ HAS("Hat", "h1") " OR " HAS("Hat", "h2"),
	  NULL,
	  NULL,
	  { { STR("Hat"), STR("h1") }, { STR("Hat"), STR("h2") } } },
	{ HAS("Hat", "h1") " AND " HAS("Eyes", "e2"),
	  NULL,
	  NULL,
	  { { STR("Hat"), STR("h1") }, { STR("Eyes"), STR("e2") } } },
	{ "(" HAS("Hat", "h1") " OR " HAS("Hat", "h3") ") AND " HAS("Eyes", "e0"),
	  NULL,
	  NULL,
	  { { STR("Hat"), STR("h1") },
	    { STR("Hat"), STR("h3") },
	    { STR("Eyes"), STR("e0") } } },
	{ "n.token_id % 10 = 7", NULL, NULL, { { STR("Level"), STR("7") } } },
	{ HELD("3"), WALLET "3", NULL, { { STR_NONE, STR_NONE } } },
	{ HELD("1") " AND " HAS("Hat", "h0"), WALLET "1", NULL, { { STR("Hat"), STR("h0") } } },
	{ "n.name ILIKE '%T #1%'", NULL, "T #1", { { STR_NONE, STR_NONE } } },
	{ "n.name ILIKE '%#1%'", NULL, "#1", { { STR_NONE, STR_NONE } } },
	{ "n.name ~ '#1'", NULL, "1", { { STR_NONE, STR_NONE } } },
	{ "n.name ILIKE '%cat #1%' AND " HAS("Eyes", "e1"),
	  NULL,
	  "cat #1",
	  { { STR("Eyes"), STR("e1") } } },
	{ "n.name ILIKE '%cat #1%' AND " HAS("Eyes", "e1") " AND " HELD("2"),
	  WALLET "2",
	  "cat #1",
	  { { STR("Eyes"), STR("e1") } } },
	{ "n.name ~ '#1' AND " HELD("2"), WALLET "2", "1", { { STR_NONE, STR_NONE } } },
	{ "false", NULL, "%", { { STR_NONE, STR_NONE } } },
	{ "false", NULL, "no such cat", { { STR_NONE, STR_NONE } } },
	{ "false", NULL, NULL, { { STR("Hat"), STR("unknown") } } },
	{ "false", NULL, NULL, { { STR("hat"), STR("h1") } } },
	{ "false", NULL, NULL, { { STR("Hat"), STR("h1") }, { STR("Eyes"), STR("zzz") } } },
	{ HAS("Hat", "h1"),
	  NULL,
	  NULL,
	  { { STR("Hat"), STR("h1") }, { STR("Hat"), STR("zz") } } },
	{ "false", NOWHERE, NULL, { { STR_NONE, STR_NONE } } },
};

static const struct {
	enum nft_sort sort;
	bool descending;
	const char *order;
} orders[] = {
	{ NFT_BY_TOKEN, false, "n.token_id" },
	{ NFT_BY_TOKEN, true, "n.token_id DESC" },
	{ NFT_BY_RARITY, false, "coalesce(n.rarity_rank, 2147483647), n.token_id" },
	{ NFT_BY_RARITY, true, "coalesce(n.rarity_rank, 2147483647) DESC, n.token_id DESC" },
	{ NFT_BY_UPDATED, false, "n.updated_at, n.token_id" },
	{ NFT_BY_UPDATED, true, "n.updated_at DESC, n.token_id DESC" },
};

static struct nft_query case_of(size_t f, size_t o, struct nft_trait traits[4])
{
	struct nft_query q = query_of(ALPHA);

	q.sort = orders[o].sort;
	q.descending = orders[o].descending;
	q.by_owner = filters[f].owner != NULL;
	if (q.by_owner)
		q.owner = address_of(filters[f].owner);
	q.search = str_of(filters[f].search);
	memcpy(traits, filters[f].traits, sizeof(filters[f].traits));
	while (q.trait_count < 4 && traits[q.trait_count].type.ptr)
		q.trait_count++;
	q.traits = traits;
	return q;
}

/* Each filter in each order: the pages of the cursor, joined, and the totals. */
START_TEST(test_filters_and_orders)
{
	env = new_env();
	for (size_t f = 0; f < COUNT_OF(filters); f++) {
		for (size_t o = 0; o < COUNT_OF(orders); o++) {
			struct nft_trait traits[4];
			struct nft_query q = case_of(f, o, traits);
			const char *want = truth(filters[f].truth, orders[o].order);
			int pages;
			const char *got = all(q, 7, &pages);
			struct answer answer = list(&q);
			int count = *want != '\0';

			for (const char *p = want; *p; p++)
				count += *p == ' ';
			ck_assert_msg(strcmp(got, want) == 0, "filter %zu order %zu:\n%s\n%s",
				      f, o, got, want);
			ck_assert_int_eq(pages, count ? (count + 6) / 7 : 1);
			ck_str(AT(env, &answer, "total"), page_int(env->arena, count).ptr);
			ck_str(AT(env, &answer, "totalIsExact"), "true");
		}
		arena_reset(env->arena);
	}
	free_env(env);
}
END_TEST

START_TEST(test_page_numbers)
{
	env = new_env();
	struct nft_query q = query_of(ALPHA);
	struct answer answer;

	q.page = page_of(50, 2);
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts.0.tokenId"), "\"101\"");
	ck_str(AT(env, &answer, "nfts.19.tokenId"), "\"120\"");
	ck_str(AT(env, &answer, "nfts.20"), "null");
	ck_str(AT(env, &answer, "page"), "2");
	ck_str(AT(env, &answer, "pageSize"), "50");
	ck_str(AT(env, &answer, "total"), "120");
	ck_str(AT(env, &answer, "totalPages"), "3");
	ck_str(AT(env, &answer, "nextCursor"), "null");
	q.page = page_of(60, 1);
	answer = list(&q);
	ck_str(AT(env, &answer, "nextCursor"), "null");
	q.page = page_of(50, 3);
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts"), "[]");
	ck_str(AT(env, &answer, "total"), "120");
	q.page = page_of(100, 99);
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts"), "[]");
	free_env(env);
}
END_TEST

START_TEST(test_shape)
{
	env = new_env();
	struct address contract = address_of(ALPHA);
	struct u256 token = { "7" };
	struct answer answer;

	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "contractAddress"), "\"" ALPHA "\"");
	ck_str(AT(env, &answer, "tokenId"), "\"7\"");
	ck_str(AT(env, &answer, "name"), "\"Cat #7\"");
	ck_str(AT(env, &answer, "thumbnailUrl"), "null");
	ck_str(AT(env, &answer, "attributes.0.traitType"), "\"Hat\"");
	ck_str(AT(env, &answer, "attributes.0.value"), "\"h3\"");
	ck_str(AT(env, &answer, "attributes.2.value"), "7");
	ck_str(AT(env, &answer, "attributes.2.displayType"), "\"number\"");
	ck_str(AT(env, &answer, "rarity.rank"), "7");
	ck_str(AT(env, &answer, "rarity.score"), "1.875");
	ck_str(AT(env, &answer, "owner"), "\"" WALLET "2\"");
	ck_str(AT(env, &answer, "ownerCount"), "1");
	ck_str(AT(env, &answer, "updatedAt"), "\"2023-11-14T22:13:27.000Z\"");
	ck_str(AT(env, &answer, "metadata.name"), "\"Cat #7\"");
	ck_assert_int_eq(answer.modified_us, EPOCH_US + 7000000);
	ck_assert_int_eq(answer.tier, TIER_HOT);
	token = (struct u256){ "5" };
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "owner"), "null");
	ck_str(AT(env, &answer, "ownerCount"), "0");
	token = (struct u256){ "6" };
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "owner"), "null");
	ck_str(AT(env, &answer, "ownerCount"), "2");
	token = (struct u256){ "120" };
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "rarity"), "{\"rank\":null,\"score\":null}");
	free_env(env);
}
END_TEST

START_TEST(test_missing)
{
	env = new_env();
	struct address contract = address_of(ALPHA);
	struct u256 token = { "121" };
	struct nft_query q = query_of(NOWHERE);
	struct answer answer;

	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_NOT_FOUND);
	ck_str(buf_str(&answer.body), "token");
	contract = address_of(NOWHERE);
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_NOT_FOUND);
	ck_str(buf_str(&answer.body), "collection");
	ck_assert_int_eq(nft_page_read(env, &q, &answer), RC_NOT_FOUND);
	ck_str(buf_str(&answer.body), "collection");
	q.search = STR("cat");
	ck_assert_int_eq(nft_page_read(env, &q, &answer), RC_NOT_FOUND);
	ck_str(buf_str(&answer.body), "collection");
	q = query_of(EMPTY);
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts"), "[]");
	ck_str(AT(env, &answer, "total"), "0");
	ck_str(AT(env, &answer, "totalPages"), "0");
	free_env(env);
}
END_TEST

START_TEST(test_weird_tokens)
{
	env = new_env();
	struct address contract = address_of(WEIRD);
	struct u256 token;
	struct nft_query q = query_of(WEIRD);
	struct nft_trait trait = { STR("a\"b,{c}"), STR("O'Neil \\ \U0001F980") };
	struct answer answer;
	int pages;

	ck_assert_int_eq(u256_read(STR(U256_MAX), &token), RC_OK);
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "tokenId"), "\"" U256_MAX "\"");
	ck_str(AT(env, &answer, "metadata"), "{}");
	ck_assert_str_eq(all(q, 1, &pages), "0 " U255 " " U256_MAX);
	ck_assert_int_eq(pages, 3);
	q.descending = true;
	ck_assert_str_eq(all(q, 2, &pages), U256_MAX " " U255 " 0");
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts.2.name"), "null");
	ck_str(AT(env, &answer, "nfts.1.name"),
	       "\"\u202Eevil\u202C \\\"quoted\\\" \\\\ back\\nline\"");
	q.traits = &trait;
	q.trait_count = 1;
	ck_assert_str_eq(all(q, 2, &pages), U255);
	q.trait_count = 0;
	q.search = STR("\U0001F980");
	ck_assert_str_eq(all(q, 2, &pages), U256_MAX);
	q.search = STR("\U0001F980\U0001F980\U0001F980");
	ck_assert_str_eq(all(q, 2, &pages), U256_MAX);
	q.search = STR("\\ back");
	ck_assert_str_eq(all(q, 2, &pages), U255);
	ck_assert_int_eq(u256_read(STR(U255), &token), RC_OK);
	ck_assert_int_eq(nft_read(env, &contract, &token, &answer), RC_OK);
	ck_str(AT(env, &answer, "metadata.a"), "[1,2]");
	free_env(env);
}
END_TEST

START_TEST(test_owned_has_balance)
{
	env = new_env();
	struct nft_query q = query_of(ALPHA);
	struct answer answer;

	q.by_owner = q.with_balance = true;
	q.owner = address_of(WALLET "2");
	q.page = page_of(3, 0);
	answer = list(&q);
	ck_assert_str_eq(JOIN(env, &answer, "nfts", "tokenId"), "2 6 7");
	ck_assert_str_eq(JOIN(env, &answer, "nfts", "balance"), "1 3 1");
	ck_str(AT(env, &answer, "total"), "25");
	q.sort = NFT_BY_RARITY;
	answer = list(&q);
	ck_assert_str_eq(JOIN(env, &answer, "nfts", "balance"), "1 3 1");
	q.with_balance = false;
	answer = list(&q);
	ck_str(AT(env, &answer, "nfts.0.balance"), "null");
	free_env(env);
}
END_TEST

/* Rows that come and go before the cursor neither repeat nor hide those after it. */
START_TEST(test_cursor_is_stable)
{
	env = new_env();
	live_pg_sql("INSERT INTO such_market.collections (contract_address) VALUES"
		    " ('\\x00000000000000000000000000000000000000dd');"
		    "INSERT INTO such_market.nfts (contract_address, token_id, rarity_rank)"
		    " SELECT '\\x00000000000000000000000000000000000000dd', n, n"
		    " FROM generate_series(10, 20) n");
	for (int sort = NFT_BY_TOKEN; sort <= NFT_BY_RARITY; sort++) {
		struct nft_query q = query_of("0x00000000000000000000000000000000000000dd");
		struct answer answer;

		q.sort = (enum nft_sort)sort;
		q.page = page_of(5, 0);
		answer = list(&q);
		ck_assert_str_eq(JOIN(env, &answer, "nfts", "tokenId"), "10 11 12 13 14");
		ck_assert(page_after(env, &answer, &q.page));
		live_pg_sql(
			"INSERT INTO such_market.nfts (contract_address, token_id, rarity_rank)"
			" VALUES ('\\x00000000000000000000000000000000000000dd', 1, 1);"
			"DELETE FROM such_market.nfts WHERE token_id = 14 AND contract_address"
			" = '\\x00000000000000000000000000000000000000dd'");
		answer = list(&q);
		ck_assert_str_eq(JOIN(env, &answer, "nfts", "tokenId"), "15 16 17 18 19");
		ck_str(AT(env, &answer, "page"), "null");
		live_pg_sql(
			"DELETE FROM such_market.nfts WHERE token_id = 1 AND contract_address"
			" = '\\x00000000000000000000000000000000000000dd';"
			"INSERT INTO such_market.nfts (contract_address, token_id, rarity_rank)"
			" VALUES ('\\x00000000000000000000000000000000000000dd', 14, 14)");
	}
	free_env(env);
}
END_TEST

START_TEST(test_scope_is_canonical)
{
	struct arena *arena = arena_new(4096);
	struct nft_trait a[] = { { STR("x"), STR("1") }, { STR("y"), STR("2") } };
	struct nft_trait b[] = { { STR("y"), STR("2") }, { STR("x"), STR("1") } };
	struct nft_trait c[] = { { STR("x"), STR("12") }, { STR("y"), STR("") } };
	struct nft_query q = query_of(ALPHA), other = q, apart = q;

	q.traits = a, q.trait_count = 2;
	other.traits = b, other.trait_count = 2;
	apart.traits = c, apart.trait_count = 2;
	ck_assert(str_eq(nft_scope(arena, &q), nft_scope(arena, &other)));
	ck_assert(!str_eq(nft_scope(arena, &q), nft_scope(arena, &apart)));
	other.page.limit = 99;
	ck_assert(str_eq(nft_scope(arena, &q), nft_scope(arena, &other)));
	other.descending = true;
	ck_assert(!str_eq(nft_scope(arena, &q), nft_scope(arena, &other)));
	other = q;
	other.search = STR("z");
	ck_assert(!str_eq(nft_scope(arena, &q), nft_scope(arena, &other)));
	other = q;
	other.with_balance = true;
	ck_assert(!str_eq(nft_scope(arena, &q), nft_scope(arena, &other)));
	arena_free(arena);
}
END_TEST

SUITE_WITH(world_start, world_done, 120, test_filters_and_orders, test_page_numbers, test_shape,
	   test_missing, test_weird_tokens, test_owned_has_balance, test_cursor_is_stable,
	   test_scope_is_canonical)
