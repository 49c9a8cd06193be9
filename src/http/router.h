/*
 * The route table's row and the matching of a path.  Patterns are made of fixed segments and
 * holes
 * ("/api/collection/{address}/nfts/{tokenId}"); a fixed segment wins over a hole.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/answer.h"
#include "base/rc.h"
#include "base/role.h"
#include "base/str.h"
#include "http/request.h"

struct call; /* api/call.h */

enum lane {
	LANE_HOT,
	LANE_SLOW
};

#define ROUTE_HOLES 4

struct route {
	enum method method; /* GET rows also answer HEAD */
	const char *path;
	enum role role;
	enum lane lane;
	enum tier tier;
	enum rc (*handler)(struct call *call);
	const char *help;
};

struct route_match {
	const struct route *route; /* NULL: not found, or method not allowed */
	struct str hole[ROUTE_HOLES];
	bool path_known; /* some method is allowed here */
	char allow[64];  /* without a route, when path_known: "GET, HEAD, OPTIONS" */
};

/* The table by segments, so that a request does not meet every row of it.  The table is
 * borrowed and stays; out of memory ends the process. */
struct route_tree;
struct route_tree *route_tree_new(const struct route *routes, size_t n);
void route_tree_free(struct route_tree *tree);

void route_find(const struct route_tree *tree, enum method method, struct str path,
		struct route_match *ret);

#endif
