#include <assert.h>
#include "net/stmt.h"

static const struct {
	const char *name, *text;
} rows[] = {
#define STMT(name, ...) [STMT_##name] = { #name, __VA_ARGS__ },
#include "net/stmt.inc"
	[STMT_COUNT] = { "", "" },
};

const char *stmt_name(enum stmt stmt)
{
	assert(stmt < STMT_COUNT);
	return rows[stmt].name;
}

const char *stmt_text(enum stmt stmt)
{
	assert(stmt < STMT_COUNT);
	return rows[stmt].text;
}
