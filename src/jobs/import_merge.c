/* From the stage tables into the database: what differs, 10,000 rows a transaction. */
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/scope.h"
#include "jobs/import_merge.h"
#include "net/pg.h"
#include "net/tx.h"

#define CHUNK_ATTEMPTS 15 /* more than a request has: nobody waits for the answer */

static const struct phase owner_token_phase = {
	.what = "tokens of owners",
	.before = { SQL_import_owner_tokens },
	.before_count = 1,
	.count = SQL_import_token_changes,
	.merge = { SQL_import_lock, SQL_import_token_merge },
	.merge_count = 2,
	.add = { SQL_import_lock, SQL_import_token_add },
	.add_count = 2,
};
static const struct phase owner_phase = {
	.what = "owners",
	.before = { SQL_import_owner_staged, SQL_import_owner_diff, SQL_import_owner_diffed },
	.before_count = 3,
	.count = SQL_import_owner_changes,
	.merge = { SQL_import_lock, SQL_import_owner_haste, SQL_import_owner_remove,
		   SQL_import_owner_merge },
	.merge_count = 4,
	.add = { SQL_import_lock, SQL_import_owner_haste, SQL_import_owner_add },
	.add_count = 3,
	.removes = true,
};
static const struct phase transfer_token_phase = {
	.what = "tokens of transfers",
	.before = { SQL_import_transfer_tokens },
	.before_count = 1,
	.count = SQL_import_token_changes,
	.merge = { SQL_import_lock, SQL_import_token_merge },
	.merge_count = 2,
	.add = { SQL_import_lock, SQL_import_token_add },
	.add_count = 2,
};
static const struct phase transfer_phase = {
	.what = "transfers",
	.count = SQL_import_transfer_changes,
	.merge = { SQL_import_lock, SQL_import_transfer_merge },
	.merge_count = 2,
};
static const struct phase user_phase = {
	.what = "users",
	.before = { SQL_import_user_diff },
	.before_count = 1,
	.count = SQL_import_user_changes,
	.merge = { SQL_import_user_merge },
	.merge_count = 1,
};

/* A statement about a collection, or about none (contract NULL). */
static struct pg_result ask(struct pg *pg, enum import_sql sql, const struct address *contract,
			    const char *chunk)
{
	struct pg_arg args[2];
	size_t n = 0;
	const char *text = import_sql_text(sql);
	if (contract && strstr(text, "$1"))
		args[n++] = pg_address(contract);
	if (chunk && strstr(text, n ? "$2" : "$1"))
		args[n++] = pg_text(chunk);
	return n ? pg_exec_args(pg, text, args, n) : pg_exec(pg, text);
}

/* The first cell of its answer, or the rows that it wrote. */
static enum rc step(struct pg *pg, enum import_sql sql, const struct address *contract,
		    const char *chunk, int64_t *ret_value)
{
	SCOPED(pg_result_done) struct pg_result r = ask(pg, sql, contract, chunk);
	if (r.rc == RC_OK && ret_value)
		*ret_value = r.count ? pg_i64(&r, 0, 0) : r.affected;
	return r.rc;
}

enum rc import_step(struct import *im, enum import_sql sql, const struct address *contract)
{
	enum rc rc = step(im->pg, sql, contract, NULL, NULL);
	return rc == RC_OK ? RC_OK : import_broken(im, rc);
}

enum rc import_ask(struct import *im, enum import_sql sql, const struct address *contract,
		   bool *ret)
{
	SCOPED(pg_result_done)
	struct pg_result r = ask(im->pg, sql, contract, NULL);
	if (r.rc != RC_OK)
		return import_broken(im, r.rc);
	*ret = pg_flag(&r, 0, 0);
	return RC_OK;
}

struct chunk {
	const enum import_sql *steps;
	size_t count;
	const struct address *contract;
	char number[24];
	struct ahead *ahead; /* writes its traits; NULL: this transaction does */
	int64_t traits;      /* rows of token_traits that were written */
	bool raced;
};

