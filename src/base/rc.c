#include "base/rc.h"

#include <assert.h>

static const struct {
	const char *code, *text;
} rows[RC_COUNT] = {
#define X(name, code, text) [RC_##name] = { code, text },
	RC_TABLE(X)
#undef X
};

const char *rc_code(enum rc rc)
{
	assert((unsigned)rc < RC_COUNT);
	return rows[rc].code;
}

const char *rc_text(enum rc rc)
{
	assert((unsigned)rc < RC_COUNT);
	return rows[rc].text;
}
