#include "base/conf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/conf_value.h"
#include "base/utf8.h"

#define PREFIX       "SUCH_MARKET_"
#define FILE_MAX     ((size_t)1 << 20)
#define LONGEST_NAME 64

/* A setting as it stands now. */
struct row {
	const struct conf_section *section;
	const struct conf_key *key;
	struct str text; /* what the value was read from */
	const char *origin;
	const void *source; /* the file or environment that set it last: twice is an error */
};

struct conf {
	struct arena *arena;
	const struct conf_section *sections;
	size_t section_count;
	const struct conf_alias *aliases;
	size_t alias_count;
	struct row *rows;
	size_t row_count;
	const char *error;
};

static void add_rows(struct conf *conf, const struct conf_section *section)
{
	const char *why;

	for (const struct conf_key *key = section->keys; key->name; key++) {
		struct str preset = key->preset ? str_of(key->preset) : STR("");
		struct row *row = &conf->rows[conf->row_count++];
		enum rc rc = conf_value_read(key, preset, section->values, conf->arena, &why);

		assert(rc == RC_OK && strlen(key->name) < LONGEST_NAME);
		(void)rc;
		*row = (struct row){ section, key, preset, "default", NULL };
	}
}

struct conf *conf_new(const struct conf_section *sections, size_t count,
		      const struct conf_alias *aliases, size_t alias_count)
{
	struct conf *conf = mem_alloc(sizeof(*conf));
	size_t rows = 0;

	conf->arena = arena_new(16 * 1024);
	conf->sections = sections;
	conf->section_count = count;
	conf->aliases = aliases;
	conf->alias_count = alias_count;
	conf->error = "";
	for (size_t i = 0; i < count; i++) {
		for (const struct conf_key *key = sections[i].keys; key->name; key++)
			rows++;
	}
	conf->rows = mem_alloc(rows * sizeof(*conf->rows));
	for (size_t i = 0; i < count; i++)
		add_rows(conf, &sections[i]);
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	arena_free(conf->arena);
	free(conf->rows);
	free(conf);
}

const char *conf_error(const struct conf *conf)
{
	return conf->error;
}

/* Dashes and underscores are the same, and so are cases (the environment shouts). */
static char folded(char c)
{
	return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static bool same_name(struct str name, const char *known)
{
	size_t i;

	for (i = 0; i < name.len && known[i]; i++) {
		if (folded(name.ptr[i]) != known[i])
			return false;
	}
	return i == name.len && !known[i];
}

static struct row *find(const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->row_count; i++) {
		if (same_name(name, conf->rows[i].key->name))
			return &conf->rows[i];
	}
	return NULL;
}

bool conf_known(const struct conf *conf, struct str name)
{
	return find(conf, name) != NULL;
}

const char *conf_origin(const struct conf *conf, const char *name)
{
	const struct row *row = find(conf, str_of(name));

	return row ? row->origin : NULL;
}

const char *conf_frozen(const struct conf *was, const struct conf *now)
{
	assert(was->row_count == now->row_count);
	for (size_t i = 0; i < was->row_count; i++) {
		const struct row *row = &was->rows[i];

		if (!row->key->reload && !str_eq(row->text, now->rows[i].text))
			return row->key->name;
	}
	return NULL;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits (insert, drop, change, one letter each) from name to known; names are short. */
static size_t distance(struct str name, const char *known)
{
	size_t len = strlen(known), row[LONGEST_NAME];

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; i < name.len; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];

			row[j] = least(least(above, row[j - 1]) + 1,
				       corner + (folded(name.ptr[i]) != known[j - 1]));
			corner = above;
		}
	}
	return row[len];
}

/* The known name that a slip of the keyboard may have meant, or NULL. */
static const char *nearest(const struct conf *conf, struct str name)
{
	size_t best = name.len < 6 ? 2 : name.len / 3 + 1;
	const char *found = NULL;

	if (name.len >= LONGEST_NAME)
		return NULL;
	for (size_t i = 0; i < conf->row_count; i++) {
		size_t d = distance(name, conf->rows[i].key->name);

		if (d < best) {
			best = d;
			found = conf->rows[i].key->name;
		}
	}
	return found;
}

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (folded(name.ptr[i]) != '_' && !isalnum((unsigned char)name.ptr[i]))
			return false;
	}
	return name.len > 0 && name.len < LONGEST_NAME;
}

