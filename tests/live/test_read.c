/* Every read route, from files on disk to the answer at nginx. */
#include <stdio.h>
#include "base/jsonin.h"
#include "base/scope.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/stack.h"
#include "suite.h"

#define C721  "/api/collection/" FIXTURE_721
#define C1155 "/api/collection/" FIXTURE_1155

static struct http *http;

static void start(void)
{
	stack_start();
	fixture_import();
}

static void get(const char *path)
{
	if (!http)
		http = stack_http();
	ck_assert_msg(http_get(http, path) == 200, "%s: %d %.*s", path, http->status,
		      (int)http->body.len, http->body.ptr);
}

/* All keys are there, be they null; space-separated. */
static void has(const char *at, const char *keys)
{
	struct str rest = str_of(keys);
	struct json_object *node = http_at(http, at);

	while (rest.len) {
		struct str key = str_cut(&rest, ' ');
		char name[64];
		snprintf(name, sizeof(name), STR_FMT, STR_ARG(key));
		ck_assert_msg(jsonin_has(node, name), "%s.%s is missing in %.*s", at, name,
			      (int)http->body.len, http->body.ptr);
	}
}

#define text_is(at, want)  ck_assert_pstr_eq(http_text(http, at), want)
#define num_is(at, want)   ck_assert_int_eq(http_num(http, at), want)
#define count_is(at, want) ck_assert_uint_eq(http_count(http, at), want)

static const char collection_keys[] =
	"id contractAddress name symbol tokenType totalSupply verified description imageUrl "
	"bannerImageUrl externalUrl deployer deployedBlock lastRefreshAt refreshCooldownUntil "
	"createdAt updatedAt";
static const char nft_keys[] = "contractAddress tokenId name description imageUrl thumbnailUrl "
			       "animationUrl externalUrl "
			       "tokenUri attributes rarity owner ownerCount updatedAt";
static const char transfer_keys[] = "contractAddress tokenId from to quantity transactionHash "
				    "logIndex batchIndex blockNumber blockTime";

START_TEST(test_collection)
{
	get("/api/collection/0X00000000000000000000000000000000000000F1");
	has("", collection_keys);
	text_is("contractAddress", FIXTURE_721);
	text_is("name", "Fixture");
	text_is("symbol", "FIX");
	text_is("tokenType", "ERC721");
	text_is("totalSupply", "250");
	ck_assert(http_null(http, "deployer"));
}
END_TEST

START_TEST(test_collections)
{
	get("/api/collections");
	count_is("collections", 2);
	has("collections.0", collection_keys);
	text_is("collections.0.name", "Fixture");
	ck_assert(http_null(http, "nextCursor"));
	get("/api/collections?sort=tokenCount&order=asc&limit=1");
	text_is("collections.0.name", "Stacks");
	ck_assert_ptr_nonnull(http_text(http, "nextCursor"));
	get("/api/collections?search=fixt");
	count_is("collections", 1);
	get("/api/collections?search=nothing-like-it");
	count_is("collections", 0);
}
END_TEST

START_TEST(test_nfts)
{
	get(C721 "/nfts");
	has("", "nfts page pageSize total totalPages nextCursor");
	count_is("nfts", 20);
	num_is("page", 0);
	num_is("pageSize", 20);
	num_is("total", 250);
	num_is("totalPages", 13);
	has("nfts.0", nft_keys);
	text_is("nfts.2.tokenId", "2"); /* numeric order */
	text_is("nfts.10.tokenId", "10");
	get(C721 "/nfts?page=12");
	count_is("nfts", 10);
	ck_assert(http_null(http, "nextCursor"));
	get(C721 "/nfts?order=desc&pageSize=1");
	text_is("nfts.0.tokenId", "249");
}
END_TEST

