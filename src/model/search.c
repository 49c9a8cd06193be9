#include "model/search.h"

#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"

#define TRIGRAM  3 /* characters */
#define TEXT_MAX ((size_t)1 << 20)

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters of other scripts have lead bytes C3 … DF and E0 … EF but for E2 (symbols); F0 begins
 * emoji.  A symbol taken for a letter only means that words are asked for that do not exist. */
static bool has_word(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (is_alnum(c) || (c >= 0xc3 && c <= 0xee && c != 0xe2))
			return true;
	}
	return false;
}

static void add_escaped(struct buf *out, struct str text, const char *special, char with)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr(special, text.ptr[i]))
			buf_addc(out, with ? with : text.ptr[i]);
		buf_addc(out, text.ptr[i]);
	}
}

static const char *terminated(struct buf *out)
{
	buf_addc(out, '\0');
	return out->ptr;
}

static const char *pattern_of(struct arena *arena, struct str text)
{
	struct buf out;

	buf_init(&out, arena, TEXT_MAX);
	buf_addc(&out, '%');
	add_escaped(&out, text, "%_\\", '\\');
	buf_addc(&out, '%');
	return terminated(&out);
}

/* 'word':* & 'word':* with quotes and backslashes doubled. */
const char *search_words(struct arena *arena, struct str text)
{
	struct buf out;

	if (!has_word(text))
		return NULL;
	buf_init(&out, arena, TEXT_MAX);
	while (text.len) {
		struct str word = str_cut(&text, ' ');

		if (word.len == 0)
			continue;
		if (out.len)
			buf_adds(&out, STR(" & "));
		buf_addc(&out, '\'');
		add_escaped(&out, word, "'\\", 0);
		buf_adds(&out, STR("':*"));
	}
	return terminated(&out);
}

struct search search_read(struct arena *arena, struct str text)
{
	struct search search = { NULL, NULL };

	if (text.len == 0)
		return search;
	if (utf8_count(text) >= TRIGRAM || !has_word(text))
		search.pattern = pattern_of(arena, text);
	else
		search.words = search_words(arena, text);
	return search;
}

static void next_element(struct buf *array)
{
	buf_addc(array, array->len ? ',' : '{');
}

void array_add(struct buf *array, struct str text)
{
	next_element(array);
	buf_addc(array, '"');
	add_escaped(array, text, "\"\\", '\\');
	buf_addc(array, '"');
}

void array_add_int(struct buf *array, int64_t n)
{
	next_element(array);
	buf_addf(array, "%lld", (long long)n);
}

const char *array_end(struct buf *array)
{
	if (array->len == 0)
		buf_addc(array, '{');
	buf_addc(array, '}');
	return terminated(array);
}