static enum rc unknown(struct conf *conf, const char *origin, struct str name)
{
	struct arena *a = conf->arena;
	struct str said = is_name(name) ? name : STR("the name");
	const char *close = nearest(conf, name);

	conf->error = close ? arena_printf(a, "%s: " STR_FMT " is not a setting; %s is", origin,
					   STR_ARG(said), close)
				      .ptr
			    : arena_printf(a, "%s: " STR_FMT " is not a setting", origin,
					   STR_ARG(said))
				      .ptr;
	return RC_INVALID;
}

/* One source sets a setting once; later sources win over earlier ones. */
static enum rc set(struct conf *conf, struct row *row, struct str text, const char *origin,
		   const void *source)
{
	struct arena *a = conf->arena;
	const char *why;

	if (source && row->source == source) {
		conf->error = arena_printf(a, "%s: %s: set already at %s", origin,
					   row->key->name, row->origin)
				      .ptr;
		return RC_INVALID;
	}
	if (conf_value_read(row->key, text, row->section->values, a, &why) != RC_OK) {
		conf->error = arena_printf(a, "%s: %s: %s", origin, row->key->name, why).ptr;
		return RC_INVALID;
	}
	row->text = str_of(arena_strz(a, text));
	row->origin = origin;
	row->source = source;
	return RC_OK;
}

enum rc conf_set(struct conf *conf, struct str name, struct str value, const char *origin)
{
	struct row *row = find(conf, name);

	origin = arena_strz(conf->arena, str_of(origin));
	return row ? set(conf, row, value, origin, NULL) : unknown(conf, origin, name);
}

/* The inside of a quoted value; only a comment may follow it. */
static bool unquote(struct conf *conf, struct str text, struct str *ret)
{
	char *out = arena_alloc(conf->arena, text.len);
	size_t n = 0, i;
	struct str after;

	for (i = 1; i < text.len && text.ptr[i] != '"'; i++) {
		if (text.ptr[i] == '\\' && i + 1 < text.len)
			i++;
		out[n++] = text.ptr[i];
	}
	if (i >= text.len)
		return false;
	after = str_trim(str_from(text, i + 1));
	*ret = (struct str){ out, n };
	return after.len == 0 || after.ptr[0] == '#';
}

/* A # begins a comment at the start or after a blank: "http://a/#b" keeps its own. */
static struct str without_comment(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '#' && (i == 0 || strchr(" \t", text.ptr[i - 1])))
			text.len = i;
	}
	return str_trim(text);
}

static enum rc file_line(struct conf *conf, struct str line, const char *origin,
			 const void *source)
{
	struct str rest = str_trim(line), name, value;
	struct row *row;

	if (rest.len == 0 || rest.ptr[0] == '#')
		return RC_OK;
	name = str_trim(str_cut(&rest, '='));
	if (!rest.ptr) {
		conf->error = arena_printf(conf->arena, "%s: not \"name = value\"", origin).ptr;
		return RC_INVALID;
	}
	row = find(conf, name);
	if (!row)
		return unknown(conf, origin, name);
	value = str_trim(rest);
	if (!str_starts(value, STR("\""))) {
		value = without_comment(value);
	} else if (!unquote(conf, value, &value)) {
		conf->error = arena_printf(conf->arena, "%s: %s: the quotes do not match",
					   origin, row->key->name)
				      .ptr;
		return RC_INVALID;
	}
	return set(conf, row, value, origin, source);
}

static enum rc file_failed(struct conf *conf, const char *path, const char *why)
{
	conf->error = arena_printf(conf->arena, "%s: %s", path, why).ptr;
	return RC_INVALID;
}

static enum rc read_all(struct conf *conf, const char *path, struct str *ret)
{
	char *text = arena_alloc(conf->arena, FILE_MAX + 1);
	FILE *f = fopen(path, "re");
	int failed;
	size_t len;

