/* What a performance test says of its figures: when it broke, when it had recovered, what to
 * do. */
#include "suite.h"

#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/scope.h"
#include "jobs/performance.h"

#define MS INT64_C(1000000)

START_TEST(breaking)
{
	static const struct {
		uint64_t operations, failed;
		int64_t p95_ns;
		bool broke;
	} rows[] = {
		{ 1000, 0, MS, false },
		{ 1000, 0, 50 * MS, false },
		{ 1000, 0, 50 * MS + 1, true },
		{ 1000, 10, MS, false }, /* one in a hundred */
		{ 1000, 11, MS, true },
		{ 99, 1, MS, true },
		{ 0, 1, 0, true }, /* a user that did nothing */
		{ 0, 0, 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct load_figures f = { .operations = rows[i].operations,
						.failed = rows[i].failed,
						.p95_ns = rows[i].p95_ns };

		ck_assert_msg(performance_broke(&f) == rows[i].broke, "row %zu", i);
	}
}
END_TEST

/* The first one that broke, of those that were made. */
START_TEST(breaking_point)
{
	struct performance p = { .stress = { { .users = 10, .operations = 100 },
					     { .users = 25, .operations = 100, .failed = 2 },
					     { .users = 50, .operations = 100, .failed = 9 },
					     { .users = 100 } } };

	ck_assert_int_eq(performance_breaking(&p), 0);
	p.stresses = 1;
	ck_assert_int_eq(performance_breaking(&p), 0);
	p.stresses = 4;
	ck_assert_int_eq(performance_breaking(&p), 25);
	p.stress[1].failed = 1;
	ck_assert_int_eq(performance_breaking(&p), 50);
}
END_TEST

START_TEST(recovery)
{
	struct recovery r;

	/* Twice as slow as before is good; one more is not. */
	recovery_begin(&r, 1000 * MS, 3 * MS);
	ck_assert(!recovery_see(&r, 6 * MS + 1, 1001 * MS));
	ck_assert_int_eq(r.took_ns, -1);
	ck_assert(recovery_see(&r, 6 * MS, 1040 * MS));
	ck_assert_int_eq(r.took_ns, 40 * MS);
	/* A millisecond always is. */
	recovery_begin(&r, 0, 1000);
	ck_assert(!recovery_see(&r, MS + 1, MS));
	ck_assert(recovery_see(&r, MS, 2 * MS));
	ck_assert_int_eq(r.took_ns, 2 * MS);
}
END_TEST

START_TEST(no_recovery)
{
	struct recovery r;

	recovery_begin(&r, 0, MS);
	ck_assert(!recovery_see(&r, 3 * MS, RECOVERY_MAX_NS - 1));
	ck_assert(recovery_see(&r, 3 * MS, RECOVERY_MAX_NS));
	ck_assert_int_eq(r.took_ns, -1);
	/* Too late is never. */
	recovery_begin(&r, 0, MS);
	ck_assert(recovery_see(&r, MS, RECOVERY_MAX_NS));
	ck_assert_int_eq(r.took_ns, -1);
	/* A read that fails is not good, not even where they failed before. */
	recovery_begin(&r, 0, RECOVERY_MAX_NS);
	ck_assert(!recovery_see(&r, RECOVERY_MAX_NS, MS));
	ck_assert(recovery_see(&r, RECOVERY_MAX_NS - 1, 2 * MS));
}
END_TEST

/* --- recommendations --------------------------------------------------------------------- */

static struct performance healthy(void)
{
	struct performance p = { .redis_configured = true,
				 .redis_up = true,
				 .memory = true,
				 .leased = true,
				 .cleaned = true,
				 .connect_ns = MS,
				 .ping_ns = 5 * MS,
				 .database_ns = MS,
				 .stresses = STRESS_STEPS,
				 .recovery_ns = 1000 * MS };

	p.basic[BASIC_DATABASE].p95_ns = 50 * MS;
	p.basic[BASIC_MEMORY].p95_ns = MS;
	p.basic[BASIC_REDIS].from[SOURCE_REDIS] = 1;
	p.load[LOAD_STEPS - 1].p95_ns = 20 * MS;
	return p;
}

static void no_redis(struct performance *p)
{
	p->redis_configured = p->redis_up = false;
}

static void redis_down(struct performance *p)
{
	p->redis_up = false;
	p->ping_ns = 0;
}

static void slow_ping(struct performance *p)
{
	p->ping_ns++;
}

static void nothing_from_redis(struct performance *p)
{
	p->basic[BASIC_REDIS].from[SOURCE_REDIS] = 0;
	p->basic[BASIC_REDIS].from[SOURCE_DATABASE] = BASIC_EACH;
}

static void no_memory(struct performance *p)
{
	p->memory = false;
}

static void out_of_lease(struct performance *p)
{
	p->leased = false;
	nothing_from_redis(p);
}

static void slow_memory(struct performance *p)
{
	p->basic[BASIC_MEMORY].p95_ns++;
}

static void slow_database(struct performance *p)
{
	p->basic[BASIC_DATABASE].p95_ns++;
}

static void bad_read(struct performance *p)
{
	p->basic[BASIC_REDIS].failed = 1;
}

static void bad_read_under_load(struct performance *p)
{
	p->load[0].failed = 1;
}

static void bad_removal(struct performance *p)
{
	p->basic[BASIC_FORGET].failed = 1;
}

static void slow_load(struct performance *p)
{
	p->load[LOAD_STEPS - 1].p95_ns++;
}

static void breaks_at_25(struct performance *p)
{
	p->breaking = 25;
}

static void breaks_at_50(struct performance *p)
{
	p->breaking = 50;
}

static void slow_recovery(struct performance *p)
{
	p->recovery_ns++;
}

static void never_recovers(struct performance *p)
{
	p->recovery_ns = -1;
}

static void not_cleaned(struct performance *p)
{
	p->cleaned = false;
}

static void all_at_once(struct performance *p)
{
	redis_down(p);
	slow_database(p);
	never_recovers(p);
}

static const char *report(const struct performance *p, struct arena *arena)
{
	struct buf text;
	struct json j;

	buf_init(&text, arena, BUF_NO_MAX);
	json_init(&j, &text);
	json_object(&j, NULL);
	performance_write(p, &j);
	json_end(&j);
	buf_addc(&text, '\0');
	return text.ptr;
}

/* Their ids, with a space before each. */
static void advice(const struct performance *p, struct buf *ret)
{
	struct arena *arena = arena_new(65536);
	const char *at = strstr(report(p, arena), "\"recommendations\":");

	ck_assert_ptr_nonnull(at);
	while ((at = strstr(at, "{\"id\":\""))) {
		at += strlen("{\"id\":\"");
		buf_addf(ret, " %.*s", (int)strcspn(at, "\""), at);
	}
	buf_addc(ret, '\0');
	arena_free(arena);
}

START_TEST(recommendations)
{
	static const struct {
		void (*spoil)(struct performance *p);
		const char *want;
	} rows[] = {
		{ NULL, "" },
		{ no_redis, " redis_missing" },
		{ redis_down, " redis_away" },
		{ slow_ping, " redis_slow" },
		{ nothing_from_redis, " redis_unused" },
		{ no_memory, " memory_off" },
		{ out_of_lease, " no_lease" },
		{ slow_memory, " memory_slow" },
		{ slow_database, " database_slow" },
		{ bad_read, " reads_failed" },
		{ bad_read_under_load, " reads_failed" },
		{ bad_removal, "" },
		{ slow_load, " load_slow" },
		{ breaks_at_25, " breaks_early" },
		{ breaks_at_50, "" },
		{ slow_recovery, " recovers_slowly" },
		{ never_recovers, " recovers_slowly" },
		{ not_cleaned, " left_behind" },
		{ all_at_once, " redis_away database_slow recovers_slowly" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct performance p = healthy();
		struct buf found;

		buf_init(&found, NULL, 1024);
		if (rows[i].spoil)
			rows[i].spoil(&p);
		advice(&p, &found);
		ck_assert_msg(strcmp(found.ptr, rows[i].want) == 0, "row %zu:%s", i, found.ptr);
		buf_release(&found);
	}
}
END_TEST

START_TEST(stress_is_told)
{
	struct arena *arena = arena_new(65536);
	struct performance p = healthy();

	ck_assert_ptr_nonnull(
		strstr(report(&p, arena), "],\"breakingPoint\":null,\"recoveryTime\":1000"));
	breaks_at_25(&p);
	never_recovers(&p);
	ck_assert_ptr_nonnull(
		strstr(report(&p, arena), "],\"breakingPoint\":25,\"recoveryTime\":null"));
	arena_free(arena);
}
END_TEST

SUITE(breaking, breaking_point, recovery, no_recovery, recommendations, stress_is_told)
