/* Tokens: one, and lists of them with filters, orders, pages and cursors. */
#ifndef MODEL_NFT_H
#define MODEL_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/u256.h"
#include "model/page.h"

struct env;

enum nft_sort {
	NFT_BY_TOKEN,
	NFT_BY_RARITY,
	NFT_BY_UPDATED,
	NFT_SORTS
};

#define NFT_TRAITS_MAX  64
#define NFT_PAGE_ROWS   10000 /* page numbers reach no deeper, and totals are counted so far */
#define NFT_CURSOR_KEYS 2

struct nft_trait {
	struct str type, value;
};

struct nft_query {
	struct address contract;
	enum nft_sort sort;
	bool descending;
	bool by_owner;
	struct address owner;
	bool with_balance; /* each token with the owner's balance: the answer of "owned" */
	struct str search; /* absent: none */
	struct nft_trait *traits; /* OR within a type, AND across types */
	size_t trait_count;       /* at most NFT_TRAITS_MAX */
	struct page page;
};

/* {nfts, page, pageSize, total, totalIsExact, totalPages, nextCursor}.  RC_NOT_FOUND: no such
 * collection.  A filter that matches nothing is an empty list. */
enum rc nft_page_read(struct env *env, const struct nft_query *query, struct answer *ret);
/* Which list this is, whatever the page: what its cursors are bound to.  Sorts query->traits.
 */
struct str nft_scope(struct arena *arena, struct nft_query *query);

/* Nft with metadata.  RC_NOT_FOUND: no such collection, or no such token. */
enum rc nft_read(struct env *env, const struct address *contract, const struct u256 *token,
		 struct answer *ret);

#endif
