#include "app/compat.h"

#include "base/arena.h"
#include "base/scope.h"
#include "base/str.h"

enum compat_kind {
	COMPAT_SET,   /* the value as it is */
	COMPAT_UNUSED /* understood, without effect */
};

struct compat_row {
	const char *env;
	enum compat_kind kind;
	const char *name; /* the setting; NULL for an unused one */
	const char *help;
};

/* Ascending precedence. */
static const struct compat_row rows[] = {
#define COMPAT(env, kind, name, help) { #env, COMPAT_##kind, name, help },
#include "app/compat.def"
};

static const char *env_value(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return (*envp)[len + 1] ? *envp + len + 1 : NULL;
	return NULL;
}

enum rc compat_apply(struct conf *conf, char *const *envp, struct arena *arena)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *value = env_value(envp, rows[i].env);
		enum rc rc;

		if (!value || rows[i].kind == COMPAT_UNUSED)
			continue;
		rc = conf_set(conf, str_of(rows[i].name), str_of(value),
			      arena_printf(arena, "environment %s", rows[i].env).ptr);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

void compat_notes(char *const *envp, FILE *out)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].kind == COMPAT_UNUSED && env_value(envp, rows[i].env))
			fprintf(out, "note: %s has no effect: %s\n", rows[i].env, rows[i].help);
}

void compat_describe(FILE *out)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		fprintf(out, "%s\t%s\t%s\n", rows[i].env, rows[i].name ? rows[i].name : "-",
			rows[i].help);
}