START_TEST(test_filters)
{
	get(C721 "/nfts?attributes%5BFur%5D=fur%201&attributes[Fur]=fur+2");
	num_is("total", 100);
	get(C721 "/nfts?attributes[Fur]=fur+1&attributes[Hat]=hat");
	num_is("total", 25);
	text_is("nfts.0.tokenId", "1");
	text_is("nfts.1.tokenId", "11");
	get(C721 "/nfts?attributes[Fur]=none&attributes[Hat]=hat");
	num_is("total", 0);
	count_is("nfts", 0);
	get(C721 "/nfts?search=Fixture+%23249");
	text_is("nfts.0.tokenId", "249");
	get(C721 "/nfts?pageSize=100&owner=0x0000000000000000000000000000000000abc000");
	num_is("total", 36);
	for (size_t i = 0; i < http_count(http, "nfts"); i++) {
		char at[32];
		snprintf(at, sizeof(at), "nfts.%zu.owner", i);
		text_is(at, fixture_holder(0));
	}
}
END_TEST

START_TEST(test_nft)
{
	get(C721 "/nfts/0x7");
	has("", nft_keys);
	text_is("tokenId", "7");
	text_is("name", "Fixture #7");
	text_is("imageUrl", "https://example.org/7.png");
	text_is("owner", fixture_holder(0));
	num_is("ownerCount", 1);
	num_is("metadata.extra.n", 7);
	count_is("attributes", 3);
	text_is("attributes.0.traitType", "Fur");
	text_is("attributes.0.value", "fur 2");
	ck_assert(http_null(http, "attributes.0.displayType"));
	num_is("attributes.1.value", 7);
	text_is("attributes.1.displayType", "number");
	ck_assert_int_ge(http_num(http, "rarity.rank"), 1);
}
END_TEST

START_TEST(test_owner)
{
	get(C721 "/nfts/8/owner");
	has("", "contractAddress tokenId owner ownerCount owners lastVerifiedAt");
	text_is("owner", fixture_holder(1));
	text_is("owners.0.balance", "1");
	get(C721 "/nfts/249/owner");
	ck_assert(http_null(http, "owner"));
	num_is("ownerCount", 0);
	count_is("owners", 0);
	get(C1155 "/nfts/1/owner");
	ck_assert(http_null(http, "owner"));
	num_is("ownerCount", 2);
	text_is("owners.0.address", fixture_holder(0));
	text_is("owners.0.balance", "5");
	text_is("owners.1.balance", FIXTURE_2_255);
}
END_TEST

START_TEST(test_owned)
{
	get(C1155 "/nfts/owned?userAddress=0x0000000000000000000000000000000000ABC001");
	count_is("nfts", 2);
	has("nfts.0", "balance tokenId attributes");
	text_is("nfts.0.balance", FIXTURE_2_255);
	text_is("nfts.1.balance", "1");
	get(C1155 "/nfts/owned?userAddress=0x0000000000000000000000000000000000abc005");
	count_is("nfts", 0);
}
END_TEST

START_TEST(test_transfers)
{
	get(C721 "/nfts/0/transfers");
	count_is("transfers", 2);
	has("transfers.0", transfer_keys);
	text_is("transfers.0.from", fixture_holder(3));
	text_is("transfers.0.to", fixture_holder(0));
	text_is("transfers.0.quantity", "1");
	text_is("transfers.0.blockTime", "2024-02-01T00:00:00.000Z");
	num_is("transfers.0.blockNumber", 5000);
	text_is("transfers.1.from", "0x0000000000000000000000000000000000000000");
	get(C721 "/transfers?limit=2");
	text_is("transfers.0.tokenId", "0");
	text_is("transfers.1.tokenId", "249");
	ck_assert_ptr_nonnull(http_text(http, "nextCursor"));
	get(C1155 "/transfers");
	count_is("transfers", 0);
}
END_TEST

