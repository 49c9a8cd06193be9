/* The report of the counters: what GET /api/admin/cache/metrics answers and "save" stores. */
#ifndef API_ANALYTICS_REPORT_H
#define API_ANALYTICS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "model/analytics.h"

struct env;
struct json;

struct report {
	struct env *env;
	const struct analytics_range *range;
	struct analytics_counts *counts;
	bool local; /* Redis does not answer: this machine's own, since its board was made */
	struct analytics_machine *machine; /* what the others say of themselves */
	size_t machines;
};

void report_write(struct json *j, const struct report *r);

#endif
