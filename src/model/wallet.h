/* Wallets: the collections and the tokens that one holds.  A wallet nobody knows holds nothing.
 */
#ifndef MODEL_WALLET_H
#define MODEL_WALLET_H

#include <stdbool.h>
#include "base/answer.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/rc.h"
#include "base/str.h"
#include "model/page.h"

struct arena;
struct env;
struct pg_result;

#define WALLET_COLLECTIONS_KEYS 1
#define WALLET_NFTS_KEYS        2

struct wallet_query {
	struct address wallet;
	bool by_collection; /* tokens only */
	struct address contract;
	struct page page;
};

/* {walletAddress, collections, total, nextCursor}, by contract address. */
enum rc wallet_collections_read(struct env *env, const struct wallet_query *query,
				struct answer *ret);
/* {nfts (with balance), page, pageSize, total, totalIsExact, totalPages, nextCursor}, by
 * contract address and token id. */
enum rc wallet_nfts_read(struct env *env, const struct wallet_query *query, struct answer *ret);
struct str wallet_scope(struct arena *arena, const char *list,
			const struct wallet_query *query);

/* "collections", "total" and "nextCursor" of rows that are Collection, total, tokens, balance
 * and last owned; shared with the lists of users. */
void wallet_render_collections(struct json *j, const struct env *env, const struct page *page,
			       const struct pg_result *rows);

#endif
