/* How a list of tokens is found: which statement serves which filters in which order. */
#ifndef MODEL_NFTPAGE_H
#define MODEL_NFTPAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "model/nft.h"
#include "model/render.h"
#include "net/pg.h"

/* Columns of every page statement after those of Nft. */
enum nft_page_col {
	NFT_KEY = NFT_COLS, /* of the order, for the cursor */
	NFT_TOTAL,
	NFT_BALANCE,
	NFT_SEEN, /* of the gathering statements: what the search alone matched, cut */
};

struct nft_page {
	struct pg_result rows; /* one more than the page when there are more; pg_result_done */
	int64_t total;
	bool exact;
};

/* RC_NOT_FOUND: no such collection. */
enum rc nft_page_find(struct env *env, const struct nft_query *query, struct nft_page *ret);

#endif