static enum rc chunk_body(struct pg *pg, void *ctx)
{
	struct chunk *c = ctx;
	c->traits = 0;
	for (size_t i = 0; i < c->count; i++) {
		enum import_sql sql = c->steps[i];
		if (c->ahead && sql == SQL_import_trait_add)
			sql = SQL_import_ahead_define;
		bool traits = sql == SQL_import_nft_traits || sql == SQL_import_trait_add;
		enum rc rc = step(pg, sql, c->contract, c->number, traits ? &c->traits : NULL);
		if (rc != RC_OK)
			return rc;
	}
	return c->ahead ? import_ahead_settle(c->ahead, &c->traits) : RC_OK;
}

static enum rc merge_chunk(struct import *im, const struct phase *phase, bool adds,
			   struct chunk *chunk)
{
	struct tx_options options = { .attempts = CHUNK_ATTEMPTS };
	bool unknown = false;
	enum rc rc = RC_CONFLICT;
	if (adds) {
		chunk->steps = phase->add;
		chunk->count = phase->add_count;
		rc = tx_run(im->pg, &options, chunk_body, chunk, &unknown);
		if (rc != RC_CONFLICT)
			return rc;
		chunk->raced = true;
	}
	/* What it wrote then is of no use, and found when all of it is there. */
	if (chunk->ahead)
		import_ahead_settle(chunk->ahead, &chunk->traits);
	chunk->ahead = NULL;
	chunk->steps = phase->merge;
	chunk->count = phase->merge_count;
	return tx_run(im->pg, &options, chunk_body, chunk, &unknown);
}

static enum rc count_changes(struct import *im, const struct phase *phase, struct counts *ret,
			     int64_t *ret_chunks)
{
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec(im->pg, import_sql_text(phase->count));
	if (r.rc != RC_OK)
		return import_broken(im, r.rc);
	*ret = (struct counts){ (uint64_t)pg_i64(&r, 0, 0), (uint64_t)pg_i64(&r, 0, 1),
				phase->removes ? (uint64_t)pg_i64(&r, 0, 3) : 0, false };
	*ret_chunks = pg_i64(&r, 0, 2);
	return RC_OK;
}

enum rc import_phase(struct import *im, const struct phase *phase,
		     const struct address *contract, struct counts *ret)
{
	struct chunk chunk = { .contract = contract };
	struct counts counts;
	int64_t chunks = 0;
	enum rc rc = import_step(im, SQL_import_comparing, NULL);
	for (size_t i = 0; i < phase->before_count && rc == RC_OK; i++)
		rc = import_step(im, phase->before[i], contract);
	if (rc == RC_OK)
		rc = count_changes(im, phase, &counts, &chunks);
	if (rc == RC_OK)
		rc = import_step(im, SQL_import_merging, NULL);
	for (int64_t i = 0; i < chunks && rc == RC_OK; i++) {
		bool adds = phase->add_count && !counts.changed && !counts.removed;
		snprintf(chunk.number, sizeof(chunk.number), "%lld", (long long)i);
		chunk.ahead = i == 0 ? phase->ahead : NULL;
		import_tell(im, "merging", phase->what, (uint64_t)i, (uint64_t)chunks);
		rc = merge_chunk(im, phase, adds, &chunk);
		if (rc != RC_OK)
			return import_broken(im, rc);
		im->summary->traits_changed += (uint64_t)chunk.traits;
	}
	counts.raced = chunk.raced;
	if (rc == RC_OK)
		*ret = counts;
	return rc;
}

void import_count_add(struct import_count *to, const struct counts *counts)
{
	to->added += counts->added;
	to->changed += counts->changed;
	to->removed += counts->removed;
}

/* Collections, from META and from lines that name others. */
static enum rc count_collections(struct import *im, const struct pg_result *r)
{
	struct import_count *count = &im->summary->of[IMPORT_COLLECTIONS];
	if (r->rc != RC_OK)
		return import_broken(im, r->rc);
	for (int i = 0; i < r->count; i++) {
		if (pg_flag(r, i, 0))
			count->added++;
		else
			count->changed++;
	}
	return RC_OK;
}

