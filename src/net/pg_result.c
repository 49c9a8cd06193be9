/* Cells of a result. */
#include <assert.h>
#include <stdlib.h>
#include "net/internal.h"

static const PGresult *rows_of(const struct pg_result *result)
{
	assert(result->rows);
	return (const PGresult *)result->rows;
}

void pg_result_done(struct pg_result *result)
{
	PQclear((PGresult *)result->rows);
	result->rows = NULL;
	result->count = 0;
}

bool pg_is_null(const struct pg_result *result, int row, int col)
{
	return PQgetisnull(rows_of(result), row, col);
}

struct str pg_str(const struct pg_result *result, int row, int col)
{
	const PGresult *rows = rows_of(result);
	assert(row >= 0 && row < result->count && col >= 0 && col < PQnfields(rows));
	if (PQgetisnull(rows, row, col))
		return STR_NONE;
	return (struct str){ PQgetvalue(rows, row, col), (size_t)PQgetlength(rows, row, col) };
}

/* Cells are terminated, and written by the server: digits it is. */
int64_t pg_i64(const struct pg_result *result, int row, int col)
{
	struct str s = pg_str(result, row, col);
	return s.ptr ? strtoll(s.ptr, NULL, 10) : 0;
}

double pg_f64(const struct pg_result *result, int row, int col)
{
	struct str s = pg_str(result, row, col);
	return s.ptr ? strtod(s.ptr, NULL) : 0;
}

bool pg_flag(const struct pg_result *result, int row, int col)
{
	return str_eq(pg_str(result, row, col), STR("t"));
}

/* bytea_output = hex: \x and two digits a byte. */
bool pg_address_at(const struct pg_result *result, int row, int col, struct address *ret)
{
	char text[ADDRESS_TEXT] = "0x";
	struct str s = pg_str(result, row, col);
	if (s.len != sizeof(text) - 1 || !str_starts(s, STR("\\x")))
		return false;
	memcpy(text + 2, s.ptr + 2, s.len - 2);
	return address_read(str_of(text), ret) == RC_OK;
}
