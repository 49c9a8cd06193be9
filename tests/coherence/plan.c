#include "coherence/plan.h"

#include <string.h>
#include "base/scope.h"

enum {
	DECK,
	ALONE
};

static const struct plan plans[] = {
	/* What takes a moment is made to take long, so that more happens meanwhile: on one
	 * machine to write, on the other to read. */
	{ .failpoints = { "before_commit:3ms,after_commit:10ms,before_gen:3ms",
			  "after_read:15ms" } },
#define PLAN(name, first, second, kept, writes, lag, fault, what)                              \
	{ #name, { first, second }, kept, WRITES_##writes, lag, fault, (what) == ALONE },
#include "coherence/plan.def"
};

const struct plan *plan_of(const char *mutation)
{
	if (!mutation)
		return &plans[0];
	for (size_t i = 1; i < COUNT_OF(plans); i++)
		if (strcmp(plans[i].mutation, mutation) == 0)
			return &plans[i];
	return NULL;
}
