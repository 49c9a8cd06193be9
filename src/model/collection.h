/* Collections: one, the list of all, and the counts of one. */
#ifndef MODEL_COLLECTION_H
#define MODEL_COLLECTION_H

#include <stdbool.h>
#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "model/page.h"

struct env;

enum collection_sort {
	COLLECTION_BY_CREATED,
	COLLECTION_BY_NAME,
	COLLECTION_BY_TOKENS,
	COLLECTION_SORTS
};

#define COLLECTION_CURSOR_KEYS 2

struct collection_query {
	struct str search; /* absent: none */
	enum collection_sort sort;
	bool descending;
	struct page page;
};

/* Collection.  RC_NOT_FOUND: unknown here. */
enum rc collection_read(struct env *env, const struct address *contract, struct answer *ret);
/* {contractAddress, nftCount, ownerCount, transferCount, totalBalance, uniqueOwnerShare,
 * averageTokensPerOwner, averageOwnersPerToken, lastTransferAt}.  RC_NOT_FOUND: unknown here.
 */
enum rc collection_stats_read(struct env *env, const struct address *contract,
			      struct answer *ret);
/* {collections, nextCursor}. */
enum rc collection_page_read(struct env *env, const struct collection_query *query,
			     struct answer *ret);
/* What the cursors of this list are bound to. */
struct str collection_scope(struct arena *arena, const struct collection_query *query);

#endif
