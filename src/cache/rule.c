#include "cache/rule.h"

#include <string.h>
#include "base/scope.h"
#include "cache/tag.h"

/* Where events come from, and the kinds of tags (first letters) they have. */
static const struct source {
	const char *table, *rows, *updates;
} sources[] = {
#define TABLE(name, of_rows, of_updates) { #name, of_rows, of_updates },
#include "cache/tables.def"
};
static const char *const ops[] = { "insert", "update", "delete", "*" };

/* What a template may ask for, and what stands for it while the text is checked. */
enum variable {
	CONTRACT,
	TOKEN,
	WALLET,
	FID,
	VARIABLES
};
static const struct {
	struct str name, sample;
	const char *kinds; /* of tags that say it */
	const char *never; /* they are none of an event's */
} variables[VARIABLES] = {
#define NAMED(name, sample, kinds)                                                             \
	{                                                                                      \
		{ name, sizeof(name) - 1 }, { sample, sizeof(sample) - 1 }, kinds,             \
			"can never fire: such events do not say " name                         \
	}
	[CONTRACT] =
		NAMED("{contract}", "0x0000000000000000000000000000000000000000", "cnmrhtb"),
	[TOKEN] = NAMED("{token}", "0", "t"),
	[WALLET] = NAMED("{wallet}", "0x0000000000000000000000000000000000000000", "o"),
	[FID] = NAMED("{fid}", "0", "u"),
};

/* What a tag knows: value[v] is STR_NONE where it says nothing of it. */
struct known {
	struct str value[VARIABLES];
};

/* --- templates ---------------------------------------------------------------------------- */

static bool needs(struct str template, enum variable v)
{
	return memmem(template.ptr, template.len, variables[v].name.ptr, variables[v].name.len);
}

static bool needs_any(struct str template)
{
	return memchr(template.ptr, '{', template.len);
}

/* False: it asks for what is not known. */
static bool substitute(struct str template, const struct known *known, struct buf *ret)
{
	while (template.len > 0) {
		enum variable v = 0;

		if (template.ptr[0] != '{') {
			buf_addc(ret, template.ptr[0]);
			template = str_from(template, 1);
			continue;
		}
		while (v < VARIABLES && !str_starts(template, variables[v].name))
			v++;
		if (v == VARIABLES || !known->value[v].ptr)
			return false;
		buf_adds(ret, known->value[v]);
		template = str_from(template, variables[v].name.len);
	}
	return true;
}

/* --- reading ------------------------------------------------------------------------------ */

static bool is_one_of(struct str word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(word, words[i]))
			return true;
	return false;
}

/* A tag of that kind has it, or stands for many that do (add_coarse). */
static bool says(char kind, enum variable v)
{
	return strchr(variables[v].kinds, kind) || (v == TOKEN && kind == 'b');
}

static bool any_says(const char *kinds, enum variable v)
{
	while (*kinds && !says(*kinds, v))
		kinds++;
	return *kinds;
}

static bool says_all(char kind, struct str template)
{
	for (enum variable v = 0; v < VARIABLES; v++)
		if (needs(template, v) && !says(kind, v))
			return false;
	return true;
}

/* NULL: a tag of one of these kinds has all that it asks for. */
static const char *never(struct str template, const char *kinds)
{
	for (const char *kind = kinds; *kind; kind++)
		if (says_all(*kind, template))
			return NULL;
	for (enum variable v = 0; v < VARIABLES; v++)
		if (needs(template, v) && !any_says(kinds, v))
			return variables[v].never;
	return "can never fire: no tag of such events says all of that";
}

/* Somebody who wrote it waits for it in vain. */
static const char *never_fires(const struct rule *rule, const struct source *source)
{
	const char *kinds = str_eqz(rule->op, "update") ? source->updates : source->rows;
	const char *why = NULL;

	for (size_t i = 0; i < rule->tags && !why; i++)
		why = never(rule->tag[i], kinds);
	return why;
}

static bool is_template(struct str text)
{
	struct known samples;
	char bytes[TAG_TEXT_MAX];
	struct buf out = { .ptr = bytes, .cap = sizeof(bytes), .max = sizeof(bytes) };

	for (enum variable v = 0; v < VARIABLES; v++)
		samples.value[v] = variables[v].sample;
	return text.len > 0 && text.ptr[0] != '~' && substitute(text, &samples, &out) &&
	       !buf_failed(&out) && tag_sound(buf_str(&out));
}

