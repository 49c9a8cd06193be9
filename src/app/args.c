#include "app/args.h"

#include <stdio.h>
#include <unistd.h>

struct reader {
	int argc, next;
	char **argv;
	const struct arg_option *own;
	struct args *ret;
	char *error;
	size_t error_size;
};

#define refuse(r, ...) (snprintf((r)->error, (r)->error_size, __VA_ARGS__), RC_INVALID)

/* The value of the option at hand: after its '=', or the next argument. */
static enum rc value_of(struct reader *r, struct str name, struct str rest, const char **ret)
{
	if (rest.ptr) {
		*ret = rest.ptr;
		return RC_OK;
	}
	if (r->next >= r->argc)
		return refuse(r, "--" STR_FMT " needs a value", STR_ARG(name));
	*ret = r->argv[r->next++];
	return RC_OK;
}

static const struct arg_option *own_option(const struct reader *r, struct str name)
{
	for (const struct arg_option *o = r->own; o && o->name; o++)
		if (str_eqz(name, o->name))
			return o;
	return NULL;
}

static enum rc read_own(struct reader *r, const struct arg_option *option, struct str name,
			struct str rest)
{
	if (option->value)
		return value_of(r, name, rest, option->value);
	if (rest.ptr)
		return refuse(r, "--" STR_FMT " takes no value", STR_ARG(name));
	*option->flag = true;
	return RC_OK;
}

static enum rc read_setting(struct reader *r, struct str name, struct str rest)
{
	struct args *a = r->ret;
	const char *value;

	if (!config_known(name))
		return refuse(r, "unknown option --" STR_FMT, STR_ARG(name));
	enum rc rc = value_of(r, name, rest, &value);
	if (rc != RC_OK)
		return rc;
	if (a->source.setting_count == ARGS_SETTINGS)
		return refuse(r, "more than %d settings; use a file", ARGS_SETTINGS);
	a->setting[a->source.setting_count++] = (struct setting){ name, str_of(value) };
	return RC_OK;
}

static enum rc read_option(struct reader *r, const char *text)
{
	struct str rest = str_of(text + 2), name = str_cut(&rest, '=');
	const struct arg_option *option = own_option(r, name);

	if (str_eqz(name, "help")) {
		r->ret->help = true;
		return RC_OK;
	}
	if (option)
		return read_own(r, option, name, rest);
	if (str_eqz(name, "config"))
		return value_of(r, name, rest, &r->ret->source.path);
	return read_setting(r, name, rest);
}

static enum rc read_one(struct reader *r)
{
	const char *text = r->argv[r->next++];
	struct args *a = r->ret;

	if (strncmp(text, "--", 2) == 0 && text[2])
		return read_option(r, text);
	if (strcmp(text, "-h") == 0)
		a->help = true;
	else if (*text == '-' && text[1])
		return refuse(r, "unknown option %s", text);
	else if (a->words == ARGS_WORDS)
		return refuse(r, "too many words: %s", text);
	else
		a->word[a->words++] = text;
	return RC_OK;
}

enum rc args_read(int argc, char **argv, const struct arg_option *own, struct args *ret,
		  char *ret_error, size_t error_size)
{
	struct reader r = { argc, 0, argv, own, ret, ret_error, error_size };
	enum rc rc = RC_OK;

	*ret = (struct args){ .words = 0 };
	ret->source.envp = environ;
	while (rc == RC_OK && r.next < argc)
		rc = read_one(&r);
	ret->source.settings = ret->setting;
	return rc;
}
