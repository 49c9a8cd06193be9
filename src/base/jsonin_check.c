#include "base/jsonin_check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/utf8.h"

#define EXACT_DIGITS 18 /* every integer of so many digits fits an int64_t */

struct check {
	struct str text;
	size_t at;     /* the next byte */
	size_t copied; /* of text, into out */
	int depth, max_depth;
	struct buf out;
	bool marked;
	const char *error;
};

static bool value(struct check *c);

static bool bad(struct check *c, const char *error)
{
	c->error = error;
	return false;
}

static bool unexpected(struct check *c)
{
	return bad(c, c->at < c->text.len ? "unexpected character" : "unexpected end");
}

/* The next byte, or 0 (which no rule of the grammar takes) at the end. */
static char peek(const struct check *c)
{
	return c->at < c->text.len ? c->text.ptr[c->at] : '\0';
}

static bool take(struct check *c, char want)
{
	if (c->at >= c->text.len || c->text.ptr[c->at] != want)
		return false;
	c->at++;
	return true;
}

static void space(struct check *c)
{
	while (take(c, ' ') || take(c, '\n') || take(c, '\t') || take(c, '\r'))
		continue;
}

static bool word(struct check *c, struct str want)
{
	if (!str_starts(str_from(c->text, c->at), want))
		return unexpected(c);
	c->at += want.len;
	return true;
}

static size_t digits(struct check *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at - start;
}

static void mark(struct check *c)
{
	buf_add(&c->out, c->text.ptr + c->copied, c->at - c->copied);
	buf_adds(&c->out, STR(JSONIN_MARK));
	c->copied = c->at;
	c->marked = true;
}

static bool number(struct check *c)
{
	bool negative = take(c, '-'), zero = peek(c) == '0', whole = true;
	size_t n = digits(c);

	if (n == 0 || (zero && n > 1))
		return unexpected(c);
	if (take(c, '.')) {
		whole = false;
		if (!digits(c))
			return unexpected(c);
	}
	if (take(c, 'e') || take(c, 'E')) {
		whole = false;
		if (!take(c, '+'))
			take(c, '-');
		if (!digits(c))
			return unexpected(c);
	}
	if (whole && (n > EXACT_DIGITS || (negative && zero)))
		mark(c);
	return true;
}

static bool escape(struct check *c, bool is_name)
{
	int code = 0;

	if (!take(c, 'u')) {
		if (!peek(c) || !strchr("\"\\/bfnrt", peek(c)))
			return unexpected(c);
		c->at++;
		return true;
	}
	for (int i = 0; i < 4; i++) {
		uint8_t digit = hex_digit(peek(c));

		if (digit == HEX_BAD)
			return unexpected(c);
		code = code << 4 | digit;
		c->at++;
	}
	return code || !is_name || bad(c, "a member's name holds U+0000");
}

static bool string(struct check *c, bool is_name)
{
	size_t len;

	if (!take(c, '"'))
		return unexpected(c);
	while (!take(c, '"')) {
		if (take(c, '\\')) {
			if (!escape(c, is_name))
				return false;
			continue;
		}
		if (c->at < c->text.len && (uint8_t)peek(c) < 0x20)
			return bad(c, "a control character in a string");
		len = utf8_char(c->text.ptr + c->at, c->text.len - c->at);
		if (len == 0)
			return bad(c,
				   c->at < c->text.len ? "malformed UTF-8" : "unexpected end");
		c->at += len;
	}
	return true;
}

static bool member(struct check *c)
{
	if (!string(c, true))
		return false;
	space(c);
	if (!take(c, ':'))
		return unexpected(c);
	return value(c);
}

static bool list(struct check *c, bool (*item)(struct check *), char close)
{
	if (++c->depth > c->max_depth)
		return bad(c, "nested too deep");
	space(c);
	if (take(c, close)) {
		c->depth--;
		return true;
	}
	do {
		space(c);
		if (!item(c))
			return false;
		space(c);
	} while (take(c, ','));
	c->depth--;
	return take(c, close) || unexpected(c);
}

static bool value(struct check *c)
{
	space(c);
	switch (peek(c)) {
	case '{':
		c->at++;
		return list(c, member, '}');
	case '[':
		c->at++;
		return list(c, value, ']');
	case '"':
		return string(c, false);
	case 't':
		return word(c, STR("true"));
	case 'f':
		return word(c, STR("false"));
	case 'n':
		return word(c, STR("null"));
	default:
		return number(c);
	}
}

static bool whole_text(struct check *c)
{
	if (!value(c))
		return false;
	space(c);
	return c->at == c->text.len || bad(c, "text after the value");
}

enum rc jsonin_check(struct arena *arena, struct str text, int max_depth, struct str *ret,
		     bool *ret_marked, const char **ret_error)
{
	struct check c = { .text = text, .max_depth = max_depth };

	buf_init(&c.out, arena, BUF_NO_MAX);
	if (!whole_text(&c)) {
		*ret_error = arena_printf(arena, "%s at byte %zu", c.error, c.at).ptr;
		return RC_INVALID;
	}
	buf_add(&c.out, text.ptr + c.copied, text.len - c.copied);
	buf_addc(&c.out, '\0');
	if (buf_failed(&c.out)) {
		*ret_error = "too long";
		return RC_INVALID;
	}
	c.out.len--;
	*ret = buf_str(&c.out);
	*ret_marked = c.marked;
	return RC_OK;
}
