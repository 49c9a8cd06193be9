/* Keys and tags of the read models.  Bulk changes of a collection emit b:, of wallets o:*, and
 * so on: whatever carries a fine tag carries the coarse one too. */
#include "model/reads.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/tally.h"
#include "model/collection.h"
#include "model/env.h"
#include "model/nft.h"
#include "model/owner.h"
#include "model/render.h"
#include "model/transfer.h"
#include "model/user.h"
#include "model/wallet.h"
#include "net/pg.h"

/* --- keys ----------------------------------------------------------------------------------
 */

static void key_text(struct cache_key *key, const char *before, const struct address *a,
		     const char *after)
{
	key_add(key, str_of(before));
	key_address(key, a);
	key_add(key, str_of(after));
}

static void key_number(struct cache_key *key, const char *before, uint64_t n)
{
	char text[32];
	struct buf digits = { .ptr = text, .cap = sizeof(text), .max = sizeof(text) };

	buf_add_u64(&digits, n);
	key_add(key, str_of(before));
	key_add(key, buf_str(&digits));
}

/* Which part of which list; the digest is left out where page and size say it all. */
static void key_page(struct cache_key *key, const struct page *page, bool plain)
{
	char text[2048];
	struct buf all = { .ptr = text, .cap = sizeof(text), .max = sizeof(text) };

	key_number(key, ":page:", (uint64_t)page->number);
	key_number(key, ":size:", (uint64_t)page->limit);
	if (plain && !page->after)
		return;
	buf_adds(&all, page->scope);
	for (int i = 0; page->after && i < PAGE_KEYS; i++) {
		buf_addc(&all, '\0');
		buf_adds(&all, page->key[i]);
	}
	key->failed = key->failed || buf_failed(&all);
	key_digest(key, buf_str(&all));
}

static void key_of_collection(const void *args, struct cache_key *key)
{
	key_text(key, "collections:", args, ":metadata");
}

static void key_of_stats(const void *args, struct cache_key *key)
{
	key_text(key, "collections:", args, ":stats");
}

static void key_of_distribution(const void *args, struct cache_key *key)
{
	key_text(key, "collections:", args, ":distribution");
}

static void key_of_traits(const void *args, struct cache_key *key)
{
	key_text(key, "collections:", args, ":traits");
}

static void key_of_collection_list(const void *args, struct cache_key *key)
{
	const struct collection_query *q = args;

	key_add(key, STR("collections:list"));
	key_page(key, &q->page, false);
}

static void key_token(struct cache_key *key, const char *kind, const struct token_args *t)
{
	key_text(key, kind, &t->contract, ":");
	key_add(key, u256_str(&t->token));
}

static void key_of_nft(const void *args, struct cache_key *key)
{
	key_token(key, "nfts:", args);
}

static void key_of_owner(const void *args, struct cache_key *key)
{
	key_token(key, "ownership:", args);
}

static void key_of_nft_list(const void *args, struct cache_key *key)
{
	const struct nft_query *q = args;
	bool plain = q->sort == NFT_BY_TOKEN && !q->descending && !q->by_owner &&
		     !q->with_balance && !q->search.len && !q->trait_count;

	key_text(key, "collections:", &q->contract, ":nfts");
	key_page(key, &q->page, plain);
}

static void key_of_owner_list(const void *args, struct cache_key *key)
{
	const struct owner_query *q = args;

	key_text(key, "collections:", &q->contract, ":owners");
	key_page(key, &q->page, false);
}

static void key_of_transfers(const void *args, struct cache_key *key)
{
	const struct transfer_query *q = args;

	key_text(key, "collections:", &q->contract, ":transfers");
	key_page(key, &q->page, false);
}

static void key_of_wallet_collections(const void *args, struct cache_key *key)
{
	const struct wallet_query *q = args;

	key_text(key, "wallets:", &q->wallet, ":contracts");
	key_page(key, &q->page, false);
}

static void key_of_wallet_nfts(const void *args, struct cache_key *key)
{
	const struct wallet_query *q = args;

	key_text(key, "wallets:", &q->wallet, ":nfts");
	key_page(key, &q->page, false);
}

static void key_of_user(const void *args, struct cache_key *key)
{
	key_number(key, "users:{", *(const uint64_t *)args);
	key_add(key, STR("}:profile"));
}

static void key_of_user_contracts(const void *args, struct cache_key *key)
{
	key_number(key, "users:{", *(const uint64_t *)args);
	key_add(key, STR("}:contracts"));
}

static void key_of_user_collections(const void *args, struct cache_key *key)
{
	const struct user_query *q = args;

	key_number(key, "users:{", q->fid);
	key_add(key, STR("}:collections"));
	key_page(key, &q->page, false);
}

/* --- tags ----------------------------------------------------------------------------------
 */

static void tags_of_collection(const void *args, struct tag_list *tags)
{
	tags_add(tags, TAG_COLLECTION, args, STR_NONE);
	tags_add(tags, TAG_ALL_COLLECTIONS, NULL, STR_NONE);
}

static void tags_of_list(const void *args, struct tag_list *tags)
{
	(void)args;
	tags_add(tags, TAG_LIST, NULL, STR_NONE);
	tags_add(tags, TAG_ALL_COLLECTIONS, NULL, STR_NONE);
}

