/* Cursors: a walk over a whole list meets everything exactly once, in order, also while rows
 * come and go; cursors of other lists are refused. */
#include <stdio.h>
#include "base/arena.h"
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/live_pg.h"
#include "lib/stack.h"
#include "suite.h"

#define C721   "/api/collection/" FIXTURE_721
#define WALKED 400

static void start(void)
{
	stack_start();
	fixture_import();
}

struct walk {
	int count, pages;
	char *seen[WALKED];
};

static void meet(struct walk *walk, const char *what)
{
	ck_assert_ptr_nonnull(what);
	ck_assert_int_lt(walk->count, WALKED);
	for (int i = 0; i < walk->count; i++)
		ck_assert_msg(strcmp(walk->seen[i], what) != 0, "%s came twice", what);
	walk->seen[walk->count++] = mem_strdup(what);
}

/* path ends in ? or &; list and id are dotted places of the rows and what tells them apart. */
static struct walk walk_all(struct http *http, const char *path, const char *list,
			    const char *id)
{
	struct walk walk = { .count = 0 };
	char url[2048], at[128];
	const char *next = NULL;

	do {
		snprintf(url, sizeof(url), "%s%s%s", path, next ? "cursor=" : "",
			 next ? next : "");
		ck_assert_msg(http_get(http, url) == 200, "%s: %.*s", url, (int)http->body.len,
			      http->body.ptr);
		for (size_t i = 0; i < http_count(http, list); i++) {
			snprintf(at, sizeof(at), "%s.%zu.%s", list, i, id);
			meet(&walk, http_text(http, at));
		}
		next = http_text(http, "nextCursor");
		walk.pages++;
	} while (next);
	return walk;
}

static void walk_end(struct walk *walk)
{
	for (int i = 0; i < walk->count; i++)
		free(walk->seen[i]);
}

static const struct {
	const char *path, *list, *id;
	int count, pages;
} lists[] = {
	{ C721 "/nfts?pageSize=100&", "nfts", "tokenId", 250, 3 },
	{ C721 "/nfts?pageSize=7&", "nfts", "tokenId", 250, 36 },
	{ C721 "/nfts?pageSize=50&order=desc&", "nfts", "tokenId", 250, 5 },
	{ C721 "/nfts?pageSize=30&sort=rarity&", "nfts", "tokenId", 250, 9 },
	{ C721 "/nfts?pageSize=30&sort=rarity&order=desc&", "nfts", "tokenId", 250, 9 },
	{ C721 "/nfts?pageSize=30&sort=updatedAt&", "nfts", "tokenId", 250, 9 },
	{ C721 "/nfts?pageSize=30&sort=updatedAt&order=desc&", "nfts", "tokenId", 250, 9 },
	{ C721 "/nfts?pageSize=9&attributes[Hat]=hat&", "nfts", "tokenId", 125, 14 },
	{ C721 "/nfts?pageSize=9&attributes[Hat]=hat&attributes[Fur]=fur+0&", "nfts", "tokenId",
	  25, 3 },
	{ C721 "/nfts?pageSize=9&owner=0x0000000000000000000000000000000000abc004&", "nfts",
	  "tokenId", 35, 4 },
	{ C721 "/nfts?pageSize=60&search=fixture&", "nfts", "tokenId", 250, 5 },
	{ C721 "/nfts/owned?pageSize=9&userAddress=0x0000000000000000000000000000000000abc004&",
	  "nfts", "tokenId", 35, 4 },
	{ C721 "/owners?limit=2&", "owners", "address", 7, 4 },
	{ C721 "/transfers?limit=100&", "transfers", "transactionHash", 251, 3 },
	{ C721 "/nfts/0/transfers?limit=1&", "transfers", "transactionHash", 2, 2 },
	{ "/api/collections?limit=1&", "collections", "contractAddress", 2, 2 },
	{ "/api/collections?limit=1&sort=name&order=desc&", "collections", "contractAddress", 2,
	  2 },
	{ "/api/collections?limit=1&sort=tokenCount&", "collections", "contractAddress", 2, 2 },
	{ "/api/wallets/0x0000000000000000000000000000000000abc001/collections?limit=1&",
	  "collections", "collection.contractAddress", 2, 2 },
	{ "/api/wallets/0x0000000000000000000000000000000000abc004/nfts?pageSize=10&", "nfts",
	  "tokenId", 35, 4 },
	{ "/api/users/7/collections?limit=1&", "collections", "collection.contractAddress", 2,
	  2 },
};

