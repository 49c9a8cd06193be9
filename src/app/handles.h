/* The connections and caches of a process that reads and writes for itself: workers, runner. */
#ifndef APP_HANDLES_H
#define APP_HANDLES_H

#include "app/process.h"
#include "model/analytics.h"
#include "model/env.h"
#include "net/migrate.h"

struct redis_tier;
struct stored;
struct replicas;

/* Do not move it: env points into it. */
struct handles {
	struct env env; /* without an arena */
	struct migrate_options migrate;
	struct redis_tier *redis_tier; /* NULL: no copies in Redis */
	struct stored *stored;         /* NULL: none in the database */
	struct analytics analytics;
	char machine[MACHINE_MAX];
	struct replicas *replicas; /* NULL: none */
};

/* Nothing is connected yet. */
void handles_open(struct handles *ret, const struct process *process);
void handles_close(struct handles *handles);

#endif