	if (!f)
		return file_failed(conf, path, strerror(errno));
	len = fread(text, 1, FILE_MAX + 1, f);
	failed = ferror(f) ? errno : 0;
	fclose(f);
	if (failed)
		return file_failed(conf, path, strerror(failed));
	if (len > FILE_MAX)
		return file_failed(conf, path, "larger than 1 MB");
	*ret = (struct str){ text, len };
	if (str_starts(*ret, STR("\xef\xbb\xbf")))
		*ret = str_from(*ret, 3);
	return RC_OK;
}

enum rc conf_file(struct conf *conf, const char *path)
{
	struct str rest;
	enum rc rc = read_all(conf, path, &rest);
	const void *source = rest.ptr;

	for (unsigned n = 1; rc == RC_OK && rest.ptr; n++) {
		const char *origin = arena_printf(conf->arena, "%s:%u", path, n).ptr;
		struct str line = str_cut(&rest, '\n');

		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		rc = file_line(conf, line, origin, source);
	}
	return rc;
}

static const char *env_value(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; *envp; envp++) {
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	}
	return NULL;
}

static bool is_alias(const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->alias_count; i++) {
		if (str_eqz(name, conf->aliases[i].env))
			return true;
	}
	return false;
}

/* Last row first, so that the first row of a setting wins. */
static enum rc read_aliases(struct conf *conf, char *const *envp)
{
	for (size_t i = conf->alias_count; i-- > 0;) {
		const struct conf_alias *alias = &conf->aliases[i];
		const char *value = alias->name ? env_value(envp, alias->env) : NULL;
		struct row *row;

		if (!value || !*value)
			continue;
		row = find(conf, str_of(alias->name));
		assert(row);
		if (set(conf, row, str_of(value),
			arena_printf(conf->arena, "environment %s", alias->env).ptr,
			NULL) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

enum rc conf_environment(struct conf *conf, char *const *envp)
{
	if (read_aliases(conf, envp) != RC_OK)
		return RC_INVALID;
	for (char *const *e = envp; *e; e++) {
		struct str value = str_of(*e), env = str_cut(&value, '=');
		struct str name = str_from(env, sizeof(PREFIX) - 1);
		const char *origin;
		struct row *row;

		if (!str_starts(env, STR(PREFIX)) || is_alias(conf, env))
			continue;
		origin = arena_printf(conf->arena, "environment " STR_FMT,
				      STR_ARG(is_name(env) ? env : STR(PREFIX "…")))
				 .ptr;
		row = find(conf, name);
		if (!row)
			return unknown(conf, origin, name);
		if (set(conf, row, value, origin, envp) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

void conf_dump(const struct conf *conf, FILE *out)
{
	const struct conf_section *section = NULL;
	struct buf value;

	buf_init(&value, NULL, BUF_NO_MAX);
	for (size_t i = 0; i < conf->row_count; i++) {
		const struct row *row = &conf->rows[i];

		if (row->section != section)
			fprintf(out, "%s# %s\n", section ? "\n" : "", row->section->title);
		section = row->section;
		buf_clear(&value);
		conf_value_show(row->key, row->text, section->values, &value);
		fprintf(out, "%s = " STR_FMT "  # %s\n", row->key->name,
			STR_ARG(buf_str(&value)), row->origin);
	}
	buf_release(&value);
}

void conf_describe(const struct conf *conf, FILE *out)
{
	const struct conf_section *section = NULL;
	struct buf range;

	buf_init(&range, NULL, BUF_NO_MAX);
	for (size_t i = 0; i < conf->row_count; i++) {
		const struct row *row = &conf->rows[i];
		const char *preset = row->key->preset ? row->key->preset : "";

		if (row->section != section)
			fprintf(out, "%s%s\n", section ? "\n" : "", row->section->title);
		section = row->section;
		buf_clear(&range);
		conf_value_range(row->key, &range);
		fprintf(out, "  %s (%s%s" STR_FMT "; default %s): %s\n", row->key->name,
			conf_type_name(row->key->type), range.len ? ", " : "",
			STR_ARG(buf_str(&range)), *preset ? preset : "empty", row->key->help);
	}
	buf_release(&range);
}
