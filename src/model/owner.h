/* Holders: of one token, of a collection, and how many hold how many. */
#ifndef MODEL_OWNER_H
#define MODEL_OWNER_H

#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/u256.h"
#include "model/page.h"

struct arena;
struct env;

#define OWNER_SHOWN       100 /* holders told of one token; ownerCount tells of all */
#define OWNER_CURSOR_KEYS 2

struct owner_query {
	struct address contract;
	struct page page;
};

/* {contractAddress, tokenId, owner, ownerCount, owners, lastVerifiedAt}: owner is the sole
 * holder, else null; lastVerifiedAt is the oldest among the holders.  RC_NOT_FOUND: no such
 * collection, or no such token. */
enum rc owner_read(struct env *env, const struct address *contract, const struct u256 *token,
		   struct answer *ret);
/* {owners, total, nextCursor}, largest first.  RC_NOT_FOUND: no such collection. */
enum rc owner_page_read(struct env *env, const struct owner_query *query, struct answer *ret);
struct str owner_scope(struct arena *arena, const struct address *contract);
/* {contractAddress, distribution, owners, tokens}.  RC_NOT_FOUND: no such collection. */
enum rc owner_distribution_read(struct env *env, const struct address *contract,
				struct answer *ret);

/* A token was not found: is it the token or the whole collection that is unknown?  Always
 * RC_NOT_FOUND, or the database's failure. */
enum rc owner_missing(struct env *env, const struct address *contract, struct answer *ret);

#endif
