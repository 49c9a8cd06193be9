/*
 * Recounts the summaries of ownership: first the rows of wallets, range by range, then the
 * counts of each collection, then the wallets.  What is wrong is mended in small transactions
 * next to whoever writes, and stands in such_market.ownership_mends as it was and as it is.
 *
 * Ranges are as large as goes fast, and halved when a statement's time is over.  A collection
 * whose rows cannot be counted in that time is passed over and told.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/scope.h"
#include "jobs/runner.h"
#include "model/env.h"
#include "model/instance.h"
#include "model/ownership.h"
#include "net/pg.h"

#define NS_PER_MS    INT64_C(1000000)
#define COUNT_NS     INT64_C(3600000000000)
#define COUNT_MS     2000  /* of a step */
#define STATEMENT_MS 10000 /* of the largest step; below half of the job's lease */
#define FAST_MS      200   /* of a range: the next may be twice as large */
#define SLOW_MS      1000  /* half as large */
#define END_BYTES    21

/* Wallets by their first four bytes. */
#define SPACE       (INT64_C(1) << 32)
#define WIDTH_FIRST (SPACE / 65536)
#define WIDTH_MOST  (SPACE / 16)
#define SHOWN       (SPACE / 65536) /* progress is told in 65,536 parts */

struct recount {
	struct job_run *run;
	int64_t mended, collections, skipped;
	struct ownership_totals totals;
};

/* What a range begins with; SPACE: behind all addresses. */
static size_t range_begin(int64_t at, uint8_t ret[END_BYTES])
{
	if (at >= SPACE) {
		memset(ret, 0xff, END_BYTES);
		return END_BYTES;
	}
	for (size_t i = 0; i < 4; i++)
		ret[i] = (uint8_t)(at >> (24 - 8 * i));
	return 4;
}

static enum rc mend_range(struct recount *r, int64_t from, int64_t to)
{
	uint8_t lo[END_BYTES], hi[END_BYTES];
	size_t lo_len = range_begin(from, lo), hi_len = range_begin(to, hi);
	int64_t changed;
	enum rc rc;

	do {
		changed = 0;
		rc = ownership_mend_wallets(r->run->env, r->run->job->id, lo, lo_len, hi,
					    hi_len, &changed);
		r->mended += changed;
		if (rc == RC_OK)
			rc = job_step(r->run, (changed ? from : to) / SHOWN, SPACE / SHOWN,
				      "wallets");
	} while (rc == RC_OK && changed > 0);
	return rc;
}

static int64_t next_width(int64_t width, int64_t took_ns)
{
	if (took_ns < FAST_MS * NS_PER_MS && width < WIDTH_MOST)
		return width * 2;
	return took_ns > SLOW_MS * NS_PER_MS && width > 1 ? width / 2 : width;
}

static enum rc mend_wallets(struct recount *r)
{
	int64_t at = 0, width = WIDTH_FIRST;

	while (at < SPACE) {
		int64_t begin_ns = clock_mono_ns();
		int64_t to = at + width < SPACE ? at + width : SPACE;
		enum rc rc = mend_range(r, at, to);

		if (rc == RC_TIMEOUT && width > 1 && r->run->stop == JOB_GO) {
			width /= 2;
			rc = job_step(r->run, at / SHOWN, SPACE / SHOWN, "wallets");
		} else if (rc == RC_OK) {
			at = to;
			width = next_width(width, clock_mono_ns() - begin_ns);
		}
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* One that takes too long stays as it is, and the others are mended all the same. */
static enum rc mend_collection(struct recount *r, const struct address *contract)
{
	char text[ADDRESS_TEXT];
	int64_t changed = 0;
	enum rc rc =
		ownership_mend_collection(r->run->env, r->run->job->id, contract, &changed);

	if (rc != RC_TIMEOUT) {
		r->mended += changed;
		return rc;
	}
	address_write(contract, text);
	log_warn("a collection has too many rows to be recounted in one statement",
		 LOG_STR("collection", str_of(text)));
	r->skipped++;
	return RC_OK;
}

/* The list is read again by each step, whose end empties the arena. */
static enum rc mend_some(struct recount *r, struct address *at, bool *ret_more)
{
	struct address *found, list[64];
	int count = 0;
	enum rc rc =
		ownership_collections(r->run->env, r->collections ? at : NULL, &found, &count);

	count = count < (int)COUNT_OF(list) ? count : (int)COUNT_OF(list);
	*ret_more = rc == RC_OK && count > 0;
	if (!*ret_more)
		return rc;
	memcpy(list, found, (size_t)count * sizeof(*list));
	for (int i = 0; i < count && rc == RC_OK; i++) {
		rc = mend_collection(r, &list[i]);
		if (rc == RC_OK) {
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
		if (rc == RC_OK && r->totals.late)
			rc = RC_TIMEOUT;
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
	json_int(&j, "skipped", r.skipped);
	json_int(&j, "owners", r.totals.owners);
	json_end(&j);
	return RC_OK;
}
