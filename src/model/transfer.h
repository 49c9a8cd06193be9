/* History: the transfers of a collection or of one token, newest first. */
#ifndef MODEL_TRANSFER_H
#define MODEL_TRANSFER_H

#include <stdbool.h>
#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "base/u256.h"
#include "model/page.h"

struct arena;
struct env;

#define TRANSFER_CURSOR_KEYS 3

struct transfer_query {
	struct address contract;
	bool by_token;
	struct u256 token;
	struct page page;
};

/* {transfers, nextCursor}.  RC_NOT_FOUND: no such collection, or no such token. */
enum rc transfer_page_read(struct env *env, const struct transfer_query *query,
			   struct answer *ret);
struct str transfer_scope(struct arena *arena, const struct transfer_query *query);

#endif
