#include "suite.h"
#include "base/rc.h"
#include <string.h>

START_TEST(every_outcome_has_its_own_code_and_a_text)
{
	for (int i = 0; i < RC_COUNT; i++) {
		ck_assert(strlen(rc_code((enum rc)i)) > 0);
		ck_assert(strlen(rc_text((enum rc)i)) > 0);
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(rc_code((enum rc)i), rc_code((enum rc)k));
	}
	ck_assert_str_eq(rc_code(RC_NOT_FOUND), "not_found");
	ck_assert_str_eq(rc_text(RC_TIMEOUT), "A needed part did not answer in time");
}
END_TEST

SUITE(every_outcome_has_its_own_code_and_a_text)
