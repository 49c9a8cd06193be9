/* What a performance test found, as JSON; and what to do about it, by rules. */
#include "jobs/performance.h"

#include "base/json.h"
#include "base/scope.h"

#define NS_PER_MS INT64_C(1000000)

/* --- recommendations --------------------------------------------------------------------- */

static bool redis_missing(const struct performance *p)
{
	return !p->redis_configured;
}

static bool redis_away(const struct performance *p)
{
	return p->redis_configured && !p->redis_up;
}

static bool redis_slow(const struct performance *p)
{
	return p->redis_up && p->ping_ns > 5 * NS_PER_MS;
}

static bool memory_off(const struct performance *p)
{
	return !p->memory;
}

static bool no_lease(const struct performance *p)
{
	return p->memory && !p->leased;
}

static bool memory_slow(const struct performance *p)
{
	return p->leased && p->basic[BASIC_MEMORY].p95_ns > NS_PER_MS;
}

static bool database_slow(const struct performance *p)
{
	return p->basic[BASIC_DATABASE].p95_ns > 50 * NS_PER_MS;
}

static uint64_t failed(const struct load_figures *f, int n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += f[i].failed;
	return sum;
}

/* Removals are no reads: what they leave behind is told by itself. */
static bool reads_failed(const struct performance *p)
{
	return failed(p->basic, BASIC_FORGET) + failed(p->load, LOAD_STEPS) > 0;
}

static bool redis_unused(const struct performance *p)
{
	return p->redis_up && p->leased && p->basic[BASIC_REDIS].from[SOURCE_REDIS] == 0;
}

static bool load_slow(const struct performance *p)
{
	return p->load[LOAD_STEPS - 1].p95_ns > 20 * NS_PER_MS;
}

static bool breaks_early(const struct performance *p)
{
	return p->breaking > 0 && p->breaking <= 25;
}

static bool recovers_slowly(const struct performance *p)
{
	return p->recovery_ns < 0 || p->recovery_ns > 1000 * NS_PER_MS;
}

static bool left_behind(const struct performance *p)
{
	return !p->cleaned;
}

/* docs/operations.md lists the same. */
static const struct {
	const char *id;
	bool (*holds)(const struct performance *p);
	const char *text;
} rules[] = {
	{ "redis_missing", redis_missing,
	  "No Redis is configured: machines share no copies, and a restart begins with none. "
	  "Set "
	  "redis_url." },
	{ "redis_away", redis_away, "Redis does not answer: look at it, and at redis_url." },
	{ "redis_slow", redis_slow,
	  "Redis takes more than 5 ms to answer a ping: bring it nearer, or look what keeps it "
	  "busy." },
	{ "redis_unused", redis_unused,
	  "Redis answers, but no copy came back from it: look at its memory and its log." },
	{ "memory_off", memory_off, "Answers are not kept in memory: set cache_memory = on." },
	{ "no_lease", no_lease,
	  "The lease was out, so copies were passed by: look at the relay and at PostgreSQL." },
	{ "memory_slow", memory_slow,
	  "Copies in memory take more than 1 ms: the machine's processors are busy." },
	{ "database_slow", database_slow,
	  "A trivial statement takes more than 50 ms: look at PostgreSQL and the way to it." },
	{ "reads_failed", reads_failed, "Some reads failed: look into the log." },
	{ "load_slow", load_slow,
	  "With 50 users reads take more than 20 ms (95th percentile): give this machine more "
	  "processors, or add a machine." },
	{ "breaks_early", breaks_early,
	  "It breaks at 25 users or fewer: do not put more load on this machine." },
	{ "recovers_slowly", recovers_slowly,
	  "A second after the stress it was not what it was before." },
	{ "left_behind", left_behind,
	  "Redis could not be cleared of the test's keys: they go after cache_ttl_hot." },
};

/* --- JSON -------------------------------------------------------------------------------- */

static double ms(int64_t ns)
{
	return (double)(ns / 1000) / 1000.0;
}

