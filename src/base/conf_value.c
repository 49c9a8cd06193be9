#include "base/conf_value.h"

#include <assert.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/scope.h"
#include "base/utf8.h"

#define TEXT_MAX  4096 /* bytes, of a text whose row names no maximum */
#define SHOWN_MAX 80   /* bytes of a bad value that a message repeats */
#define HIDDEN    "(hidden)"

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first; the unit without a factor ends a table. */
static const struct unit no_units[] = { { NULL, 0 } };
static const struct unit times[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	{ "s", 1000 },     { "ms", 1 },      { NULL, 0 },
};
static const struct unit sizes[] = {
	{ "g", 1 << 30 },
	{ "m", 1 << 20 },
	{ "k", 1 << 10 },
	{ NULL, 0 },
};

static const struct {
	const char *name;
	const struct unit *units; /* NULL: not a number */
} types[] = {
	[CONF_TEXT] = { "text", NULL },     [CONF_SECRET] = { "secret", NULL },
	[CONF_URL] = { "url", NULL },       [CONF_URLS] = { "urls", NULL },
	[CONF_BOOL] = { "switch", NULL },   [CONF_INT] = { "number", no_units },
	[CONF_MSEC] = { "time", times },    [CONF_BYTES] = { "size", sizes },
	[CONF_CHOICE] = { "choice", NULL },
};

const char *conf_type_name(enum conf_type type)
{
	return types[type].name;
}

void conf_value_number(enum conf_type type, int64_t n, struct buf *out)
{
	const struct unit *u = types[type].units;

	while (u->name && (n == 0 || n % u->factor))
		u++;
	if (n == 0 && type == CONF_MSEC)
		buf_adds(out, STR("0ms"));
	else
		buf_addf(out, "%lld%s", (long long)(u->name ? n / u->factor : n),
			 u->name ? u->name : "");
}

static int64_t highest(const struct conf_key *key)
{
	return key->max < key->min || (key->max == 0 && key->min == 0) ? INT64_MAX : key->max;
}

void conf_value_range(const struct conf_key *key, struct buf *out)
{
	if (key->type == CONF_CHOICE) {
		buf_adds(out, str_of(key->choices));
	} else if (key->type == CONF_BOOL) {
		buf_adds(out, STR("on|off"));
	} else if (types[key->type].units) {
		conf_value_number(key->type, key->min, out);
		buf_adds(out, STR(" …"));
		if (highest(key) != INT64_MAX) {
			buf_addc(out, ' ');
			conf_value_number(key->type, highest(key), out);
		}
	} else if (key->max || key->min) {
		buf_addf(out, "%lld … %lld bytes", (long long)key->min,
			 (long long)(key->max ? key->max : TEXT_MAX));
	}
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((uint8_t)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return true;
	}
	return false;
}

/* The value as a message may repeat it. */
static struct str shown(const struct conf_key *key, struct str text, struct arena *arena)
{
	if (key->type == CONF_SECRET || key->type == CONF_URL || key->type == CONF_URLS)
		return STR("the value");
	if (text.len == 0)
		return STR("an empty value");
	if (text.len > SHOWN_MAX || has_control(text) || !utf8_valid(text))
		return STR("the value");
	return arena_printf(arena, "\"" STR_FMT "\"", STR_ARG(text));
}

static enum rc out_of_range(const struct conf_key *key, struct str text, struct arena *arena,
			    const char **ret_why)
{
	struct buf range;

	if (text.len > SHOWN_MAX)
		text = STR("the value");
	buf_init(&range, arena, TEXT_MAX);
	conf_value_range(key, &range);
	*ret_why = arena_printf(arena, STR_FMT " is not in " STR_FMT, STR_ARG(text),
				STR_ARG(buf_str(&range)))
			   .ptr;
	return RC_INVALID;
}

static enum rc refused(const struct conf_key *key, struct str text, const char *what,
		       struct arena *arena, const char **ret_why)
{
	struct str said = shown(key, text, arena);

	*ret_why = arena_printf(arena, STR_FMT " is not %s", STR_ARG(said), what).ptr;
	return RC_INVALID;
}

