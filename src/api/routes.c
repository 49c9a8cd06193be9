#include "api/routes.h"

const struct route routes[] = {
#define ROUTE(method, path, role, lane, tier, handler, help)                                   \
	{ METHOD_##method, path, ROLE_##role, LANE_##lane, TIER_##tier, handler, help },
#include "api/routes.def"
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);
