/* --nfts: tokens, their traits, and the ranks of their collections. */
#include "base/scope.h"
#include "jobs/import_merge.h"
#include "net/pg.h"

#define MANY 40000 /* lines: from here on an index finds a chunk quicker than reading all */

static const struct phase nft_phase = {
	.what = "tokens",
	.before = { SQL_import_nft_diff, SQL_import_nft_diffed },
	.before_count = 2,
	.count = SQL_import_nft_changes,
	.merge = { SQL_import_lock, SQL_import_nft_merge, SQL_import_nft_traits },
	.merge_count = 3,
	.add = { SQL_import_lock, SQL_import_nft_add, SQL_import_nft_traits },
	.add_count = 3,
};
/* Of a collection that nothing is known of yet: no tokens to compare with, no traits to take
 * back. */
static const struct phase nft_new_phase = {
	.what = "tokens",
	.before = { SQL_import_nft_new, SQL_import_nft_diffed },
	.before_count = 2,
	.count = SQL_import_nft_changes,
	.merge = { SQL_import_lock, SQL_import_nft_merge, SQL_import_nft_traits },
	.merge_count = 3,
	.add = { SQL_import_lock, SQL_import_nft_add, SQL_import_trait_lock,
		 SQL_import_trait_add },
	.add_count = 4,
};
static const struct phase rank_phase = {
	.what = "ranks",
	.before = { SQL_import_rank_diff },
	.before_count = 1,
	.count = SQL_import_rank_changes,
	.merge = { SQL_import_lock, SQL_import_rank_merge },
	.merge_count = 2,
};

static enum rc steps(struct import *im, const struct address *contract,
		     const enum import_sql *sql, size_t count)
{
	enum rc rc = RC_OK;
	for (size_t i = 0; i < count && rc == RC_OK; i++)
		rc = import_step(im, sql[i], contract);
	return rc;
}

/* Tokens that the files do not name, and their traits. */
static const enum import_sql others[] = {
	SQL_import_rank_others,
	SQL_import_rank_other_traits,
	SQL_import_rank_held,
};

/* What the ranks are computed from: ranks come first, so that tokens are written once. */
static enum rc weigh(struct import *im, const struct address *contract, bool fresh)
{
	static const enum import_sql staged[] = {
		SQL_import_comparing,   SQL_import_nft_tokens,  SQL_import_rank_tokens,
		SQL_import_rank_traits, SQL_import_rank_staged,
	};
	bool alike = false;
	enum rc rc = steps(im, contract, staged, COUNT_OF(staged));
	if (rc == RC_OK)
		rc = import_ask(im, SQL_import_rank_alike, NULL, &alike);
	if (rc == RC_OK && alike)
		rc = import_step(im, SQL_import_rank_once, contract);
	if (rc == RC_OK && !fresh)
		rc = steps(im, contract, others, COUNT_OF(others));
	return rc;
}

/* A collection of which tokens or traits may be known. */
static enum rc merge_known(struct import *im, const struct address *contract,
			   struct counts *tokens, struct counts *ranks)
{
	static const enum import_sql rank[] = { SQL_import_comparing, SQL_import_rank };
	enum rc rc = steps(im, contract, rank, COUNT_OF(rank));
	if (rc == RC_OK)
		rc = import_phase(im, &nft_phase, contract, tokens);
	if (rc == RC_OK)
		rc = import_phase(im, &rank_phase, contract, ranks);
	return rc == RC_OK ? import_step(im, SQL_import_nft_prune, contract) : rc;
}

/* A collection that nothing is known of. */
static enum rc merge_new(struct import *im, const struct address *contract,
			 struct counts *tokens, struct counts *ranks)
{
	struct phase phase = nft_new_phase;
	bool plain = false;
	enum rc rc = im->several ? RC_OK : import_ask(im, SQL_import_rank_plain, NULL, &plain);
	if (plain)
		phase.before[0] = SQL_import_nft_new_plain;
	if (rc == RC_OK && im->has_meta)
		rc = import_ahead_begin(im, &phase.ahead);
	if (rc == RC_OK)
		rc = import_phase(im, &phase, contract, tokens);
	import_ahead_free(phase.ahead);
	if (rc != RC_OK || !tokens->raced)
		return rc;
	/* What the other writer wrote has a part in the ranks. */
	rc = import_step(im, SQL_import_comparing, NULL);
	if (rc == RC_OK)
		rc = steps(im, contract, others, COUNT_OF(others));
	if (rc == RC_OK)
		rc = import_step(im, SQL_import_rank, contract);
	return rc == RC_OK ? import_phase(im, &rank_phase, contract, ranks) : rc;
}

static enum rc merge_one(struct import *im, const struct address *contract)
{
	struct counts tokens = { 0 }, ranks = { 0 };
	bool fresh = false;
	enum rc rc = import_ask(im, SQL_import_nft_fresh, contract, &fresh);
	if (rc == RC_OK)
		rc = weigh(im, contract, fresh);
	if (rc == RC_OK && fresh)
		rc = merge_new(im, contract, &tokens, &ranks);
	else if (rc == RC_OK)
		rc = merge_known(im, contract, &tokens, &ranks);
	import_count_add(&im->summary->of[IMPORT_NFTS], &tokens);
	im->summary->ranks_changed += ranks.added;
	return rc;
}

enum rc import_merge_nfts(struct import *im)
{
	enum rc rc = import_step(im, SQL_import_rank_begin, NULL);
	if (rc == RC_OK && im->summary->of[IMPORT_NFTS].read > MANY)
		rc = import_step(im, SQL_import_nft_many, NULL);
	if (rc != RC_OK || im->has_meta)
		return rc == RC_OK && im->summary->of[IMPORT_NFTS].read
			       ? merge_one(im, &im->meta.contract)
			       : rc;
	rc = import_step(im, SQL_import_nft_indexed, NULL);
	if (rc != RC_OK)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec(im->pg, import_sql_text(SQL_import_nft_contracts));
	if (r.rc != RC_OK)
		return import_broken(im, r.rc);
	for (int i = 0; i < r.count && rc == RC_OK; i++) {
		struct address contract;
		if (!pg_address_at(&r, i, 0, &contract))
			return import_broken(im, RC_INTERNAL);
		rc = merge_one(im, &contract);
		if (rc == RC_OK)
			rc = import_step(im, SQL_import_nft_next, NULL);
	}
	return rc;
}