START_TEST(test_traits)
{
	get(C721 "/traits");
	has("", "contractAddress total traits");
	for (size_t i = 0; i < http_count(http, "traits"); i++) {
		char at[64];
		snprintf(at, sizeof(at), "traits.%zu", i);
		has(at, "traitType kind valueCount values min max");
		snprintf(at, sizeof(at), "traits.%zu.traitType", i);
		if (strcmp(http_text(http, at), "Fur") != 0)
			continue;
		snprintf(at, sizeof(at), "traits.%zu.valueCount", i);
		num_is(at, 5);
		snprintf(at, sizeof(at), "traits.%zu.values.0.count", i);
		num_is(at, 50);
		snprintf(at, sizeof(at), "traits.%zu.kind", i);
		text_is(at, "string");
		return;
	}
	ck_abort_msg("no Fur in %.*s", (int)http->body.len, http->body.ptr);
}
END_TEST

START_TEST(test_owners)
{
	get(C721 "/owners");
	count_is("owners", 7);
	num_is("total", 7);
	has("owners.0", "address tokenCount balance share");
	num_is("owners.0.tokenCount", 36);
	text_is("owners.0.balance", "36");
	get(C1155 "/owners?limit=1");
	text_is("owners.0.address", fixture_holder(1));
	num_is("owners.0.tokenCount", 2);
	get(C721 "/owners/distribution");
	num_is("owners", 7);
	num_is("tokens", 250);
	count_is("distribution", 2); /* four hold 36, three hold 35 */
	num_is("distribution.0.tokenCount", 35);
	num_is("distribution.0.ownerCount", 3);
}
END_TEST

START_TEST(test_stats)
{
	get(C721 "/stats");
	num_is("nftCount", 250);
	num_is("ownerCount", 7);
	num_is("transferCount", 251);
	text_is("lastTransferAt", "2024-02-01T00:00:00.000Z");
	has("", "uniqueOwnerShare");
}
END_TEST

START_TEST(test_wallets)
{
	get("/api/wallets/0x0000000000000000000000000000000000abc001/collections");
	text_is("walletAddress", fixture_holder(1));
	count_is("collections", 2);
	num_is("total", 2);
	has("collections.0", "collection tokenCount balance lastOwnedAt");
	get("/api/wallets/0x0000000000000000000000000000000000abc001/"
	    "nfts?collection=" FIXTURE_1155);
	count_is("nfts", 2);
	has("nfts.0", nft_keys);
	get("/api/wallets/0x0000000000000000000000000000000000abc001/nfts");
	count_is("nfts", 20);
	ck_assert_ptr_nonnull(http_text(http, "nextCursor"));
	get("/api/wallets/0x00000000000000000000000000000000000000aa/collections");
	count_is("collections", 0);
}
END_TEST

START_TEST(test_users)
{
	get("/api/users/7");
	num_is("fid", 7);
	text_is("username", "seven");
	text_is("custodyAddress", fixture_holder(2));
	count_is("verifiedAddresses", 2);
	ck_assert(http_null(http, "pfpUrl"));
	get("/api/users/7/collections");
	count_is("collections", 2);
	get("/api/users/8/collections");
	count_is("collections", 0);
}
END_TEST

START_TEST(test_user_contracts)
{
	get("/api/nft-contracts/7/normalized");
	num_is("user.fid", 7);
	text_is("system", "normalized");
	count_is("wallets", 3);
	has("wallets.0", "walletAddress status message contracts totalCollectionsFound");
	text_is("wallets.0.status", "found");
	has("wallets.0.contracts.0",
	    "address name symbol tokenType totalBalance numDistinctTokensOwned");
	get("/api/nft-contracts/8/normalized");
	text_is("wallets.0.status", "none");
	get("/api/nft-contracts/7");
	ck_assert_ptr_nonnull(http_header(http, "Deprecation"));
	ck_assert_ptr_nonnull(strstr(http_header(http, "Link"), "successor-version"));
}
END_TEST

START_TEST(test_health)
{
	get("/health/live");
	get("/health/ready");
	get("/health");
	ck_assert_int_eq(jsonin_type(http->json), JSONIN_OBJECT);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_collection, test_collections, test_nfts, test_filters,
	   test_nft, test_owner, test_owned, test_transfers, test_traits, test_owners,
	   test_stats, test_wallets, test_users, test_user_contracts, test_health)
