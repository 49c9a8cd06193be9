#include "app/compat.h"

#include "base/arena.h"
#include "base/scope.h"
#include "base/str.h"

enum compat_kind {
	COMPAT_SET,     /* the value as it is */
	COMPAT_MAX_AGE, /* milliseconds, for the max-age of every tier */
	COMPAT_UNUSED   /* understood, without effect */
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

static enum rc set_max_age(struct conf *conf, struct arena *arena, const struct compat_row *row,
			   const char *value, const char **ret_error)
{
	static const char *const names[] = { "max_age_hot", "max_age_warm", "max_age_cold" };
	const uint64_t most = 86400000;
	uint64_t ms;

	if (!str_u64(str_of(value), most, &ms)) {
		*ret_error = arena_strz(
			arena, arena_printf(arena,
					    "environment %s: \"%s\" is not a number of "
					    "milliseconds in 0 … %llu",
					    row->env, value, (unsigned long long)most));
		return RC_INVALID;
	}
	struct str seconds = arena_printf(arena, "%llu", (unsigned long long)(ms / 1000));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		enum rc rc = conf_set(
			conf, str_of(names[i]), seconds,
			arena_strz(arena, arena_printf(arena, "environment %s", row->env)));
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc set_one(struct conf *conf, struct arena *arena, const struct compat_row *row,
		       const char *value, const char **ret_error)
{
	const char *origin = arena_strz(arena, arena_printf(arena, "environment %s", row->env));

	if (row->kind == COMPAT_UNUSED)
		return RC_OK;
	if (row->kind == COMPAT_MAX_AGE)
		return set_max_age(conf, arena, row, value, ret_error);
	return conf_set(conf, str_of(row->name), str_of(value), origin);
}

enum rc compat_apply(struct conf *conf, char *const *envp, struct arena *arena,
		     const char **ret_error)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *value = env_value(envp, rows[i].env);
		enum rc rc = value ? set_one(conf, arena, &rows[i], value, ret_error) : RC_OK;

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
