#include "api/routes.h"

const struct route routes[] = {
#define ROUTE(method, path, role, lane, tier, handler, help)                                   \
	{ METHOD_##method, path, ROLE_##role, LANE_##lane, TIER_##tier, handler, help },
#include "api/routes.def"
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);

const struct route_tree *routes_tree(void)
{
	static struct route_tree *tree;

	if (!tree)
		tree = route_tree_new(routes, route_count);
	return tree;
}
