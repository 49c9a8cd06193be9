/* What administrators clear: who may, what a body must be, which events it leaves. */
#include "suite.h"

#include <stdio.h>
#include <unistd.h>
#include "api/ask.h"
#include "base/arena.h"
#include "base/scope.h"
#include "cache/cache.h"
#include "cache/redis_tier.h"
#include "cache/tag.h"
#include "lib/live_pg.h"
#include "model/audit.h"
#include "model/key.h"
#include "net/pg.h"
#include "net/redis.h"

#define CLEAR      "/api/admin/cache/clear"
#define INVALIDATE "/api/cache/invalidate"
#define P          "such-market:"

static struct env *env;
static char key[KEY_TEXT];

static void begin(enum role role)
{
	static int n;
	char name[40];

	env = new_env();
	snprintf(name, sizeof(name), "%d of %d", n++, (int)getpid());
	ck_assert_int_eq(key_create(env, name, role, key), RC_OK);
}

static struct reply post(const char *path, const char *body)
{
	return ask(env, &(struct ask){ .method = "POST",
				       .path = path,
				       .api_key = key,
				       .content_type = "application/json",
				       .body = body });
}

static int64_t number(const char *sql)
{
	SCOPED(pg_result_done) struct pg_result row = pg_exec(env->pg, sql);

	ck_assert_msg(row.rc == RC_OK && row.count == 1, "%s", pg_error(env->pg));
	return pg_i64(&row, 0, 0);
}

static const char *last_tags(void)
{
	SCOPED(pg_result_done)
	struct pg_result row = pg_exec(env->pg, "SELECT array_to_string(tags, ' ') FROM"
						" such_market.cache_events"
						" ORDER BY id DESC LIMIT 1");

	return arena_strz(env->arena, pg_str(&row, 0, 0));
}

START_TEST(test_everything)
{
	begin(ROLE_OPERATOR);
	int64_t cleared = number("SELECT cleared FROM such_market.cache_clear");
	struct reply r = post(CLEAR, "{\"pattern\":\"" P "*\"}");

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "success"), "true");
	ck_str(BODY(env, r, "method"), "\"epoch\"");
	ck_str(BODY(env, r, "cleared"), "null");
	ck_str(BODY(env, r, "jobId"), "null");
	ck_str(BODY(env, r, "statusUrl"), "null");
	ck_str(BODY(env, r, "redis"), "\"off\"");
	ck_assert_int_eq(number("SELECT max(id) FROM such_market.cache_events"
				" WHERE kind = 'cache_cleared' AND tags = '{}'"),
			 strtoll(arena_strz(env->arena, BODY(env, r, "eventId")), NULL, 10));
	ck_assert_int_eq(number("SELECT cleared FROM such_market.cache_clear"), cleared + 1);
	/* Clicked twice. */
	ck_assert_int_eq(post(CLEAR, "{\"pattern\":\"" P "*\"}").status, 200);
	free_env(env);
}
END_TEST

START_TEST(test_one_address)
{
	begin(ROLE_OPERATOR);
	struct reply r = post(CLEAR, "{\"pattern\":\"" P "collections:{" ALPHA "}:*\"}");

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "method"), "\"tags\"");
	ck_str(BODY(env, r, "tags"), "2");
	ck_assert_str_eq(last_tags(), "c:" ALPHA " b:" ALPHA);
	ck_assert_int_eq(number("SELECT max(id) FROM such_market.cache_events"
				" WHERE kind = 'cache_cleared'"),
			 strtoll(arena_strz(env->arena, BODY(env, r, "eventId")), NULL, 10));
	free_env(env);
}
END_TEST

/* Without Redis there is nothing for a job to do. */
START_TEST(test_any_other_glob)
{
	begin(ROLE_OPERATOR);
	struct reply r = post(CLEAR, "{\"pattern\":\"" P "users:*\"}");

	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "method"), "\"scan\"");
	ck_str(BODY(env, r, "jobId"), "null");
	ck_assert_str_eq(last_tags(), "~users:*");
	free_env(env);
}
END_TEST