static const char *read_tags(struct str list, struct rule *rule, struct str *ret_at)
{
	while (list.ptr) {
		struct str tag = str_trim(str_cut(&list, ','));

		*ret_at = tag;
		if (!is_template(tag))
			return "is no tag";
		if (rule->tags == RULE_TAGS_MAX)
			return "is one tag too many (a rule has 8)";
		rule->tag[rule->tags++] = tag;
	}
	return NULL;
}

static const struct source *source_of(struct str table)
{
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (str_eqz(table, sources[i].table))
			return &sources[i];
	return NULL;
}

static const char *read_rule(struct str text, struct rule *rule, struct str *ret_at)
{
	const char *arrow = memmem(text.ptr, text.len, "->", 2);
	const struct source *source;
	const char *why;

	*ret_at = text;
	if (!arrow)
		return "is no rule: table:operation -> tag, tag…";
	struct str left = { text.ptr, (size_t)(arrow - text.ptr) };
	struct str op = str_trim(left);
	rule->table = str_trim(str_cut(&op, ':'));
	rule->op = op.ptr ? str_trim(op) : STR("*");
	*ret_at = str_trim(left);
	source = source_of(rule->table);
	if (!source)
		return "names no table that answers are made of";
	if (!is_one_of(rule->op, ops, COUNT_OF(ops)))
		return "is no operation: insert, update, delete or *";
	why = read_tags(str_from(text, left.len + 2), rule, ret_at);
	if (why)
		return why;
	*ret_at = text;
	return never_fires(rule, source);
}

enum rc rules_read(const char *text, struct rules *ret, const char **ret_why,
		   struct str *ret_at)
{
	struct str left = str_of(text);

	memset(ret, 0, sizeof(*ret));
	while (left.len > 0) {
		struct str one = str_trim(str_cut(&left, ';'));

		if (one.len == 0)
			continue;
		*ret_at = one;
		*ret_why = ret->n == RULES_MAX ? "is one rule too many (there may be 32)"
					       : read_rule(one, &ret->rule[ret->n], ret_at);
		if (*ret_why)
			return RC_INVALID;
		ret->n++;
	}
	return RC_OK;
}

/* --- events ------------------------------------------------------------------------------- */

static void know(struct str tag, struct known *ret)
{
	struct str kind = str_cut(&tag, ':');
	struct str first = tag.ptr ? str_cut(&tag, ':') : STR_NONE;

	memset(ret, 0, sizeof(*ret));
	if (kind.len != 1 || !first.ptr || str_eqz(first, "*"))
		return;
	for (enum variable v = 0; v < VARIABLES; v++)
		if (strchr(variables[v].kinds, kind.ptr[0]))
			ret->value[v] = v == TOKEN ? tag : first;
}

/* Whether `line` is one of the lines before `end`. */
static bool has_line(const struct buf *lines, size_t end, struct str line)
{
	struct str left = { lines->ptr, end };

	while (left.len > 0)
		if (str_eq(str_cut(&left, '\n'), line))
			return true;
	return false;
}

static void add_tag(struct str template, const struct known *known, struct buf *more)
{
	size_t begin = more->len;

	if (begin)
		buf_addc(more, '\n');
	size_t at = more->len;
	if (!substitute(template, known, more) ||
	    has_line(more, begin, str_from(buf_str(more), at)))
		more->len = begin;
}

/* The tag speaks for many that it does not name.  False: nor does any other name them. */
static bool add_coarse(struct str template, struct str tag, const struct known *known,
		       struct buf *more)
{
	if (str_eqz(tag, "c:*"))
		return !needs(template, CONTRACT);
	if ((str_eqz(tag, "o:*") && needs(template, WALLET)) ||
	    (str_eqz(tag, "u:*") && needs(template, FID)) ||
	    (tag.ptr[0] == 'b' && needs(template, TOKEN)))
		add_tag(tag, known, more);
	return true;
}

static bool expand(struct str template, struct str tags, struct buf *more)
{
	static const struct known nothing;

	if (!needs_any(template)) {
		add_tag(template, &nothing, more);
		return true;
	}
	while (tags.len > 0) {
		struct str tag = str_cut(&tags, '\n');
		struct known known;

		know(tag, &known);
		if (!add_coarse(template, tag, &known, more))
			return false;
		add_tag(template, &known, more);
	}
	return true;
}

bool rules_expand(const struct rules *rules, struct str source, struct str tags,
		  struct buf *ret_more)
{
	struct str op = source, table = str_cut(&op, ':');
	bool named = true;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->rule[i];

		if (!str_eq(rule->table, table) ||
		    (!str_eqz(rule->op, "*") && !str_eq(rule->op, op)))
			continue;
		for (size_t k = 0; k < rule->tags && named; k++)
			named = expand(rule->tag[k], tags, ret_more);
	}
	return named && !buf_failed(ret_more);
}
