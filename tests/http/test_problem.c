#include "base/arena.h"
#include "base/jsonin.h"
#include "base/buf.h"
#include "base/scope.h"
#include "http/problem.h"
#include "suite.h"

static struct str text_of(struct json_object *root, const char *key)
{
	return jsonin_str(jsonin_get(root, key));
}

static struct json_object *written(struct arena *arena, const struct problem *p)
{
	struct json_object *root = NULL;
	const char *error;
	struct buf out;

	buf_init(&out, arena, BUF_NO_MAX);
	problem_write(p, "id-1", &out);
	ck_assert_int_eq(jsonin_parse(arena, buf_str(&out), 4, &root, &error), RC_OK);
	return root;
}

START_TEST(every_outcome_has_a_status_and_a_title)
{
	for (int rc = 0; rc < RC_COUNT; rc++) {
		int status = problem_status((enum rc)rc);

		ck_assert_int_ge(status, 200);
		ck_assert_str_ne(status_title(status), "Unknown");
	}
	ck_assert_int_eq(problem_status(RC_NOT_FOUND), 404);
	ck_assert_int_eq(problem_status(RC_TIMEOUT), 503);
	ck_assert_str_eq(status_title(404), "Not Found");
	ck_assert_str_eq(status_title(418), "Unknown");
}
END_TEST

START_TEST(an_outcome_alone_speaks_for_itself)
{
	struct arena *arena = arena_new(4096);
	struct problem p = { .rc = RC_NOT_FOUND };
	struct json_object *root = written(arena, &p);
	int64_t status;

	ck_assert(str_eqz(text_of(root, "type"), "about:blank"));
	ck_assert(str_eqz(text_of(root, "title"), "Not Found"));
	ck_assert(str_eqz(text_of(root, "error"), "Not Found"));
	ck_assert(str_eqz(text_of(root, "code"), "not_found"));
	ck_assert(str_eqz(text_of(root, "detail"), "No such thing"));
	ck_assert(str_eqz(text_of(root, "requestId"), "id-1"));
	ck_assert(jsonin_i64(jsonin_get(root, "status"), &status));
	ck_assert_int_eq(status, 404);
	ck_assert(!jsonin_has(root, "errors"));
	arena_free(arena);
}
END_TEST

START_TEST(bad_parameters_are_listed)
{
	struct arena *arena = arena_new(4096);
	struct problem p = { 0 };

	ck_assert_int_eq(
		problem_parameter(&p, "invalid_address", STR("owner"), STR("is no address")),
		RC_INVALID);
	ck_assert_int_eq(problem_parameter(&p, NULL, STR("page"), STR("too big \"\n")),
			 RC_INVALID);
	struct json_object *root = written(arena, &p);
	struct json_object *errors = jsonin_get(root, "errors");

	ck_assert(str_eqz(text_of(root, "code"), "invalid_address"));
	ck_assert(str_eqz(text_of(root, "detail"), "is no address"));
	ck_assert_uint_eq(jsonin_count(errors), 2);
	ck_assert(str_eqz(text_of(jsonin_at(errors, 1), "parameter"), "page"));
	ck_assert(str_eqz(text_of(jsonin_at(errors, 1), "detail"), "too big \"\n"));
	arena_free(arena);
}
END_TEST

START_TEST(errors_are_bounded)
{
	struct problem p = { 0 };

	for (int i = 0; i < 100; i++)
		problem_parameter(&p, NULL, STR("x"), STR("y"));
	ck_assert_int_eq(p.count, PROBLEM_ERRORS);
	ck_assert_str_eq(p.code, "invalid_parameter");
}
END_TEST

SUITE(every_outcome_has_a_status_and_a_title, an_outcome_alone_speaks_for_itself,
      bad_parameters_are_listed, errors_are_bounded)
