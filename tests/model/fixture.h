/*
 * A small world for tests of model and api: a private PostgreSQL with
 *
 *	ALPHA  "Alpha Cats", ERC721, tokens 1 … 120: name "Cat #<n>", rarity_rank n
 *	       (those of 113 … 120 are null), updated_at EPOCH + n seconds,
 *	       Hat h<n mod 4>, Eyes e<n mod 3>, Level <n mod 10> (number), token n held by
 *wallet n mod 5; token 5 by nobody, token 6 by wallets 1 (2 pieces) and 2 (3 pieces) WEIRD
 *tokens 0, 2^255 and 2^256-1 with names that hurt EMPTY  "zeta (100%_\)", no tokens
 *
 * Tests of one program see each other's writes: those that write make their own collection.
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <stdint.h>
#include "base/answer.h"
#include "base/hex.h"
#include "base/str.h"
#include "model/env.h"
#include "model/page.h"

#define ALPHA    "0x00000000000000000000000000000000000000aa"
#define WEIRD    "0x00000000000000000000000000000000000000bb"
#define EMPTY    "0x00000000000000000000000000000000000000cc"
#define NOWHERE  "0x00000000000000000000000000000000000000ff"
#define WALLET   "0x100000000000000000000000000000000000000" /* and a digit 0 … 4 */
#define EPOCH_US INT64_C(1700000000000000)
#define U256_MAX                                                                               \
	"115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define U255 "57896044618658097711785492504343953926634992332820282019728792003956564819968"

/* Unchecked fixtures of the suite. */
void world_start(void);
void world_done(void);

/* A fresh env with its own connection; free_env ends it. */
struct env *new_env(void);
void free_env(struct env *env);

struct address address_of(const char *text);
/* A page of the test: its seal is no http, but tells apart what was sealed. */
struct page page_of(int64_t limit, int64_t number);
/* Continues after "nextCursor" of the answer; false on the last page. */
bool page_after(struct env *env, const struct answer *answer, struct page *page);

/* A value of the body by path ("nfts.0.tokenId", "traits.1.values.0.count"), as compact JSON.
 */
struct str body_at(struct env *env, struct str body, const char *path);
#define AT(env, answer, path) body_at(env, buf_str(&(answer)->body), path)
/* The members `key` of the objects in the array at `list`, joined by spaces. */
const char *body_join(struct env *env, struct str body, const char *list, const char *key);
#define JOIN(env, answer, list, key) body_join(env, buf_str(&(answer)->body), list, key)

#define ck_str(s, z)                                                                           \
	do {                                                                                   \
		struct str got_ = (s);                                                         \
		ck_assert_msg(str_eqz(got_, z), "got %.*s, want %s", STR_ARG(got_), z);        \
	} while (0)

#endif
