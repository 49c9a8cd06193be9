/* such-market import: files into the database; the work is jobs/import.h's. */
#include <stdlib.h>
#include <unistd.h>
#include "app/attached.h"
#include "app/command.h"
#include "base/arena.h"
#include "base/buf.h"
#include "cache/write.h"
#include "jobs/import.h"

/* Merging a batch over a large collection may take long: only a hang is an error. */
#define IMPORT_DEADLINE_MS ((int64_t)3600 * 1000)

/* What was merged, all of it or some, is known to this machine before the word ends. */
static enum rc settle(const struct config *config, struct pg *pg, const char *since)
{
	struct attached here;

	attached_open(&here, config, pg);
	enum rc rc = cache_settle(here.cache, config->arena, pg, since);
	attached_close(&here);
	return rc;
}

static int run(const struct config *config, const struct import_options *options, bool json)
{
	struct import_bar bar = { .out = stderr };
	struct import_summary summary = { .error = NULL };
	bool draw = !json && isatty(STDERR_FILENO);
	struct pg *pg = pg_new(&config->pg, config->pg.url);
	struct buf since;

	buf_init(&since, config->arena, BUF_NO_MAX);
	enum rc seen = cache_since(pg, &since);
	pg_set_deadline(pg, IMPORT_DEADLINE_MS);
	enum rc rc = import_run(pg, config->arena, options, draw ? import_bar_draw : NULL, &bar,
				&summary);
	import_bar_done(&bar);
	import_summary_write(&summary, json, stdout);
	pg_set_deadline(pg, IMPORT_DEADLINE_MS); /* the import's own ends with it */
	if (seen == RC_OK)
		seen = settle(config, pg, since.ptr);
	if (rc == RC_OK && seen != RC_OK)
		command_fail("import", EXIT_FAILURE,
			     "all of it is in the database, but this machine's server was not "
			     "told: %s; it finds out within two seconds",
			     pg_error(pg));
	pg_free(pg);
	return rc == RC_OK && seen == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_skip(const char *text, int64_t *ret)
{
	uint64_t n = 0;

	if (text && !str_u64(str_of(text), IMPORT_SKIP_MAX, &n))
		return false;
	*ret = (int64_t)n;
	return true;
}

int cmd_import(int argc, char **argv)
{
	struct import_options options = { .collection = NULL };
	const char *skip = NULL;
	bool json = false;
	const struct arg_option own[] = { { "collection", &options.collection, NULL },
					  { "nfts", &options.nfts, NULL },
					  { "owners", &options.owners, NULL },
					  { "transfers", &options.transfers, NULL },
					  { "users", &options.users, NULL },
					  { "skip-bad", &skip, NULL },
					  { "any-chain", NULL, &options.any_chain },
					  { "json", NULL, &json },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("import", argc, argv, own, 0, &args, &status))
		return status;
	if (!read_skip(skip, &options.skip_bad))
		return command_fail("import", EXIT_USAGE, "--skip-bad: \"%s\" is not in 0 … %d",
				    skip, IMPORT_SKIP_MAX);
	if (!options.collection && !options.nfts && !options.owners && !options.transfers &&
	    !options.users)
		return command_fail("import", EXIT_USAGE,
				    "nothing to import: no file is named");
	SCOPED(config_done) struct config *config = command_database("import", &args);
	if (!config)
		return EXIT_FAILURE;
	return run(config, &options, json);
}
