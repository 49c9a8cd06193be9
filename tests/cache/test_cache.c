/* The seam: fillers, negatives, failures. */
#include "suite.h"
#include "base/arena.h"
#include "cache/cache.h"

struct plan {
	enum rc rc;
	const char *body;
	int calls;
	struct arena *arena;
};

static enum rc filler(void *ctx, const void *args, struct answer *ret)
{
	struct plan *plan = ctx;

	plan->calls++;
	ck_assert_ptr_eq(args, plan);
	buf_init(&ret->body, plan->arena, 1000);
	buf_adds(&ret->body, str_of(plan->body));
	ret->content_type = "text/x";
	return plan->rc;
}

static const struct read_model model = { "test", TIER_WARM, filler };

START_TEST(test_fills_and_stamps)
{
	struct plan plan = { RC_OK, "{}", 0, arena_new(1000) };
	struct cache *cache = cache_new();
	struct answer first = { 0 }, other = { 0 };

	ck_assert_int_eq(cache_through(cache, &model, &plan, &plan, &first), RC_OK);
	ck_assert_int_eq(first.rc, RC_OK);
	ck_assert_int_eq(first.tier, TIER_WARM);
	ck_assert_int_eq(first.source, SOURCE_DATABASE);
	ck_assert(str_eq(buf_str(&first.body), STR("{}")));
	ck_assert_int_eq(first.etag[0], '"');
	plan.body = "{ }";
	ck_assert_int_eq(cache_through(cache, &model, &plan, &plan, &other), RC_OK);
	ck_assert_str_ne(first.etag, other.etag);
	ck_assert_int_eq(plan.calls, 2);
	ck_assert_uint_eq(cache_counts(cache).fills, 2);
	cache_free(cache);
	arena_free(plan.arena);
}
END_TEST

START_TEST(test_negative_keeps_its_word)
{
	struct plan plan = { RC_NOT_FOUND, "token", 0, arena_new(1000) };
	struct cache *cache = cache_new();
	struct answer answer = { 0 };

	ck_assert_int_eq(cache_through(cache, &model, &plan, &plan, &answer), RC_NOT_FOUND);
	ck_assert_int_eq(answer.rc, RC_NOT_FOUND);
	ck_assert(str_eq(buf_str(&answer.body), STR("token")));
	ck_assert_uint_eq(cache_counts(cache).negatives, 1);
	cache_free(cache);
	arena_free(plan.arena);
}
END_TEST

START_TEST(test_failure_leaves_answer_alone)
{
	struct plan plan = { RC_UNAVAILABLE, "half", 0, arena_new(1000) };
	struct cache *cache = cache_new();
	struct answer answer = { .modified_us = 7 };

	ck_assert_int_eq(cache_through(cache, &model, &plan, &plan, &answer), RC_UNAVAILABLE);
	ck_assert_int_eq(answer.modified_us, 7);
	ck_assert_ptr_null(answer.body.ptr);
	ck_assert_uint_eq(cache_counts(cache).failures, 1);
	ck_assert_uint_eq(cache_counts(cache).fills, 0);
	cache_free(cache);
	arena_free(plan.arena);
}
END_TEST

START_TEST(test_tier_names)
{
	ck_assert_str_eq(tier_name(TIER_NONE), "none");
	ck_assert_str_eq(tier_name(TIER_COLD), "cold");
}
END_TEST

SUITE(test_fills_and_stamps, test_negative_keeps_its_word, test_failure_leaves_answer_alone,
      test_tier_names)