static bool factor_of(const struct unit *u, struct str name, int64_t *ret)
{
	*ret = 1;
	if (name.len == 0)
		return true;
	while (u->name && !str_eq_nocase(name, str_of(u->name)))
		u++;
	*ret = u->factor;
	return u->name;
}

/* Digits, a sign when the range has negative numbers, and a unit of the type. */
static bool number_of(const struct conf_key *key, struct str text, int64_t *ret)
{
	bool negative = key->min < 0 && str_starts(text, STR("-"));
	struct str digits = str_from(text, negative);
	size_t len = 0;
	int64_t factor;
	uint64_t n;

	while (len < digits.len && digits.ptr[len] >= '0' && digits.ptr[len] <= '9')
		len++;
	if (!factor_of(types[key->type].units, str_from(digits, len), &factor))
		return false;
	digits.len = len;
	return str_u64(digits, INT64_MAX, &n) &&
	       !__builtin_mul_overflow(negative ? -(int64_t)n : (int64_t)n, factor, ret);
}

static enum rc read_number(const struct conf_key *key, struct str text, int64_t *ret,
			   struct arena *arena, const char **ret_why)
{
	static const char *const what[] = {
		[CONF_INT] = "a whole number",
		[CONF_MSEC] = "a time such as 250ms, 2s, 5m, 1h or 1d",
		[CONF_BYTES] = "a size such as 4096, 64k, 256m or 1g",
	};
	int64_t n;

	if (key->word && key->word(text, ret))
		return RC_OK;
	if (!number_of(key, text, &n)) {
		bool digits =
			text.len && strspn(arena_strz(arena, text), "0123456789") == text.len;

		return digits ? out_of_range(key, text, arena, ret_why)
			      : refused(key, text, what[key->type], arena, ret_why);
	}
	if (n < key->min || n > highest(key))
		return out_of_range(key, text, arena, ret_why);
	*ret = n;
	return RC_OK;
}

static enum rc read_bool(const struct conf_key *key, struct str text, bool *ret,
			 struct arena *arena, const char **ret_why)
{
	static const char *const words[] = {
		"off", "on", "false", "true", "no", "yes", "0", "1"
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (str_eq_nocase(text, str_of(words[i]))) {
			*ret = i % 2;
			return RC_OK;
		}
	}
	return refused(key, text, "on or off", arena, ret_why);
}

static enum rc read_choice(const struct conf_key *key, struct str text, const char **ret,
			   struct arena *arena, const char **ret_why)
{
	struct str rest = str_of(key->choices);

	while (rest.ptr) {
		struct str choice = str_cut(&rest, '|');

		if (choice.len && str_eq(choice, text)) {
			*ret = arena_strz(arena, choice);
			return RC_OK;
		}
	}
	return refused(key, text, arena_printf(arena, "one of %s", key->choices).ptr, arena,
		       ret_why);
}

static enum rc read_text(const struct conf_key *key, struct str text, const char **ret,
			 struct arena *arena, const char **ret_why)
{
	int64_t max = key->max ? key->max : TEXT_MAX;

	if (has_control(text) || !utf8_valid(text)) {
		*ret_why = "the value is not valid UTF-8 without control characters";
		return RC_INVALID;
	}
	if ((int64_t)text.len > max || (int64_t)text.len < key->min) {
		*ret_why = arena_printf(arena, "a length of %zu bytes is not in %lld … %lld",
					text.len, (long long)key->min, (long long)max)
				   .ptr;
		return RC_INVALID;
	}
	*ret = arena_strz(arena, text);
	return RC_OK;
}

enum rc conf_value_read(const struct conf_key *key, struct str text, void *section,
			struct arena *arena, const char **ret_why)
{
	void *value = (char *)section + key->offset;

	if (types[key->type].units)
		return read_number(key, text, value, arena, ret_why);
	if (key->type == CONF_BOOL)
		return read_bool(key, text, value, arena, ret_why);
	if (key->type == CONF_CHOICE)
		return read_choice(key, text, value, arena, ret_why);
	return read_text(key, text, value, arena, ret_why);
}

/* Where the password of "scheme://user:password@host" begins and ends.  An unencoded / or @ in
 * a password is a mistake, but one to hide too: everything up to the last @ counts. */
