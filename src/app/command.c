#include "app/command.h"

#include <stdarg.h>
#include <stdlib.h>

const struct command commands[] = {
	{ "serve", "[--SETTING=VALUE…]", "run the server, in the foreground", cmd_serve },
	{ "migrate", "[--optional NAME] [--legacy]", "bring the database's schema up to date",
	  cmd_migrate },
	{ "import",
	  "[--collection META.json] [--nfts FILE] [--owners FILE] [--transfers FILE]\n"
	  "       [--users FILE] [--skip-bad N] [--any-chain] [--json]",
	  "read a collection from files", cmd_import },
	{ "key", "create --role ROLE --name NAME | list | revoke --name NAME",
	  "make, show and withdraw API keys", cmd_key },
	{ "warm", "[--collection ADDRESS,…] [--top N] [--rate N] [--no-wait] [--json]",
	  "fill the caches with what is read most", cmd_warm },
	{ "bench", "[--no-wait] [--json]", "measure the tiers and the load they bear",
	  cmd_bench },
	{ "maintain", "", "forget what is older than the settings keep it", cmd_maintain },
	{ "check-config", "[--dump | --describe]",
	  "check the settings, show them, explain them", cmd_config },
	{ "routes", "", "list what the server answers", cmd_routes },
	{ "version", "", "say which version this is", cmd_version },
	{ "help", "[WORD]", "this text", cmd_help },
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

static const struct command *find(const char *word)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].word, word) == 0)
			return &commands[i];
	return NULL;
}

static void usage_all(FILE *out)
{
	fprintf(out,
		"such-market " PACKAGE_VERSION ": NFT collections and their owners, served\n\n"
		"usage: such-market WORD [OPTIONS]\n\n");
	for (size_t i = 0; i < command_count; i++)
		fprintf(out, "  %-13s %s\n", commands[i].word, commands[i].help);
	fprintf(out, "\nEvery word takes --config FILE and every setting as --name=value.\n"
		     "such-market check-config --describe lists the settings.\n");
}

static void usage_one(FILE *out, const struct command *command)
{
	fprintf(out, "usage: such-market %s %s\n%s\n", command->word, command->synopsis,
		command->help);
}

int cmd_help(int argc, char **argv)
{
	const struct command *command = argc > 0 ? find(argv[0]) : NULL;

	if (argc > 1 || (argc == 1 && !command))
		return command_fail("help", EXIT_USAGE, "no such word: %s", argv[argc > 1]);
	if (command)
		usage_one(stdout, command);
	else
		usage_all(stdout);
	return EXIT_SUCCESS;
}

int cmd_version(int argc, char **argv)
{
	if (argc > 0)
		return command_fail("version", EXIT_USAGE, "takes no argument: %s", argv[0]);
	puts("such-market " PACKAGE_VERSION);
	return EXIT_SUCCESS;
}

int command_fail(const char *word, int status, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "such-market %s: ", word);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	if (status == EXIT_USAGE)
		fprintf(stderr, "such-market help %s tells how it is used\n", word);
	return status;
}

bool command_args(const char *word, int argc, char **argv, const struct arg_option *own,
		  int max_words, struct args *ret, int *ret_status)
{
	char error[256];

	if (args_read(argc, argv, own, ret, error, sizeof(error)) != RC_OK) {
		*ret_status = command_fail(word, EXIT_USAGE, "%s", error);
		return false;
	}
	if (ret->help) {
		usage_one(stdout, find(word));
		*ret_status = EXIT_SUCCESS;
		return false;
	}
	if (ret->words > max_words) {
		*ret_status =
			command_fail(word, EXIT_USAGE, "what is \"%s\"?", ret->word[max_words]);
		return false;
	}
	return true;
}

struct config *command_config(const struct args *args)
{
	struct config *config = config_new();

	if (config_load(config, &args->source) == RC_OK)
		return config;
	fprintf(stderr, "such-market: %s\n", config->error);
	config_free(config);
	return NULL;
}

struct config *command_database(const char *word, const struct args *args)
{
	struct config *config = command_config(args);

	if (!config || *config->pg.url)
		return config;
	command_fail(word, EXIT_FAILURE, "database_url is not set");
	config_free(config);
	return NULL;
}
