/* such-market serve: this process becomes the master. */
#include <stdlib.h>
#include "app/command.h"
#include "app/master.h"
#include "base/log.h"

static int serve(const struct args *args, struct config *config)
{
	struct master m;
	const char *why;
	int status = EXIT_FAILURE;

	if (master_start(&m, &args->source, config, &why) == RC_OK)
		status = master_run(&m);
	else
		log_error("not started", LOG_STR("why", str_of(why)));
	master_close(&m);
	return status;
}

int cmd_serve(int argc, char **argv)
{
	struct args args;
	int status;

	if (!command_args("serve", argc, argv, NULL, 0, &args, &status))
		return status;
	SCOPED(config_done) struct config *config = command_database("serve", &args);
	if (!config)
		return EXIT_FAILURE;
	log_role("master");
	if (log_open(&config->log) != RC_OK)
		return command_fail("serve", EXIT_FAILURE, "%s: cannot open the log",
				    config->log.file);
	return serve(&args, config);
}
