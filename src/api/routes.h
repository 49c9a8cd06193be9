/* The map of the service: routes.def, one row a route. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "base/tally.h"
#include "http/router.h"

#define ROUTE(method, path, role, lane, tier, handler, help) enum rc handler(struct call *call);
#include "api/routes.def"

extern const struct route routes[];
extern const size_t route_count;
/* By which requests and reads are counted: "GET /health", "collection". */
extern const struct tally_names counted_names;
/* For route_find; made at its first use, once a process. */
const struct route_tree *routes_tree(void);

#endif
