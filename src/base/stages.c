#include "base/stages.h"

#include <string.h>

static int64_t spent_ns[STAGE_COUNT];

void stages_begin(void)
{
	memset(spent_ns, 0, sizeof(spent_ns));
}

void stages_add(enum stage stage, int64_t ns)
{
	spent_ns[stage] += ns;
}

int64_t stages_ns(enum stage stage)
{
	return spent_ns[stage];
}
