#include "jobs/import_csv.h"
#include "base/arena.h"

/* *rest begins behind the opening quote; ends behind the closing one. */
static bool quoted(struct arena *arena, struct str *rest, struct str *ret)
{
	char *out = arena_alloc(arena, rest->len + 1);
	size_t len = 0;
	for (size_t i = 0; i < rest->len; i++) {
		if (rest->ptr[i] != '"') {
			out[len++] = rest->ptr[i];
		} else if (i + 1 < rest->len && rest->ptr[i + 1] == '"') {
			out[len++] = rest->ptr[i++];
		} else {
			*ret = (struct str){ out, len };
			*rest = str_from(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static struct str bare(struct str *rest)
{
	const char *comma = rest->len ? memchr(rest->ptr, ',', rest->len) : NULL;
	size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
	struct str field = { rest->ptr, len };
	*rest = str_from(*rest, len);
	return field;
}

bool csv_split(struct arena *arena, struct str record, struct csv_row *ret,
	       const char **ret_why)
{
	struct str rest = record;
	ret->count = 0;
	for (;;) {
		struct str *field = &ret->field[ret->count];
		if (ret->count == CSV_FIELDS) {
			*ret_why = "more than 64 fields";
			return false;
		}
		if (rest.len && rest.ptr[0] == '"') {
			rest = str_from(rest, 1);
			if (!quoted(arena, &rest, field)) {
				*ret_why = "a quote is not closed";
				return false;
			}
		} else {
			*field = bare(&rest);
			if (field->len && memchr(field->ptr, '"', field->len)) {
				*ret_why = "a quote inside a field that is not quoted";
				return false;
			}
		}
		ret->count++;
		if (rest.len == 0)
			return true;
		if (rest.ptr[0] != ',') {
			*ret_why = "text behind a closing quote";
			return false;
		}
		rest = str_from(rest, 1);
	}
}

struct str csv_field(const struct csv_row *row, int at)
{
	return at >= 0 && (size_t)at < row->count ? str_trim(row->field[at]) : STR("");
}

static bool is_named(struct str field, const struct csv_column *column)
{
	for (size_t i = 0; i < 5 && column->names[i]; i++) {
		if (str_eq_nocase(field, str_of(column->names[i])))
			return true;
	}
	return false;
}

bool csv_header(struct arena *arena, const struct csv_row *row,
		const struct csv_column *columns, size_t count, int *ret_at,
		const char **ret_why)
{
	for (size_t i = 0; i < count; i++) {
		ret_at[i] = -1;
		for (size_t f = 0; f < row->count; f++) {
			if (!is_named(str_trim(row->field[f]), &columns[i]))
				continue;
			if (ret_at[i] >= 0) {
				*ret_why = arena_printf(arena, "two columns %s",
							columns[i].names[0])
						   .ptr;
				return false;
			}
			ret_at[i] = (int)f;
		}
		if (ret_at[i] < 0 && columns[i].required) {
			*ret_why = arena_printf(arena, "the first line names no column %s",
						columns[i].names[0])
					   .ptr;
			return false;
		}
	}
	return true;
}
