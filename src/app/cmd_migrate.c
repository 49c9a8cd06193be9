/* such-market migrate: the schema, as the database's owner. */
#include <stdlib.h>
#include "app/command.h"
#include "base/arena.h"

/* A migration may rebuild a large table: only a hang is an error. */
#define MIGRATE_DEADLINE_MS ((int64_t)24 * 3600 * 1000)

static void told(void *ctx, const char *name, int64_t ns)
{
	(void)ctx;
	printf("applied %s (%.0f ms)\n", name, (double)ns / 1e6);
	fflush(stdout);
}

static int fail(struct pg *pg, const char *what)
{
	return command_fail("migrate", EXIT_FAILURE, "%s: %s", what, pg_error(pg));
}

/* Data of the older layout in schema public; the function comes with the migrations.  Its rows:
 * source, rows found, taken, there already, rejected. */
static int take_over(struct pg *pg)
{
	SCOPED(pg_result_done)
	struct pg_result known = pg_exec(
		pg, "SELECT to_regprocedure('such_market.take_over_legacy()') IS NOT NULL");

	if (known.rc != RC_OK)
		return fail(pg, "looking for the older layout");
	if (!pg_flag(&known, 0, 0))
		return command_fail("migrate", EXIT_FAILURE,
				    "this schema has no such_market.take_over_legacy()");
	SCOPED(pg_result_done)
	struct pg_result done = pg_exec(pg, "SELECT * FROM such_market.take_over_legacy()");
	if (done.rc != RC_OK)
		return fail(pg, "taking over the older layout");
	for (int row = 0; row < done.count; row++)
		printf("older layout: " STR_FMT ": %lld found, %lld taken, %lld there already, "
		       "%lld rejected\n",
		       STR_ARG(pg_str(&done, row, 0)), (long long)pg_i64(&done, row, 1),
		       (long long)pg_i64(&done, row, 2), (long long)pg_i64(&done, row, 3),
		       (long long)pg_i64(&done, row, 4));
	return EXIT_SUCCESS;
}

static int migrate(struct pg *pg, const struct config *config, const char *optional,
		   bool legacy)
{
	struct migrate_options options = config_migrate(config);
	const char *why = "";
	int applied = 0;

	options.optional = optional;
	pg_set_deadline(pg, MIGRATE_DEADLINE_MS);
	enum rc rc = migrate_apply(pg, config->arena, &options, told, NULL, &applied, &why);
	if (rc != RC_OK)
		return command_fail("migrate", EXIT_FAILURE, "%s", *why ? why : pg_error(pg));
	if (applied == 0)
		puts("nothing to do: the schema is up to date");
	return legacy ? take_over(pg) : EXIT_SUCCESS;
}

int cmd_migrate(int argc, char **argv)
{
	const char *optional = NULL;
	bool legacy = false;
	const struct arg_option own[] = { { "optional", &optional, NULL },
					  { "legacy", NULL, &legacy },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("migrate", argc, argv, own, 0, &args, &status))
		return status;
	SCOPED(config_done) struct config *config = command_config(&args);
	if (!config)
		return EXIT_FAILURE;
	const char *url = *config->pg.direct_url ? config->pg.direct_url : config->pg.url;
	if (!*url)
		return command_fail("migrate", EXIT_FAILURE,
				    "neither direct_database_url nor database_url is set");
	struct pg *pg = pg_new(&config->pg, url);
	status = migrate(pg, config, optional, legacy);
	pg_free(pg);
	return status;
}
