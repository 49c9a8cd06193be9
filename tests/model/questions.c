#include "model/questions.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "model/collection.h"
#include "model/nft.h"
#include "model/owner.h"
#include "model/transfer.h"
#include "model/user.h"
#include "model/wallet.h"

union args {
	struct address contract;
	struct token_args token;
	struct collection_query collections;
	struct nft_query nfts;
	struct owner_query owners;
	struct transfer_query transfers;
	struct wallet_query wallet;
	struct user_query user;
	uint64_t fid;
};

static bool has(const char *filter, const char *name, struct str *ret)
{
	size_t len = strlen(name);

	if (strncmp(filter, name, len) != 0)
		return false;
	*ret = str_of(filter + len);
	return true;
}

static struct u256 token_of(const char *text)
{
	struct u256 token;

	ck_assert_int_eq(u256_read(str_of(text), &token), RC_OK);
	return token;
}

static void ask_nfts(const struct question *q, struct arena *arena, struct nft_query *ret)
{
	struct str rest = STR_NONE;

	ret->contract = address_of(q->of);
	if (has(q->filter, "rarity", &rest))
		ret->sort = NFT_BY_RARITY;
	else if (has(q->filter, "updated", &rest))
		ret->sort = NFT_BY_UPDATED;
	else if (has(q->filter, "token", &rest))
		ret->sort = NFT_BY_TOKEN;
	else if (has(q->filter, "owned=", &rest)) {
		ret->by_owner = ret->with_balance = true;
		ret->owner = address_of(rest.ptr);
	} else if (has(q->filter, "owner=", &rest)) {
		ret->by_owner = true;
		ret->owner = address_of(rest.ptr);
	} else if (has(q->filter, "trait=", &rest)) {
		ret->traits = arena_zalloc(arena, sizeof(*ret->traits));
		ret->trait_count = 1;
		ret->traits[0].type = str_cut(&rest, '=');
		ret->traits[0].value = rest;
	} else {
		has(q->filter, "search=", &ret->search);
	}
	ret->descending = str_eqz(rest, "-");
	ret->page.scope = nft_scope(arena, ret);
}

static void ask_collections(const struct question *q, struct arena *arena,
			    struct collection_query *ret)
{
	struct str rest = STR_NONE;

	if (has(q->filter, "name", &rest))
		ret->sort = COLLECTION_BY_NAME;
	else if (has(q->filter, "tokens", &rest))
		ret->sort = COLLECTION_BY_TOKENS;
	else
		has(q->filter, "search=", &ret->search);
	ret->descending = str_eqz(rest, "-");
	ret->page.scope = collection_scope(arena, ret);
}

static void ask_wallet(const struct question *q, struct arena *arena, struct wallet_query *ret)
{
	struct str rest;

	ret->wallet = address_of(q->of);
	ret->by_collection = has(q->filter, "of=", &rest);
	if (ret->by_collection)
		ret->contract = address_of(rest.ptr);
	ret->page.scope =
		wallet_scope(arena, q->read == READ_wallet_nfts ? "nfts" : "collections", ret);
}

/* The arguments; the page among them, NULL when the read has none. */
static struct page *args_of(const struct question *q, struct arena *arena, union args *a)
{
	switch (q->read) {
	case READ_nft:
	case READ_owner:
		a->token = (struct token_args){ address_of(q->of), token_of(q->token) };
		return NULL;
	case READ_collection_list:
		ask_collections(q, arena, &a->collections);
		return &a->collections.page;
	case READ_nft_list:
		ask_nfts(q, arena, &a->nfts);
		return &a->nfts.page;
	case READ_owner_list:
		a->owners.contract = address_of(q->of);
		a->owners.page.scope = owner_scope(arena, &a->owners.contract);
		return &a->owners.page;
	case READ_transfers:
		a->transfers.contract = address_of(q->of);
		a->transfers.by_token = q->token != NULL;
		if (q->token)
			a->transfers.token = token_of(q->token);
		a->transfers.page.scope = transfer_scope(arena, &a->transfers);
		return &a->transfers.page;
	case READ_wallet_collections:
	case READ_wallet_nfts:
		ask_wallet(q, arena, &a->wallet);
		return &a->wallet.page;
	case READ_user_collections:
		a->user.fid = strtoull(q->of, NULL, 10);
		a->user.page.scope = user_collections_scope(arena, a->user.fid);
		return &a->user.page;
	case READ_user:
	case READ_user_contracts:
		a->fid = strtoull(q->of, NULL, 10);
		return NULL;
	default:
		a->contract = address_of(q->of);
		return NULL;
	}
}

enum rc question_ask(struct env *env, const struct question *q, struct answer *ret)
{
	union args a;

	memset(&a, 0, sizeof(a));
	struct page *page = args_of(q, env->arena, &a);
	if (page) {
		struct str scope = page->scope;

		*page = page_of(q->limit, q->page);
		page->scope = scope;
	}
	return read_through(env, q->read, &a, ret);
}

const char *question_text(const struct question *q)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s of %s %s %s page %d of %d", reads[q->read].name,
		 q->of ? q->of : "-", q->token ? q->token : "", q->filter, q->page, q->limit);
	return text;
}
