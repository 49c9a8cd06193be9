/* such-market maintain: retention, as the maintenance role; for a timer, once a day. */
#include <inttypes.h>
#include <stdlib.h>
#include "app/command.h"
#include "app/config.h"
#include "model/audit.h"
#include "model/ownership.h"
#include "model/snapshot.h"
#include "net/pg.h"

#define MS_PER_S     1000
#define STATEMENT_MS 60000

static int run(struct pg *pg, int64_t keep_ms)
{
	const struct {
		const char *what;
		enum rc (*prune)(struct pg *pg, int64_t keep_s, int64_t *ret_gone);
	} steps[] = {
		{ "audit rows", audit_prune },
		{ "rows of recounts", ownership_mends_prune },
		{ "snapshots of the counters", snapshot_prune },
	};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		int64_t gone = 0;
		enum rc rc = steps[i].prune(pg, keep_ms / MS_PER_S, &gone);

		if (rc != RC_OK)
			return command_fail("maintain", EXIT_FAILURE, "%s: %s: %s",
					    steps[i].what, rc_text(rc), pg_error(pg));
		printf("%" PRId64 " %s forgotten\n", gone, steps[i].what);
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
