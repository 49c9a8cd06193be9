#include "model/page.h"

#include <assert.h>
#include <inttypes.h>
#include "base/arena.h"
#include "base/json.h"
#include "model/env.h"

int64_t page_offset(const struct page *page)
{
	return page->after ? 0 : page->number * page->limit;
}

void page_next(struct json *j, const struct env *env, const struct page *page, bool more,
	       const struct str *fields, size_t n)
{
	assert(n <= PAGE_KEYS);
	if (!more) {
		json_null(j, "nextCursor");
		return;
	}
	json_str(j, "nextCursor",
		 page->seal(env->arena, env->cursor_secret, page->scope, fields, n));
}

struct str page_int(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%" PRId64, n);
}