START_TEST(test_keys_and_tags)
{
	char want[TAG_KEY_TEXT];

	begin(ROLE_OPERATOR);
	tag_write_key(STR("nfts:{" ALPHA "}:7"), want);
	struct reply r = post(INVALIDATE, "{\"keys\":[\"" P "nfts:{" ALPHA "}:7\"]}");
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(last_tags(), want);
	r = post(INVALIDATE, "{\"tags\":[\"u:7\",\"list\",\"u:7\"]}");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "tags"), "2");
	ck_assert_str_eq(last_tags(), "u:7 list");
	r = post(INVALIDATE, "{\"tags\":[\"t:" ALPHA ":7\"],\"dependents\":true}");
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(last_tags(), "t:" ALPHA ":7 b:" ALPHA " c:" ALPHA " list");
	r = post(INVALIDATE,
		 "{\"tags\":[\"u:7\"],\"pattern\":\"" P "wallets:{" WALLET "1}:*\"}");
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(last_tags(), "u:7 o:" WALLET "1");
	free_env(env);
}
END_TEST

static void log_is(const char *want)
{
	SCOPED(pg_result_done)
	struct pg_result row =
		pg_exec(env->pg, "SELECT string_agg(status || ' ' || outcome, ', ' ORDER BY id)"
				 " FROM such_market.audit_log WHERE method = 'POST'");

	ck_str(pg_is_null(&row, 0, 0) ? STR("") : pg_str(&row, 0, 0), want);
}

/* What one request names becomes invalid as a whole, with one row of the audit log. */
START_TEST(test_together)
{
	begin(ROLE_OPERATOR);
	cache_on_write(env->cache, (struct cache_hook){ audit_join, audit_undone, env });
	live_pg_sql("DELETE FROM such_market.audit_log");
	int64_t events = number("SELECT count(*) FROM such_market.cache_events");
	struct reply r = post(INVALIDATE, "{\"tags\":[\"u:7\"],\"pattern\":\"" P "users:*\"}");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "method"), "\"scan\"");
	ck_assert_str_eq(last_tags(), "u:7 ~users:*");
	ck_assert_int_eq(number("SELECT count(*) FROM such_market.cache_events"), events + 1);
	log_is("200 done");
	r = post(INVALIDATE, "{\"tags\":[\"u:7\"],\"pattern\":\"" P "*\"}");
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "method"), "\"epoch\"");
	ck_assert_str_eq(last_tags(), "");
	ck_assert_int_eq(number("SELECT count(*) FROM such_market.cache_events"), events + 2);
	log_is("200 done, 200 done");
	free_env(env);
}
END_TEST

/* The row has the status of the answer, which is 202 where a job goes on with it. */
START_TEST(test_log_of_a_scan)
{
	static const struct redis_options wire = { .url = "unix:///nowhere", .connect_ms = 50 };
	static const struct cache_options options = { .redis_prefix = "such-market" };

	begin(ROLE_OPERATOR);
	struct redis *redis = redis_new(&wire);
	struct redis_tier *tier = redis_tier_new(&options, NULL, redis);
	cache_set_redis(env->cache, tier);
	cache_on_write(env->cache, (struct cache_hook){ audit_join, audit_undone, env });
	live_pg_sql("DELETE FROM such_market.audit_log");
	struct reply r = post(CLEAR, "{\"pattern\":\"" P "users:*\"}");
	ck_assert_int_eq(r.status, 202);
	ck_str(BODY(env, r, "redis"), "\"unreachable\"");
	ck_assert(str_starts(BODY(env, r, "statusUrl"), STR("\"/api/admin/jobs/")));
	log_is("202 done");
	free_env(env);
	redis_tier_free(tier);
	redis_free(redis);
}
END_TEST

