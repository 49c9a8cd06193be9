/* --nfts: tokens, their traits, and the ranks of their collections. */
#include "base/scope.h"
#include "jobs/import_merge.h"
#include "net/pg.h"

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

/* What the ranks are computed from: ranks come first, so that tokens are written once. */
static enum rc weigh(struct import *im, const struct address *contract, bool fresh)
{
	static const enum import_sql staged[] = {
		SQL_import_comparing,   SQL_import_nft_tokens,  SQL_import_rank_tokens,
		SQL_import_rank_traits, SQL_import_rank_staged,
	};
	static const enum import_sql others[] = {
		SQL_import_rank_others,
		SQL_import_rank_other_traits,
		SQL_import_rank_held,
	};
	enum rc rc = steps(im, contract, staged, COUNT_OF(staged));
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

static enum rc merge_one(struct import *im, const struct address *contract)
{
	struct counts tokens = { 0 }, ranks = { 0 };
	bool fresh = false;
	enum rc rc = import_ask(im, SQL_import_nft_fresh, contract, &fresh);
	if (rc == RC_OK)
		rc = weigh(im, contract, fresh);
	if (rc == RC_OK && fresh)
		rc = import_phase(im, &nft_new_phase, contract, &tokens);
	else if (rc == RC_OK)
		rc = merge_known(im, contract, &tokens, &ranks);
	import_count_add(&im->summary->of[IMPORT_NFTS], &tokens);
	im->summary->ranks_changed += ranks.added;
	return rc;
}

enum rc import_merge_nfts(struct import *im)
{
	enum rc rc = import_step(im, SQL_import_rank_begin, NULL);
	if (rc != RC_OK || im->has_meta)
		return rc == RC_OK && im->summary->of[IMPORT_NFTS].read ?
			       merge_one(im, &im->meta.contract) :
			       rc;
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
