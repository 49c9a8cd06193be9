#include "base/scope.h"
#include "http/router.h"
#include "suite.h"

static enum rc nothing(struct call *call)
{
	(void)call;
	return RC_OK;
}

#define ROW(m, p)                                                                              \
	{                                                                                      \
		METHOD_##m, p, ROLE_PUBLIC, LANE_HOT, TIER_HOT, nothing, ""                    \
	}
static const struct route rows[] = {
	ROW(GET, "/health"),
	ROW(GET, "/api/collection/{address}"),
	ROW(GET, "/api/collection/{address}/nfts"),
	ROW(GET, "/api/collection/{address}/nfts/{tokenId}"),
	ROW(GET, "/api/collection/{address}/nfts/owned"),
	ROW(GET, "/api/collection/{address}/nfts/{tokenId}/owner"),
	ROW(GET, "/api/collection/{address}/refresh"),
	ROW(POST, "/api/collection/{address}/refresh"),
	ROW(POST, "/api/admin/clear"),
	ROW(PATCH, "/every"),
	ROW(DELETE, "/every"),
	ROW(PUT, "/every"),
	ROW(POST, "/every"),
	ROW(GET, "/every"),
	ROW(GET, "/turn/a/{x}/left"),
	ROW(GET, "/turn/{x}/1/right"),
};

static struct route_tree *tree;
static struct route_match found;

static void start(void)
{
	tree = route_tree_new(rows, COUNT_OF(rows));
}

static void stop(void)
{
	route_tree_free(tree);
}

static int find(enum method method, const char *path)
{
	route_find(tree, method, str_of(path), &found);
	return found.route ? (int)(found.route - rows) : -1;
}

START_TEST(fixed_paths_and_holes)
{
	ck_assert_int_eq(find(METHOD_GET, "/health"), 0);
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab"), 1);
	ck_assert(str_eqz(found.hole[0], "0xab"));
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab/nfts/7/owner"), 5);
	ck_assert(str_eqz(found.hole[0], "0xab"));
	ck_assert(str_eqz(found.hole[1], "7"));
	ck_assert_ptr_null(found.hole[2].ptr);
}
END_TEST

START_TEST(a_fixed_segment_wins_over_a_hole)
{
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab/nfts/owned"), 4);
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab/nfts/ownedx"), 3);
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab/nfts/owned/owner"), 5);
}
END_TEST

START_TEST(other_paths_are_unknown)
{
	static const char *const paths[] = {
		"/",
		"",
		"/healthy",
		"/health/",
		"/HEALTH",
		"//health",
		"/api",
		"/api/collection",
		"/api/collection/",
		"/api/collection//nfts",
		"/api/collection/0xab/nfts/",
		"/api/collection/0xab/nfts/7/owner/x",
	};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		ck_assert_msg(find(METHOD_GET, paths[i]) == -1, "%s", paths[i]);
		ck_assert_msg(!found.path_known, "%s", paths[i]);
	}
}
END_TEST

START_TEST(methods)
{
	ck_assert_int_eq(find(METHOD_HEAD, "/health"), 0);
	ck_assert_int_eq(find(METHOD_POST, "/api/collection/0xab/refresh"), 7);
	ck_assert_int_eq(find(METHOD_PUT, "/api/collection/0xab/refresh"), -1);
	ck_assert_str_eq(found.allow, "GET, HEAD, POST, OPTIONS");
	ck_assert_int_eq(find(METHOD_GET, "/api/collection/0xab/refresh"), 6);
	ck_assert_int_eq(find(METHOD_DELETE, "/health"), -1);
	ck_assert(found.path_known);
	ck_assert_str_eq(found.allow, "GET, HEAD, OPTIONS");
	ck_assert_int_eq(find(METHOD_HEAD, "/api/admin/clear"), -1);
	ck_assert_str_eq(found.allow, "POST, OPTIONS");
	ck_assert_int_eq(find(METHOD_OPTIONS, "/api/collection/0xab/nfts/owned"), -1);
	ck_assert(found.path_known);
	ck_assert_int_eq(find(METHOD_OTHER, "/every"), -1);
	ck_assert_str_eq(found.allow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	/* The closer pattern alone says what is allowed. */
	ck_assert_int_eq(find(METHOD_POST, "/api/collection/0xab/nfts/owned"), -1);
	ck_assert(found.path_known);
}
END_TEST

/* A hole is taken back when the fixed segment beside it leads to an end, and the other way. */
START_TEST(a_wrong_turn_leaves_nothing)
{
	ck_assert_int_eq(find(METHOD_GET, "/turn/a/1/left"), 14);
	ck_assert_ptr_null(found.hole[1].ptr);
	ck_assert(str_eqz(found.hole[0], "1"));
	ck_assert_int_eq(find(METHOD_GET, "/turn/a/1/right"), 15);
	ck_assert(str_eqz(found.hole[0], "a"));
	ck_assert_ptr_null(found.hole[1].ptr);
	ck_assert_int_eq(find(METHOD_GET, "/turn/a/1/back"), -1);
	ck_assert(!found.path_known);
	ck_assert_ptr_null(found.hole[0].ptr);
}
END_TEST

SUITE_WITH(start, stop, 0, fixed_paths_and_holes, a_fixed_segment_wins_over_a_hole,
	   other_paths_are_unknown, methods, a_wrong_turn_leaves_nothing)
