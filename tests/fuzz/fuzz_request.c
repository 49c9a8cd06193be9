/*
 * Requests.  Rooms: base http.  Lines: method, address, Accept, If-None-Match, request id; then
 * the body.  What was read must keep what the headers promise; what was refused must make a
 * problem.
 */
#include <stdint.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route rows[] = {
	{ METHOD_GET, "/health", ROLE_PUBLIC, LANE_HOT, TIER_NONE, NULL, "" },
	{ METHOD_GET, "/api/collection/{address}/nfts/{tokenId}", ROLE_PUBLIC, LANE_HOT,
	  TIER_HOT, NULL, "" },
	{ METHOD_POST, "/api/collection/{address}/refresh", ROLE_PUBLIC, LANE_HOT, TIER_HOT,
	  NULL, "" },
};

static const struct param params[] = {
	{ "pageSize", PARAM_INT, .min = 1, .max = 100, .preset = 20 },
	{ "sort", PARAM_CHOICE, .choices = "tokenId|rarity|updatedAt" },
	{ "verified", .kind = PARAM_BOOL },
	{ "owner", .kind = PARAM_ADDRESS },
	{ "token", .kind = PARAM_TOKEN },
	{ "search", .kind = PARAM_TEXT },
	{ "cursor", .kind = PARAM_CURSOR },
	{ "attributes", .kind = PARAM_TRAITS },
};

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_query(struct arena *arena, const struct request *req)
{
	struct param_value v[COUNT_OF(params)];
	struct problem problem = { 0 };
	enum rc rc = query_read(req, params, COUNT_OF(params), v, &problem);
	struct buf out;

	if (rc != RC_OK) {
		buf_init(&out, arena, BUF_NO_MAX);
		problem_write(&problem, req->id, &out);
		require(problem.rc == RC_INVALID && !buf_failed(&out));
		return;
	}
	require(v[0].num >= 1 && v[0].num <= 100);
	require(v[1].num >= 0 && v[1].num <= 2);
	require(!v[5].given || (v[5].text.len && utf8_valid(v[5].text)));
	require(v[7].trait_count <= QUERY_TRAITS_MAX);
	for (size_t i = 0; i < v[7].trait_count; i++)
		require(v[7].traits[i].type.len && utf8_valid(v[7].traits[i].type) &&
			utf8_valid(v[7].traits[i].value));
}

static void check_answer(struct arena *arena, const struct request *req)
{
	static const struct http_options options = { .cors_origin = "*" };
	struct answer answer = { .tier = TIER_HOT,
				 .content_type = "application/json",
				 .etag = "\"abc\"" };
	struct response res;

	buf_init(&answer.body, arena, BUF_NO_MAX);
	response_init(&res, arena);
	response_answer(&res, req, &options, &answer);
	require(res.status == 200 || res.status == 304 || res.status == 406);
	require(!buf_failed(&res.head));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct route_tree *tree = route_tree_new(rows, COUNT_OF(rows));
	struct arena *arena = arena_new(65536);
	struct request_ids ids = { .prefix = "0123456789abcdef" };
	struct str rest = { (const char *)data, size };
	static const char *const names[] = { "REQUEST_METHOD", "REQUEST_URI", "HTTP_ACCEPT",
					     "HTTP_IF_NONE_MATCH", "HTTP_X_REQUEST_ID" };
	char *params[COUNT_OF(names) + 2] = { NULL };
	const struct request_source source = { params, &ids };
	struct problem problem = { 0 };
	struct route_match match;
	struct request req;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct str line = str_cut(&rest, '\n');

		params[i] = arena_strz(
			arena, arena_printf(arena, "%s=" STR_FMT, names[i], STR_ARG(line)));
	}
	params[COUNT_OF(names)] =
		arena_strz(arena, arena_printf(arena, "CONTENT_LENGTH=%zu", rest.len));
	if (request_read(arena, &source, 0, &req, &problem) == RC_OK) {
		require(request_body(&req, rest, &problem) == RC_OK);
		require(req.path.len && req.path.ptr[0] == '/' && utf8_valid(req.path));
		require(req.query.len <= REQUEST_QUERY_MAX);
		route_find(tree, req.method, req.path, &match);
		require(!match.route || match.path_known);
		check_query(arena, &req);
		check_answer(arena, &req);
	} else {
		require(problem_status(problem.rc) >= 400);
	}
	require(strlen(req.id) > 0);
	route_tree_free(tree);
	arena_free(arena);
	return 0;
}