static void write_times(const struct load_figures *f, struct json *j)
{
	json_int(j, "operations", (int64_t)f->operations);
	json_int(j, "failed", (int64_t)f->failed);
	json_double(j, "avgMs", ms(f->mean_ns));
	json_double(j, "p50Ms", ms(f->p50_ns));
	json_double(j, "p95Ms", ms(f->p95_ns));
	json_double(j, "p99Ms", ms(f->p99_ns));
	json_double(j, "maxMs", ms(f->max_ns));
}

static uint64_t from_database(const struct load_figures *f)
{
	uint64_t sum = 0;

	for (int i = 0; i < (int)COUNT_OF(f->from); i++)
		sum += source_is_database((enum source)i) ? f->from[i] : 0;
	return sum;
}

static void write_sources(const struct load_figures *f, struct json *j)
{
	json_object(j, "bySource");
	json_int(j, "memory", (int64_t)f->from[SOURCE_MEMORY]);
	json_int(j, "redis", (int64_t)f->from[SOURCE_REDIS]);
	json_int(j, "database", (int64_t)from_database(f));
	json_int(j, "stale", (int64_t)f->from[SOURCE_STALE]);
	json_end(j);
}

static void write_step(const struct load_figures *f, struct json *j)
{
	uint64_t good = f->operations - (f->failed < f->operations ? f->failed : f->operations);
	uint64_t hits = good - from_database(f);

	json_object(j, NULL);
	json_int(j, "users", f->users);
	json_double(j, "operationsPerSecond",
		    f->elapsed_ns ? (double)(f->operations * 1000 /
					     (uint64_t)(f->elapsed_ns / NS_PER_MS + 1))
				  : 0);
	json_double(j, "hitRate", good ? (double)(hits * 10000 / good) / 10000.0 : 0);
	write_times(f, j);
	write_sources(f, j);
	json_end(j);
}

static void write_health(const struct performance *p, struct json *j)
{
	json_object(j, "cacheHealth");
	json_bool(j, "isConfigured", p->redis_configured);
	json_bool(j, "isConnected", p->redis_up);
	if (p->redis_up) {
		json_double(j, "connectionTime", ms(p->connect_ns));
		json_double(j, "pingTime", ms(p->ping_ns));
	} else {
		json_null(j, "connectionTime");
		json_null(j, "pingTime");
	}
	json_bool(j, "memory", p->memory);
	json_bool(j, "leased", p->leased);
	json_double(j, "databaseTime", ms(p->database_ns));
	json_end(j);
}

static void write_basic(const struct performance *p, struct json *j)
{
	static const char *const names[BASIC_KINDS] = { "database", "memory", "redis",
							"forget" };

	json_object(j, "basicTests");
	json_int(j, "operations", BASIC_KINDS * BASIC_EACH);
	json_int(j, "failed", (int64_t)failed(p->basic, BASIC_KINDS));
	json_object(j, "byOperation");
	for (int i = 0; i < BASIC_KINDS; i++) {
		json_object(j, names[i]);
		write_times(&p->basic[i], j);
		write_sources(&p->basic[i], j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_stress(const struct performance *p, struct json *j)
{
	json_object(j, "stressTests");
	json_array(j, "steps");
	for (int i = 0; i < p->stresses; i++)
		write_step(&p->stress[i], j);
	json_end(j);
	if (p->breaking)
		json_int(j, "breakingPoint", p->breaking);
	else
		json_null(j, "breakingPoint");
	if (p->recovery_ns >= 0)
		json_double(j, "recoveryTime", ms(p->recovery_ns));
	else
		json_null(j, "recoveryTime");
	json_end(j);
}

void performance_write(const struct performance *p, struct json *j)
{
	write_health(p, j);
	write_basic(p, j);
	json_array(j, "loadTests");
	for (int i = 0; i < LOAD_STEPS; i++)
		write_step(&p->load[i], j);
	json_end(j);
	write_stress(p, j);
	json_array(j, "recommendations");
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (!rules[i].holds(p))
			continue;
		json_object(j, NULL);
		json_strz(j, "id", rules[i].id);
		json_strz(j, "text", rules[i].text);
		json_end(j);
	}
	json_end(j);
}
