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
	char allow[64];  /* "GET, HEAD, OPTIONS" when path_known */
};

/* The table is small and constant; lookup walks segments without allocation. */
void route_find(const struct route *routes, size_t n, enum method method, struct str path,
		struct route_match *ret);

#endif
