/* such-market routes: the table the server answers from. */
#include <stdlib.h>
#include "api/routes.h"
#include "app/command.h"

static const char *const methods[] = {
	[METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",   [METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",         [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "OTHER",
};
static const char *const lanes[] = { [LANE_HOT] = "hot", [LANE_SLOW] = "slow" };
static const char *const tiers[] = {
	[TIER_NONE] = "-",
	[TIER_HOT] = "hot",
	[TIER_WARM] = "warm",
	[TIER_COLD] = "cold",
};

int cmd_routes(int argc, char **argv)
{
	struct args args;
	int status;

	if (!command_args("routes", argc, argv, NULL, 0, &args, &status))
		return status;
	for (size_t i = 0; i < route_count; i++)
		printf("%-7s %-53s %-8s %-4s %-4s %s\n", methods[routes[i].method],
		       routes[i].path, role_name(routes[i].role), lanes[routes[i].lane],
		       tiers[routes[i].tier], routes[i].help);
	return EXIT_SUCCESS;
}
