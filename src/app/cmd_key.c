/* such-market key create|list|revoke: as the application role, which owns nothing else's keys.
 */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>
#include "app/attached.h"
#include "app/command.h"
#include "base/arena.h"
#include "base/clock.h"
#include "model/env.h"
#include "model/key.h"

struct key_request {
	const char *role_text, *name;
	enum role role;
};

static int fail(struct env *env, enum rc rc, const char *name)
{
	switch (rc) {
	case RC_CONFLICT:
		return command_fail("key", EXIT_FAILURE, "a key named \"%s\" is in use", name);
	case RC_NOT_FOUND:
		return command_fail("key", EXIT_FAILURE, "no key named \"%s\" is in use", name);
	case RC_INVALID:
		return command_fail("key", EXIT_FAILURE,
				    "a name has 1 … %d characters and no control characters",
				    KEY_NAME_MAX);
	default:
		return command_fail("key", EXIT_FAILURE, "%s: %s", rc_text(rc),
				    pg_error(env->pg));
	}
}

/* What to say when the reply to COMMIT was lost for good. */
static int doubt_made(const char *name)
{
	return command_fail("key", EXIT_FAILURE,
			    "nobody knows whether it was made: a key named \"%s\" may be in "
			    "use, which nobody has; \"such-market key list\" shows it, "
			    "\"such-market key revoke\" with the same --name ends it",
			    name);
}

static int doubt_revoked(const char *name)
{
	return command_fail("key", EXIT_FAILURE,
			    "nobody knows whether \"%s\" was revoked: it may open doors still; "
			    "say it again until it is",
			    name);
}

static int create(struct env *env, const struct key_request *request)
{
	char key[KEY_TEXT];
	enum rc rc = key_create(env, request->name, request->role, key);

	if (rc == RC_TIMEOUT)
		return doubt_made(request->name);
	if (rc != RC_OK)
		return fail(env, rc, request->name);
	fprintf(stderr, "The key of \"%s\" (%s). It is shown this once:\n", request->name,
		role_name(request->role));
	puts(key);
	return EXIT_SUCCESS;
}

static void show(const struct key_row *row)
{
	char created[CLOCK_RFC3339_MAX], revoked[CLOCK_RFC3339_MAX] = "in use";

	clock_rfc3339(row->created_us, created);
	if (row->revoked_us)
		clock_rfc3339(row->revoked_us, revoked);
	printf("%-8s  " STR_FMT "…  %s  %-24s  " STR_FMT "\n", role_name(row->role),
	       STR_ARG(row->hint), created, revoked, STR_ARG(row->name));
}

static int list(struct env *env, const struct key_request *request)
{
	struct key_row *rows;
	int count;
	enum rc rc = key_list(env->pg, env->arena, &rows, &count);

	if (rc != RC_OK)
		return fail(env, rc, request->name);
	printf("role      key          made                      revoked                   "
	       "name\n");
	for (int i = 0; i < count; i++)
		show(&rows[i]);
	return EXIT_SUCCESS;
}

static int withdraw(struct env *env, const struct key_request *request)
{
	enum rc rc = key_revoke(env, request->name);

	if (rc == RC_TIMEOUT)
		return doubt_revoked(request->name);
	if (rc != RC_OK)
		return fail(env, rc, request->name);
	printf("revoked \"%s\"\n", request->name);
	return EXIT_SUCCESS;
}

/* Who is sitting there, behind sudo too (whom only root can pretend to be). */
static const char *user_name(void)
{
	static char number[32];
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *pw = getpwuid(getuid());

	if (sudo && *sudo)
		return sudo;
	if (pw)
		return pw->pw_name;
	snprintf(number, sizeof(number), "%u", (unsigned)getuid());
	return number;
}

struct action {
	const char *word;
	bool role, name; /* options it needs */
	int (*run)(struct env *env, const struct key_request *request);
};

static const struct action actions[] = {
	{ "create", true, true, create },
	{ "list", false, false, list },
	{ "revoke", false, true, withdraw },
};

static const struct action *find_action(const struct args *args)
{
	for (size_t i = 0; args->words && i < COUNT_OF(actions); i++)
		if (strcmp(actions[i].word, args->word[0]) == 0)
			return &actions[i];
	return NULL;
}

/* NULL, or what is wrong with the command line. */
static const char *misuse(const struct action *action, struct key_request *request)
{
	if (!action)
		return "create, list or revoke?";
	if (action->name && !request->name)
		return "which key? --name is needed";
	if (action->role &&
	    (!request->role_text || !role_read(str_of(request->role_text), &request->role)))
		return "--role is one of viewer, operator, admin";
	return NULL;
}

int cmd_key(int argc, char **argv)
{
	struct key_request request = { .name = NULL };
	const struct arg_option own[] = { { "role", &request.role_text, NULL },
					  { "name", &request.name, NULL },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("key", argc, argv, own, 1, &args, &status))
		return status;
	const struct action *action = find_action(&args);
	const char *wrong = misuse(action, &request);
	if (wrong)
		return command_fail("key", EXIT_USAGE, "%s", wrong);
	SCOPED(config_done) struct config *config = command_database("key", &args);
	if (!config)
		return EXIT_FAILURE;
	struct attached here;
	struct env env = { .arena = config->arena,
			   .pg = pg_new(&config->pg, config->pg.url),
			   .user = user_name() };

	attached_open(&here, config, env.pg);
	env.cache = here.cache;
	status = action->run(&env, &request);
	attached_close(&here);
	pg_free(env.pg);
	return status;
}
