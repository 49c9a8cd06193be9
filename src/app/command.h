/* The words of the command line: one row a word, one file a command. */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/args.h"

#define EXIT_USAGE 2

struct command {
	const char *word;
	const char *synopsis; /* what may follow the word */
	const char *help;
	int (*run)(int argc, char **argv); /* after the word; the exit status */
};

extern const struct command commands[];
extern const size_t command_count;

int cmd_serve(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_maintain(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_warm(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

/*
 * Reads the arguments.  false: *ret_status is the exit status and all has been said (a mistake,
 * or
 * --help).  max_words: plain words that the command takes.
 */
bool command_args(const char *word, int argc, char **argv, const struct arg_option *own,
		  int max_words, struct args *ret, int *ret_status);
/* The configuration, or NULL when it is bad and has been said. */
struct config *command_config(const struct args *args);
/* The same for words that cannot do without a database. */
struct config *command_database(const char *word, const struct args *args);
/* "such-market WORD: text" on standard error; returns status. */
int command_fail(const char *word, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