START_TEST(test_bad_bodies)
{
	static const struct {
		const char *path, *body, *code;
	} rows[] = {
		{ CLEAR, "", "invalid_body" },
		{ CLEAR, "{", "invalid_body" },
		{ CLEAR, "[]", "invalid_body" },
		{ CLEAR, "{}", "invalid_body" },
		{ CLEAR, "{\"pattern\":null}", "invalid_body" },
		{ CLEAR, "{\"pattern\":7}", "invalid_body" },
		{ CLEAR, "{\"pattern\":[\"" P "*\"]}", "invalid_body" },
		{ CLEAR, "{\"pattern\":\"" P "*\",\"force\":true}", "invalid_body" },
		{ CLEAR, "{\"pattern\":\"*\"}", "pattern_outside_prefix" },
		{ CLEAR, "{\"pattern\":\"other:*\"}", "pattern_outside_prefix" },
		{ CLEAR, "{\"pattern\":\"/^such-market:/\"}", "invalid_pattern" },
		{ CLEAR, "{\"pattern\":\"" P "*a*a*a*a*a*a*a*a*\"}", "invalid_pattern" },
		{ INVALIDATE, "{}", "invalid_body" },
		{ INVALIDATE, "{\"keys\":[],\"tags\":[]}", "invalid_body" },
		{ INVALIDATE, "{\"keys\":\"" P "nfts:x\"}", "invalid_body" },
		{ INVALIDATE, "{\"keys\":[7]}", "invalid_body" },
		{ INVALIDATE, "{\"keys\":[\"nfts:x\"]}", "pattern_outside_prefix" },
		{ INVALIDATE, "{\"keys\":[\"" P "nfts:*\"]}", "invalid_key" },
		{ INVALIDATE, "{\"tags\":[\"x:1\"]}", "invalid_tag" },
		{ INVALIDATE, "{\"tags\":[\"~*\"]}", "invalid_tag" },
		{ INVALIDATE, "{\"tags\":[\"u:7\\nlist\"]}", "invalid_tag" },
		{ INVALIDATE, "{\"tags\":[\"u:7\"],\"dependents\":1}", "invalid_body" },
	};

	begin(ROLE_OPERATOR);
	int64_t before = number("SELECT max(id) FROM such_market.cache_events");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reply r = post(rows[i].path, rows[i].body);

		ck_assert_msg(r.status == 400, "%s: %d", rows[i].body, r.status);
		ck_problem(env, &r, 400, rows[i].code);
	}
	ck_assert_int_eq(number("SELECT max(id) FROM such_market.cache_events"), before);
	free_env(env);
}
END_TEST

START_TEST(test_too_many)
{
	begin(ROLE_OPERATOR);
	struct str body = STR("{\"tags\":[\"u:1\"");

	for (int i = 0; i < 500; i++)
		body = arena_printf(env->arena, STR_FMT ",\"u:%d\"", STR_ARG(body), i);
	body = arena_printf(env->arena, STR_FMT "]}", STR_ARG(body));
	struct reply r = post(INVALIDATE, arena_strz(env->arena, body));
	ck_problem(env, &r, 400, "invalid_body");
	free_env(env);
}
END_TEST

START_TEST(test_who)
{
	static const char *const paths[] = { CLEAR, INVALIDATE, "/api/admin/events/1/retry" };

	begin(ROLE_VIEWER);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct reply r = post(paths[i], "{\"pattern\":\"" P "*\"}");

		ck_problem(env, &r, 403, "forbidden");
		r = ask(env, &(struct ask){ .method = "POST", .path = paths[i] });
		ck_problem(env, &r, 401, "unauthenticated");
	}
	struct reply r =
		ask(env, &(struct ask){ .path = "/api/cache/metrics", .api_key = key });
	ck_assert_int_eq(r.status, 200);
	ck_str(BODY(env, r, "tiers.memory.enabled"), "false");
	ck_str(BODY(env, r, "tiers.redis.enabled"), "false");
	r = get(env, "/api/cache/metrics", NULL);
	ck_problem(env, &r, 401, "unauthenticated");
	free_env(env);
}
END_TEST

SUITE_WITH(world_start, world_done, 60, test_everything, test_one_address, test_any_other_glob,
	   test_keys_and_tags, test_together, test_log_of_a_scan, test_bad_bodies,
	   test_too_many, test_who)
