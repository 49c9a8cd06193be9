/* such-market key create|list|revoke: as the application role, which owns nothing else's keys.
 */
#include <stdlib.h>
#include "app/command.h"
#include "base/arena.h"
#include "base/clock.h"
#include "model/key.h"

struct key_request {
	const char *role, *name;
};

static int fail(struct pg *pg, enum rc rc, const char *name)
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
		return command_fail("key", EXIT_FAILURE, "%s: %s", rc_text(rc), pg_error(pg));
	}
}

static int create(struct pg *pg, struct arena *arena, const struct key_request *request)
{
	char key[KEY_TEXT];
	enum role role;

	(void)arena;
	if (!request->name || !request->role)
		return command_fail("key", EXIT_USAGE, "create needs --role and --name");
	if (!role_read(str_of(request->role), &role))
		return command_fail("key", EXIT_USAGE,
				    "role \"%s\" is not one of viewer, operator, admin",
				    request->role);
	enum rc rc = key_create(pg, request->name, role, key);
	if (rc != RC_OK)
		return fail(pg, rc, request->name);
	fprintf(stderr, "The key of \"%s\" (%s). It is shown this once:\n", request->name,
		role_name(role));
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

static int list(struct pg *pg, struct arena *arena, const struct key_request *request)
{
	struct key_row *rows;
	int count;
	enum rc rc = key_list(pg, arena, &rows, &count);

	if (rc != RC_OK)
		return fail(pg, rc, request->name);
	printf("role      key          made                      revoked                   "
	       "name\n");
	for (int i = 0; i < count; i++)
		show(&rows[i]);
	return EXIT_SUCCESS;
}

static int revoke(struct pg *pg, struct arena *arena, const struct key_request *request)
{
	(void)arena;
	if (!request->name)
		return command_fail("key", EXIT_USAGE, "revoke needs --name");
	enum rc rc = key_revoke(pg, request->name);
	if (rc != RC_OK)
		return fail(pg, rc, request->name);
	printf("revoked \"%s\"\n", request->name);
	return EXIT_SUCCESS;
}

static const struct {
	const char *word;
	int (*run)(struct pg *pg, struct arena *arena, const struct key_request *request);
} actions[] = { { "create", create }, { "list", list }, { "revoke", revoke } };

int cmd_key(int argc, char **argv)
{
	struct key_request request = { NULL, NULL };
	const struct arg_option own[] = { { "role", &request.role, NULL },
					  { "name", &request.name, NULL },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("key", argc, argv, own, 1, &args, &status))
		return status;
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (args.words == 0 || strcmp(actions[i].word, args.word[0]) != 0)
			continue;
		SCOPED(config_done) struct config *config = command_config(&args);
		if (!config)
			return EXIT_FAILURE;
		struct pg *pg = pg_new(&config->pg, config->pg.url);
		status = actions[i].run(pg, config->arena, &request);
		pg_free(pg);
		return status;
	}
	return command_fail("key", EXIT_USAGE, "create, list or revoke?");
}
