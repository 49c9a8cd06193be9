/* Farcaster users: who they are, and what their wallets hold. */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include <stdint.h>
#include "base/answer.h"
#include "base/rc.h"
#include "base/str.h"
#include "model/page.h"

struct arena;
struct env;

#define USER_COLLECTIONS_KEYS 1

struct user_query {
	uint64_t fid; /* at most INT64_MAX */
	struct page page;
};

/* All: RC_NOT_FOUND: no such user. */

/* {fid, username, displayName, pfpUrl, custodyAddress, verifiedAddresses}. */
enum rc user_read(struct env *env, uint64_t fid, struct answer *ret);
/* {fid, collections, total, nextCursor}, summed over the wallets, by contract address. */
enum rc user_collections_read(struct env *env, const struct user_query *query,
			      struct answer *ret);
struct str user_collections_scope(struct arena *arena, uint64_t fid);
/* {user, wallets, system}: what each wallet holds, every contract. */
enum rc user_contracts_read(struct env *env, uint64_t fid, struct answer *ret);

#endif
