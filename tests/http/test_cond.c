#include "base/scope.h"
#include "http/accept.h"
#include "http/cond.h"
#include "suite.h"

START_TEST(if_none_match)
{
	static const struct {
		const char *header;
		bool match;
	} rows[] = {
		{ "\"abc\"", true },
		{ "W/\"abc\"", true },
		{ "*", true },
		{ " * ", true },
		{ "\"x\", \"abc\"", true },
		{ "\"x\",W/\"y\" ,\tW/\"abc\"", true },
		{ ",, \"abc\"", true },
		{ "\"a,b\", \"abc\"", true },
		{ "\"x\"", false },
		{ "", false },
		{ "abc", false },
		{ "\"abc", false },
		{ "\"ABC\"", false },
		{ "\"abc\"x", true },
		{ "\"\"", false },
		{ "W/", false },
		{ "w/\"abc\"", false },
		{ "\"abcd\"", false },
		{ "**", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_msg(cond_none_match(str_of(rows[i].header), STR("\"abc\"")) ==
				      rows[i].match,
			      "%s", rows[i].header);
	ck_assert(cond_none_match(STR("\"abc\""), STR("W/\"abc\"")));
	ck_assert(!cond_none_match(STR_NONE, STR("\"abc\"")));
}
END_TEST

START_TEST(accept)
{
	static const struct {
		const char *header;
		bool allows;
	} rows[] = {
		{ "", true },
		{ "*/*", true },
		{ "*", true },
		{ "application/json", true },
		{ "Application/JSON; charset=utf-8", true },
		{ "application/*", true },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true },
		{ "text/html, application/json;q=0.1", true },
		{ "text/html", false },
		{ "text/*", false },
		{ "application/json;q=0", false },
		{ "application/json; q=0.000, */*", false },
		{ "*/*, application/json ;v=1; Q=0.0", false },
		{ "application/json;q=0.001", true },
		{ "application/json;q=", true },
		{ "application/*;q=0, */*", false },
		{ "application/*;q=0, application/json", true },
		{ "nonsense", true },
		{ ";;,,", true },
		{ "application", true },
		{ "application/jsonx", false },
		{ "applicatio/*", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_msg(accept_allows(str_of(rows[i].header), STR("application/json")) ==
				      rows[i].allows,
			      "%s", rows[i].header);
	ck_assert(accept_allows(STR("text/plain"), STR("text/plain; version=0.0.4")));
}
END_TEST

SUITE(if_none_match, accept)