static enum rc merge_meta(struct import *im)
{
	const struct import_meta *m = &im->meta;
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec_args(
		im->pg, import_sql_text(SQL_import_collection),
		PG_ARGS(pg_address(&m->contract), pg_text(m->name), pg_text(m->symbol),
			pg_text(m->token_type), pg_text(m->supply), pg_text(m->description),
			pg_text(m->image_url), pg_text(m->banner_image_url),
			pg_text(m->external_url),
			m->has_deployer ? pg_address(&m->deployer) : pg_bytes(STR_NONE),
			pg_text(m->deployed_block)));
	im->summary->of[IMPORT_COLLECTIONS].read = 1;
	return count_collections(im, &r);
}

static enum rc merge_collections(struct import *im)
{
	enum rc rc = im->has_meta ? merge_meta(im) : RC_OK;
	bool told = im->has_meta && strcmp(im->meta.token_type, "UNKNOWN") != 0;
	if (rc != RC_OK || !im->options->nfts || told)
		return rc;
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec(im->pg, import_sql_text(SQL_import_collections_of_lines));
	return count_collections(im, &r);
}

static enum rc merge_tokens(struct import *im, const struct phase *phase)
{
	struct counts tokens = { 0 };
	enum rc rc = import_phase(im, phase, &im->meta.contract, &tokens);
	im->summary->tokens_added += tokens.added;
	return rc == RC_OK ? import_step(im, SQL_import_token_done, NULL) : rc;
}

static enum rc compare_owners(struct import *im)
{
	struct counts owners = { 0 };
	enum rc rc = import_stage_holders(im);
	if (rc == RC_OK)
		rc = import_phase(im, &owner_phase, &im->meta.contract, &owners);
	import_count_add(&im->summary->of[IMPORT_OWNERS], &owners);
	return rc;
}

static enum rc merge_owners(struct import *im)
{
	bool fresh = false;
	enum rc rc = import_stage_tokens(im);
	if (rc == RC_OK)
		rc = merge_tokens(im, &owner_token_phase);
	if (rc == RC_OK)
		rc = import_ask(im, SQL_import_owner_fresh, &im->meta.contract, &fresh);
	if (rc == RC_OK)
		rc = fresh ? import_fill(im) : compare_owners(im);
	return rc;
}

static enum rc diff_transfers(struct import *im)
{
	struct str hash = { (const char *)im->transfers_hash, sizeof(im->transfers_hash) };
	SCOPED(pg_result_done)
	struct pg_result r = pg_exec_args(im->pg, import_sql_text(SQL_import_transfer_diff),
					  PG_ARGS(pg_bytes(hash)));
	return r.rc == RC_OK ? RC_OK : import_broken(im, r.rc);
}

static enum rc merge_transfers(struct import *im)
{
	struct counts transfers = { 0 };
	enum rc rc = merge_tokens(im, &transfer_token_phase);
	if (rc == RC_OK)
		rc = diff_transfers(im);
	if (rc == RC_OK)
		rc = import_phase(im, &transfer_phase, &im->meta.contract, &transfers);
	import_count_add(&im->summary->of[IMPORT_TRANSFERS], &transfers);
	return rc;
}

static enum rc merge_users(struct import *im)
{
	struct counts users = { 0 };
	enum rc rc = import_phase(im, &user_phase, NULL, &users);
	import_count_add(&im->summary->of[IMPORT_USERS], &users);
	return rc;
}

enum rc import_merge(struct import *im)
{
	enum rc rc = merge_collections(im);
	if (rc == RC_OK && im->options->nfts)
		rc = import_merge_nfts(im);
	if (rc == RC_OK && im->options->owners)
		rc = merge_owners(im);
	if (rc == RC_OK && im->options->transfers)
		rc = merge_transfers(im);
	if (rc == RC_OK && im->options->users)
		rc = merge_users(im);
	return rc;
}
