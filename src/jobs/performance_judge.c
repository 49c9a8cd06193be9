/* When it broke, and when it had recovered. */
#include "jobs/performance.h"

#define NS_PER_MS    INT64_C(1000000)
#define BREAK_P95_NS (50 * NS_PER_MS)
#define CALM_NS      NS_PER_MS /* nobody notices more haste than this */

bool performance_broke(const struct load_figures *f)
{
	return f->p95_ns > BREAK_P95_NS || f->failed * 100 > f->operations;
}

int performance_breaking(const struct performance *p)
{
	for (int i = 0; i < p->stresses; i++)
		if (performance_broke(&p->stress[i]))
			return p->stress[i].users;
	return 0;
}

/* A read that fails took RECOVERY_MAX_NS, so that is never good. */
void recovery_begin(struct recovery *r, int64_t now_ns, int64_t p95_before_ns)
{
	int64_t good_ns = RECOVERY_MAX_NS - 1;

	if (p95_before_ns < RECOVERY_MAX_NS / 2)
		good_ns = 2 * p95_before_ns > CALM_NS ? 2 * p95_before_ns : CALM_NS;
	*r = (struct recovery){ .start_ns = now_ns, .good_ns = good_ns, .took_ns = -1 };
}

bool recovery_see(struct recovery *r, int64_t p95_ns, int64_t now_ns)
{
	int64_t took_ns = now_ns - r->start_ns;
	bool in_time = took_ns < RECOVERY_MAX_NS;

	if (in_time && p95_ns <= r->good_ns)
		r->took_ns = took_ns;
	return !in_time || r->took_ns >= 0;
}
