/* such-market maintain: retention, as the maintenance role; for a timer, once a day. */
#include <inttypes.h>
#include <stdlib.h>
#include "app/command.h"
#include "app/config.h"
#include "model/prune.h"
#include "net/pg.h"

#define MS_PER_S     1000
#define STATEMENT_MS 60000

static int run(struct pg *pg, int64_t keep_ms)
{
	for (enum prune what = 0; what < PRUNES; what++) {
		int64_t gone = 0;
		enum rc rc = prune_run(pg, what, keep_ms / MS_PER_S, &gone);

		if (rc != RC_OK)
			return command_fail("maintain", EXIT_FAILURE, "%s: %s: %s",
					    prune_name(what), rc_text(rc), pg_error(pg));
		printf("%" PRId64 " %s forgotten\n", gone, prune_name(what));
	}
	return EXIT_SUCCESS;
}

int cmd_maintain(int argc, char **argv)
{
	struct args args;
	int status;

	if (!command_args("maintain", argc, argv, NULL, 0, &args, &status))
		return status;
	SCOPED(config_done) struct config *config = command_config(&args);
	if (!config)
		return EXIT_FAILURE;
	if (!*config->pg.maintenance_url)
		return command_fail("maintain", EXIT_FAILURE,
				    "maintenance_database_url is not set");
	struct pg *pg = pg_new(&config->pg, config->pg.maintenance_url);
	pg_set_deadline(pg, STATEMENT_MS);
	status = run(pg, config->api.audit_keep_ms);
	pg_free(pg);
	return status;
}
