/*
 * The command line after the word: --config PATH, the command's own options, any setting as
 * --name=value or --name value, and plain words.
 */
#ifndef APP_ARGS_H
#define APP_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include "app/config.h"
#include "base/rc.h"

#define ARGS_WORDS    4
#define ARGS_SETTINGS 64

/* One own option: exactly one of the two is set. */
struct arg_option {
	const char *name;   /* with dashes in front; NULL ends the table */
	const char **value; /* takes the next argument or what follows '=' */
	bool *flag;
};

struct args {
	const char *word[ARGS_WORDS];
	int words;
	bool help;
	struct setting setting[ARGS_SETTINGS];
	struct config_source source;
};

/* RC_INVALID: *ret_error is the message.  Slices borrow from argv; values outlive everything.
 */
enum rc args_read(int argc, char **argv, const struct arg_option *own, struct args *ret,
		  char *ret_error, size_t error_size);

#endif