START_TEST(test_every_list)
{
	struct http *http = stack_http();

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct walk walk = walk_all(http, lists[i].path, lists[i].list, lists[i].id);
		ck_assert_msg(walk.count == lists[i].count, "%s: %d rows", lists[i].path,
			      walk.count);
		ck_assert_msg(walk.pages == lists[i].pages, "%s: %d pages", lists[i].path,
			      walk.pages);
		walk_end(&walk);
	}
	http_free(http);
}
END_TEST

START_TEST(test_pages_agree_with_cursors)
{
	struct http *http = stack_http();
	struct walk walk =
		walk_all(http, C721 "/nfts?pageSize=20&sort=rarity&", "nfts", "tokenId");
	char at[64];

	for (int i = 0; i < walk.count; i++) {
		if (i % 20 == 0)
			ck_assert_int_eq(
				http_getf(http, C721 "/nfts?sort=rarity&page=%d", i / 20), 200);
		snprintf(at, sizeof(at), "nfts.%d.tokenId", i % 20);
		ck_assert_str_eq(http_text(http, at), walk.seen[i]);
	}
	walk_end(&walk);
	http_free(http);
}
END_TEST

START_TEST(test_foreign_cursors)
{
	struct http *http = stack_http();
	char cursor[600];

	ck_assert_int_eq(http_get(http, C721 "/nfts?pageSize=5"), 200);
	snprintf(cursor, sizeof(cursor), "%s", http_text(http, "nextCursor"));
	http_getf(http, C721 "/nfts?pageSize=5&sort=rarity&cursor=%s", cursor);
	http_problem_is(http, 400, "invalid_cursor");
	http_getf(http, C721 "/nfts?pageSize=5&attributes[Hat]=hat&cursor=%s", cursor);
	http_problem_is(http, 400, "invalid_cursor");
	http_getf(http, C721 "/owners?cursor=%s", cursor);
	http_problem_is(http, 400, "invalid_cursor");
	http_getf(http, "/api/collection/" FIXTURE_1155 "/nfts?pageSize=5&cursor=%s", cursor);
	http_problem_is(http, 400, "invalid_cursor");
	cursor[strlen(cursor) / 2] = cursor[strlen(cursor) / 2] == 'A' ? 'B' : 'A';
	http_getf(http, C721 "/nfts?pageSize=5&cursor=%s", cursor);
	http_problem_is(http, 400, "invalid_cursor");
	http_free(http);
}
END_TEST

/* Rows before the cursor go away, new ones come: nothing that stays is missed or comes twice.
 */
START_TEST(test_rows_change_meanwhile)
{
	struct http *http = stack_http();
	char cursor[600];

	ck_assert_int_eq(http_get(http, C721 "/nfts?pageSize=100"), 200);
	snprintf(cursor, sizeof(cursor), "%s", http_text(http, "nextCursor"));
	live_pg_sql("DELETE FROM such_market.nft_ownership WHERE token_id < 50 AND "
		    "contract_address = '\\x00000000000000000000000000000000000000f1'");
	live_pg_sql("DELETE FROM such_market.nfts WHERE token_id < 50 AND contract_address = "
		    "'\\x00000000000000000000000000000000000000f1'");
	http_getf(http, C721 "/nfts?pageSize=100&cursor=%s", cursor);
	ck_assert_str_eq(http_text(http, "nfts.0.tokenId"), "100");
	ck_assert_uint_eq(http_count(http, "nfts"), 100);
	http_free(http);
}
END_TEST

START_TEST(test_deep_page)
{
	struct http *http = stack_http();

	http_get(http, C721 "/nfts?page=101&pageSize=100");
	http_problem_is(http, 400, "page_too_deep");
	ck_assert_ptr_nonnull(strstr(http_text(http, "detail"), "cursor"));
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_every_list, test_pages_agree_with_cursors,
	   test_foreign_cursors, test_rows_change_meanwhile, test_deep_page)
