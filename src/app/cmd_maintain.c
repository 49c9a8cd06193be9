/* such-market maintain: retention, as the maintenance role; for a timer, once a day. */
#include <inttypes.h>
#include <stdlib.h>
#include "app/command.h"
#include "app/config.h"
#include "model/audit.h"
#include "model/ownership.h"
#include "model/page.h"
#include "net/pg.h"

#define MS_PER_S     1000
#define STATEMENT_MS 60000

static enum rc prune_answers(struct pg *pg, int64_t keep_s, int64_t *ret_gone)
{
	char keep[24];

	snprintf(keep, sizeof(keep), "%" PRId64, keep_s);
	SCOPED(pg_result_done)
	struct pg_result row = pg_run(pg, STMT_write_prune, PG_ARGS(pg_text(keep)));
	if (row.rc == RC_OK)
		*ret_gone = pg_i64(&row, 0, 0);
	return row.rc;
}

static int run(struct pg *pg, const struct api_options *keep)
{
	const struct {
		const char *what;
		enum rc (*prune)(struct pg *pg, int64_t keep_s, int64_t *ret_gone);
		int64_t keep_ms;
	} steps[] = {
		{ "audit rows", audit_prune, keep->audit_keep_ms },
		{ "rows of recounts", ownership_mends_prune, keep->audit_keep_ms },
		{ "answers of requests", prune_answers, keep->idempotency_keep_ms },
	};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		int64_t gone = 0;
		enum rc rc = steps[i].prune(pg, steps[i].keep_ms / MS_PER_S, &gone);

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
	status = run(pg, &config->api);
	pg_free(pg);
	return status;
}