static void find_password(struct str url, size_t *ret_start, size_t *ret_end)
{
	const char *scheme = memmem(url.ptr, url.len, "://", 3);
	size_t start = scheme ? (size_t)(scheme - url.ptr) + 3 : 0;
	const char *at = memrchr(url.ptr + start, '@', url.len - start);
	const char *colon =
		at ? memchr(url.ptr + start, ':', (size_t)(at - url.ptr) - start) : NULL;

	*ret_start = *ret_end = 0;
	if (colon) {
		*ret_start = (size_t)(colon - url.ptr) + 1;
		*ret_end = (size_t)(at - url.ptr);
	}
}

/* The length of a "password=" or its like at the start of s, else 0. */
static size_t secret_word(struct str s)
{
	static const char *const words[] = { "password=", "sslpassword=", "passwd=",  "token=",
					     "secret=",   "apikey=",      "api_key=", "key=" };

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct str word = str_of(words[i]);

		if (s.len >= word.len && str_eq_nocase((struct str){ s.ptr, word.len }, word))
			return word.len;
	}
	return 0;
}

/* Of a value in a query ("&" ends it) or in a libpq connection string (a space does, unless
 * it is in single quotes). */
static size_t secret_len(struct str s)
{
	size_t i = 0;
	bool quoted = s.len && s.ptr[0] == '\'';

	for (i = quoted; i < s.len; i++) {
		if (quoted && s.ptr[i] == '\\')
			i++;
		else if (quoted ? s.ptr[i] == '\'' : s.ptr[i] == '&' || s.ptr[i] == ' ')
			break;
	}
	i += quoted;
	return i < s.len ? i : s.len;
}

static void show_url(struct str url, struct buf *out)
{
	size_t start, end;

	find_password(url, &start, &end);
	for (size_t i = 0; i < url.len;) {
		bool begins = i == 0 || strchr("?& ", url.ptr[i - 1]);
		size_t word = begins && i >= end ? secret_word(str_from(url, i)) : 0;

		if (i == start && start < end) {
			buf_adds(out, STR(HIDDEN));
			i = end;
		} else if (word) {
			buf_add(out, url.ptr + i, word);
			buf_adds(out, STR(HIDDEN));
			i += word + secret_len(str_from(url, i + word));
		} else {
			buf_addc(out, url.ptr[i++]);
		}
	}
}

/* Each by itself: a password is looked for up to the last @.  What is no URL is perhaps the
 * rest of something that has a password with a space in it. */
static void show_urls(struct str urls, struct buf *out)
{
	for (bool first = true; urls.len > 0; first = false) {
		if (!first)
			buf_addc(out, ' ');
		struct str url = str_cut(&urls, ' ');
		if (url.len == 0 || memmem(url.ptr, url.len, "://", 3))
			show_url(url, out);
		else
			buf_adds(out, STR(HIDDEN));
	}
}

static bool needs_quotes(struct str s)
{
	if (s.len == 0)
		return true;
	for (size_t i = 0; i < s.len; i++) {
		if (strchr(" \t#\"\\", s.ptr[i]))
			return true;
	}
	return false;
}

static void show_text(struct str s, struct buf *out)
{
	if (!needs_quotes(s)) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s.ptr[i]);
	}
	buf_addc(out, '"');
}

void conf_value_show(const struct conf_key *key, struct str text, const void *section,
		     struct buf *out)
{
	const void *value = (const char *)section + key->offset;
	struct buf url;
	int64_t n;

	if (key->type == CONF_SECRET) {
		show_text(text.len ? STR(HIDDEN) : text, out);
	} else if (key->type == CONF_BOOL) {
		buf_adds(out, *(const bool *)value ? STR("on") : STR("off"));
	} else if (key->type == CONF_URL || key->type == CONF_URLS) {
		buf_init(&url, out->arena, BUF_NO_MAX);
		(key->type == CONF_URL ? show_url : show_urls)(text, &url);
		show_text(buf_str(&url), out);
		buf_release(&url);
	} else if (!types[key->type].units || (key->word && key->word(text, &n))) {
		show_text(text, out);
	} else {
		conf_value_number(key->type, *(const int64_t *)value, out);
	}
}
