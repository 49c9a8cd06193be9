#include "api/routes.h"

#include "model/reads.h"

const struct route routes[] = {
#define ROUTE(method, path, role, lane, tier, handler, help)                                   \
	{ METHOD_##method, path, ROLE_##role, LANE_##lane, TIER_##tier, handler, help },
#include "api/routes.def"
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);

static const char *const route_names[] = {
#define ROUTE(method, path, role, lane, tier, handler, help) #method " " path,
#include "api/routes.def"
};
_Static_assert(sizeof(route_names) / sizeof(route_names[0]) <= TALLY_OTHER,
	       "each route is counted");

const struct tally_names counted_names = {
	.route = route_names,
	.routes = sizeof(route_names) / sizeof(route_names[0]),
	.read = read_names,
	.reads = READ_COUNT,
};

const struct route_tree *routes_tree(void)
{
	static struct route_tree *tree;

	if (!tree)
		tree = route_tree_new(routes, route_count);
	return tree;
}