static void tags_of_holders(const void *args, struct tag_list *tags)
{
	const struct owner_query *q = args;

	tags_add(tags, TAG_BULK, &q->contract, STR_NONE);
	tags_add(tags, TAG_HOLDERS, &q->contract, STR_NONE);
}

/* Holders and how many tokens there are. */
static void tags_of_counts(const void *args, struct tag_list *tags)
{
	tags_add(tags, TAG_BULK, args, STR_NONE);
	tags_add(tags, TAG_HOLDERS, args, STR_NONE);
	tags_add(tags, TAG_TOKENS, args, STR_NONE);
}

static void tags_of_traits(const void *args, struct tag_list *tags)
{
	tags_add(tags, TAG_BULK, args, STR_NONE);
	tags_add(tags, TAG_TRAITS, args, STR_NONE);
	tags_add(tags, TAG_TOKENS, args, STR_NONE);
}

static void tags_of_token(const void *args, struct tag_list *tags)
{
	const struct token_args *t = args;

	tags_add(tags, TAG_BULK, &t->contract, STR_NONE);
	tags_add(tags, TAG_TOKEN, &t->contract, u256_str(&t->token));
}

/* The tokens it shows are found; which ones they are depends on order and filters. */
static void tags_of_nft_list(const void *args, struct tag_list *tags)
{
	const struct nft_query *q = args;

	tags_add(tags, TAG_BULK, &q->contract, STR_NONE);
	tags_add(tags, TAG_TOKENS, &q->contract, STR_NONE);
	if (q->sort == NFT_BY_UPDATED || q->search.len)
		tags_add(tags, TAG_METADATA, &q->contract, STR_NONE);
	if (q->sort == NFT_BY_RARITY || q->trait_count)
		tags_add(tags, TAG_TRAITS, &q->contract, STR_NONE);
	if (q->by_owner) {
		tags_add(tags, TAG_WALLET, &q->owner, STR_NONE);
		tags_add(tags, TAG_ALL_WALLETS, NULL, STR_NONE);
	}
}

static void tags_of_transfers(const void *args, struct tag_list *tags)
{
	const struct transfer_query *q = args;

	tags_add(tags, TAG_BULK, &q->contract, STR_NONE);
	if (q->by_token)
		tags_add(tags, TAG_TOKEN, &q->contract, u256_str(&q->token));
	else
		tags_add(tags, TAG_HOLDERS, &q->contract, STR_NONE);
}

static void tags_of_wallet(const void *args, struct tag_list *tags)
{
	const struct wallet_query *q = args;

	tags_add(tags, TAG_WALLET, &q->wallet, STR_NONE);
	tags_add(tags, TAG_ALL_WALLETS, NULL, STR_NONE);
	tags_add(tags, TAG_ALL_COLLECTIONS, NULL, STR_NONE);
}

static void tags_of_user(const void *args, struct tag_list *tags)
{
	char fid[32];

	snprintf(fid, sizeof(fid), "%" PRIu64, *(const uint64_t *)args);
	tags_add(tags, TAG_USER, NULL, str_of(fid));
	tags_add(tags, TAG_ALL_USERS, NULL, STR_NONE);
}

/* Args begin with the fid. */
static void tags_of_user_wallets(const void *args, struct tag_list *tags)
{
	tags_of_user(args, tags);
	tags_add(tags, TAG_ALL_WALLETS, NULL, STR_NONE);
	tags_add(tags, TAG_ALL_COLLECTIONS, NULL, STR_NONE);
}
_Static_assert(offsetof(struct user_query, fid) == 0, "tags_of_user_wallets reads the fid");

void tag_tokens(struct answer *answer, const struct pg_result *rows, int n)
{
	struct address contract;

	for (int i = 0; i < n; i++) {
		if (!pg_address_at(rows, i, NFT_CONTRACT, &contract))
			continue;
		tags_add(answer->tags, TAG_BULK, &contract, STR_NONE);
		tags_add(answer->tags, TAG_TOKEN, &contract, pg_str(rows, i, NFT_TOKEN));
	}
}

static void tag_addresses(struct answer *answer, enum tag_kind kind,
			  const struct pg_result *rows, int n, int col)
{
	struct address address;

	for (int i = 0; i < n; i++)
		if (pg_address_at(rows, i, col, &address))
			tags_add(answer->tags, kind, &address, STR_NONE);
}

void tag_collections(struct answer *answer, const struct pg_result *rows, int n, int col)
{
	tag_addresses(answer, TAG_COLLECTION, rows, n, col);
}

void tag_wallets(struct answer *answer, const struct pg_result *rows, int n, int col)
{
	tag_addresses(answer, TAG_WALLET, rows, n, col);
}

_Static_assert((int)READ_COUNT < WORTH_MODELS, "each read model has its classes");
_Static_assert((int)READ_COUNT <= TALLY_READS, "each read model is counted");

const struct read_model reads[READ_COUNT] = {
#define READ(name, tier, filler, key, tags, stored, words)                                     \
	{ #name, TIER_##tier, key, tags, filler, READ_##name, stored },
#include "model/reads.def"
};

const char *const read_names[READ_COUNT] = {
#define READ(name, tier, filler, key, tags, stored, words) #name,
#include "model/reads.def"
};

void reads_ask(void *ctx, struct pg *pg)
{
	struct env *env = ctx;

	env->pg = pg;
}

enum rc read_through(struct env *env, enum read read, const void *args, struct answer *ret)
{
	return cache_through(env->cache, env->arena, &reads[read], env, args, ret);
}
