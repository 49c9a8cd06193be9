#include "suite.h"
#include "base/role.h"

START_TEST(names_read_back)
{
	enum role role;

	for (int i = ROLE_VIEWER; i <= ROLE_ADMIN; i++) {
		ck_assert(role_read(str_of(role_name((enum role)i)), &role));
		ck_assert_int_eq(role, i);
	}
	ck_assert_int_lt(ROLE_VIEWER, ROLE_OPERATOR);
	ck_assert_int_lt(ROLE_OPERATOR, ROLE_ADMIN);
}
END_TEST

START_TEST(no_key_is_public_and_no_other_word_is_a_role)
{
	enum role role = ROLE_ADMIN;

	ck_assert(!role_read(STR("public"), &role));
	ck_assert(!role_read(STR("Admin"), &role));
	ck_assert(!role_read(STR("adminn"), &role));
	ck_assert(!role_read(STR("admi"), &role));
	ck_assert(!role_read(STR_NONE, &role));
	ck_assert_int_eq(role, ROLE_ADMIN);
}
END_TEST

SUITE(names_read_back, no_key_is_public_and_no_other_word_is_a_role)
