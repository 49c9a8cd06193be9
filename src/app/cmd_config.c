/* such-market check-config: are the settings right, what are they, what do they mean. */
#include <stdlib.h>
#include <unistd.h>
#include "app/command.h"
#include "app/compat.h"

static int describe(void)
{
	SCOPED(config_done) struct config *config = config_new();

	conf_describe(config->conf, stdout);
	puts("\nnames of the older system, above the file and below SUCH_MARKET_<NAME>; the "
	     "later wins");
	compat_describe(stdout);
	return EXIT_SUCCESS;
}

int cmd_config(int argc, char **argv)
{
	bool dump = false, explain = false;
	const struct arg_option own[] = { { "dump", NULL, &dump },
					  { "describe", NULL, &explain },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("check-config", argc, argv, own, 0, &args, &status))
		return status;
	if (explain)
		return describe();
	SCOPED(config_done) struct config *config = command_config(&args);
	if (!config)
		return EXIT_FAILURE;
	compat_notes(args.source.envp, stderr);
	if (!*config->pg.url)
		fputs("note: database_url is not set; the server needs it\n", stderr);
	if (dump)
		conf_dump(config->conf, stdout);
	else
		printf("OK (%s)\n", config->path ? config->path : "no file");
	return EXIT_SUCCESS;
}
