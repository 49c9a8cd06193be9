/* Totals of ownership, kept by the triggers, and what a recount of the summaries changed. */
#ifndef MODEL_OWNERSHIP_H
#define MODEL_OWNERSHIP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/hex.h"
#include "base/rc.h"
#include "base/str.h"
#include "model/page.h"

struct answer;
struct arena;
struct env;
struct job;
struct pg;

#define OWNERSHIP_CURSOR_KEYS 1

struct ownership_totals {
	int64_t holdings;    /* rows of nft_ownership */
	int64_t users;       /* rows of user_collections */
	int64_t mappings;    /* rows of wallet_collection_mapping */
	int64_t owners;      /* wallets that hold anything */
	int64_t collections; /* of which somebody holds something */
	int64_t left;        /* parts of wallets that are still to be counted again; about */
	bool exact;          /* mappings and owners are of now, not of a moment ago */
	bool late;           /* one part alone takes longer than a statement may */
};

/* Counts again the wallets of those first bytes where some came or went, in steps that are
 * kept, until budget_ms are over; what is left then, takes too long, or is somebody else's just
 * now, makes the totals inexact, and the next call goes on. */
enum rc ownership_totals(struct env *env, int64_t budget_ms, struct ownership_totals *ret);

/* Steps of a recount; each is one write through the cache.  ret_changed: numbers that were
 * wrong, each of which has its row.  RC_TIMEOUT: it is too large for one statement, and nothing
 * was changed. */
enum rc ownership_mend_wallets(struct env *env, int64_t job, const uint8_t *lo, size_t lo_len,
			       const uint8_t *hi, size_t hi_len, int64_t *ret_changed);
enum rc ownership_mend_collection(struct env *env, int64_t job, const struct address *contract,
				  int64_t *ret_changed);
/* Collections after one (NULL: the first ones), in the arena. */
enum rc ownership_collections(struct env *env, const struct address *after,
			      struct address **ret, int *ret_count);

/* A recount: its job's state and a page of what it changed, as it was and as it is. */
enum rc ownership_recount_read(struct env *env, const struct job *job, const struct page *page,
			       struct answer *ret);
struct str ownership_scope(struct arena *arena, int64_t job);

#endif
