#include "suite.h"
#include "base/answer.h"
#include <string.h>

static void stamp(struct answer *a, const char *body)
{
	buf_init(&a->body, NULL, BUF_NO_MAX);
	buf_adds(&a->body, str_of(body));
	answer_stamp(a);
	buf_release(&a->body);
}

START_TEST(etag_is_of_the_body_alone)
{
	struct answer a = { .tier = TIER_HOT },
		      b = { .source = SOURCE_REDIS, .modified_us = 5 };

	stamp(&a, "abc");
	stamp(&b, "abc");
	/* printf abc | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url */
	ck_assert_str_eq(a.etag, "\"ungWv48Bz-pBQUDeXa4iIw\"");
	ck_assert_str_eq(a.etag, b.etag);
	stamp(&b, "abd");
	ck_assert_str_ne(a.etag, b.etag);
	stamp(&b, "");
	ck_assert_uint_eq(strlen(b.etag), 24);
}
END_TEST

SUITE(etag_is_of_the_body_alone)
