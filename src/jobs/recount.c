/*
 * Recounts the summaries of ownership: first the rows of wallets, range by range, then the
 * counts of each collection, then the wallets.  What is wrong is mended in small transactions
 * next to whoever writes, and stands in such_market.ownership_mends as it was and as it is.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "jobs/runner.h"
#include "model/env.h"
#include "model/instance.h"
#include "model/ownership.h"
#include "net/pg.h"

#define RANGE_BYTES 2
#define RANGES      65536
#define RANGES_FEW  256
#define FEW         5000000 /* holdings up to which a range is all wallets of a first byte */
#define COUNT_NS    INT64_C(3600000000000)
#define COUNT_MS    2000 /* of a step */
#define STATEMENT_MS                                                                           \
	10000 /* the counts of a large collection; below half of the job's lease               \
	       */
#define END_BYTES 21

struct recount {
	struct job_run *run;
	int64_t mended, ranges, collections;
	struct ownership_totals totals;
};

/* Where range i of n begins; behind the last: behind all addresses. */
static size_t range_begin(int64_t i, int64_t n, uint8_t ret[END_BYTES])
{
	int64_t at = i * (RANGES / n);

	if (i == n) {
		memset(ret, 0xff, END_BYTES);
		return END_BYTES;
	}
	ret[0] = (uint8_t)(at >> 8);
	ret[1] = (uint8_t)at;
	return RANGE_BYTES;
}

static enum rc mend_range(struct recount *r, int64_t i)
{
	uint8_t lo[END_BYTES], hi[END_BYTES];
	size_t lo_len = range_begin(i, r->ranges, lo),
	       hi_len = range_begin(i + 1, r->ranges, hi);
	int64_t changed = 0;
	enum rc rc = RC_OK;

	do {
		r->mended += changed;
		changed = 0;
		if (rc == RC_OK)
			rc = ownership_mend_wallets(r->run->env, r->run->job->id, lo, lo_len,
						    hi, hi_len, &changed);
		if (rc == RC_OK)
			rc = job_step(r->run, i + 1, r->ranges, "wallets");
	} while (rc == RC_OK && changed > 0);
	return rc;
}

static enum rc mend_wallets(struct recount *r)
{
	enum rc rc = RC_OK;

	r->ranges = r->totals.holdings > FEW ? RANGES : RANGES_FEW;
	for (int64_t i = 0; i < r->ranges && rc == RC_OK; i++)
		rc = mend_range(r, i);
	return rc;
}

/* The list is read again by each step, whose end empties the arena. */
static enum rc mend_some(struct recount *r, struct address *at, bool *ret_more)
{
	struct address *found, list[64];
	int count = 0;
	int64_t changed = 0;
	enum rc rc =
		ownership_collections(r->run->env, r->collections ? at : NULL, &found, &count);

	count = count < (int)COUNT_OF(list) ? count : (int)COUNT_OF(list);
	*ret_more = rc == RC_OK && count > 0;
	if (!*ret_more)
		return rc;
	memcpy(list, found, (size_t)count * sizeof(*list));
	for (int i = 0; i < count && rc == RC_OK; i++) {
		rc = ownership_mend_collection(r->run->env, r->run->job->id, &list[i],
					       &changed);
		if (rc == RC_OK) {
			r->mended += changed;
			*at = list[i];
			rc = job_step(r->run, ++r->collections, 0, "collections");
		}
	}
	return rc;
}

static enum rc mend_collections(struct recount *r)
{
	struct address at;
	bool more = true;
	enum rc rc = RC_OK;

	while (rc == RC_OK && more)
		rc = mend_some(r, &at, &more);
	return rc;
}

/* What is counted in the end, in steps: the lease is renewed, and who asks it to stop is heard.
 */
static enum rc count(struct recount *r)
{
	int64_t until_ns = clock_mono_ns() + COUNT_NS;
	enum rc rc;

	do {
		rc = ownership_totals(r->run->env, COUNT_MS, &r->totals);
		if (rc == RC_OK)
			rc = job_step(r->run, 0, r->totals.left, "totals");
	} while (rc == RC_OK && r->totals.left > 0 && clock_mono_ns() < until_ns);
	return rc;
}

static enum rc recount(struct recount *r)
{
	struct job_run *run = r->run;
	enum rc rc = instance_need(run->env);

	if (rc == RC_OK)
		rc = ownership_totals(run->env, 0, &r->totals);
	if (rc == RC_OK)
		rc = mend_wallets(r);
	if (rc == RC_OK)
		rc = mend_collections(r);
	if (rc == RC_OK)
		rc = count(r);
	return rc;
}

enum rc job_recount(struct job_run *run)
{
	struct recount r = { .run = run };
	struct json j;

	pg_set_deadline(run->env->pg, STATEMENT_MS);
	enum rc rc = recount(&r);
	pg_set_deadline(run->env->pg, 0);
	if (rc != RC_OK)
		return rc;
	json_init(&j, &run->result);
	json_object(&j, NULL);
	json_int(&j, "differences", r.mended);
	json_int(&j, "collections", r.collections);
	json_int(&j, "owners", r.totals.owners);
	json_end(&j);
	return RC_OK;
}
