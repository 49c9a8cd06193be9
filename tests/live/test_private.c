/* A setting makes the public reads need a key; the machine's own routes stay open. */
#include <stdio.h>
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/stack.h"
#include "live/keys.h"
#include "suite.h"

#define C721 "/api/collection/" FIXTURE_721

static void start(void)
{
	stack_start_with("workers = 2\nslow_workers = 2\npublic_reads = viewer\n");
	fixture_import();
	keys_make();
}

START_TEST(test_every_route)
{
	keys_walk(true);
}
END_TEST

START_TEST(test_private_reads)
{
	struct http *http = stack_http();
	char with[128], etag[128];

	snprintf(with, sizeof(with), "Authorization: Bearer %s", keys[ROLE_VIEWER]);
	for (int i = 0; i < 3; i++) { /* from the database, from copies, unchanged */
		snprintf(etag, sizeof(etag), "If-None-Match: %s",
			 i == 2 ? http_header(http, "ETag") : "\"none\"");
		ck_assert_int_eq(
			http_ask(http, &(struct http_ask){ .path = C721 "/nfts/2",
							   .headers = { with, etag } }),
			i == 2 ? 304 : 200);
		ck_assert_str_eq(http_header(http, "Cache-Control"),
				 "private, max-age=0, must-revalidate");
		ck_assert_ptr_nonnull(strstr(http_header(http, "Vary"), "Authorization"));
		ck_assert_ptr_nonnull(strstr(http_header(http, "Vary"), "X-API-Key"));
	}
	ck_assert_int_eq(http_get(http, "/health/live"), 200);
	ck_assert_int_eq(http_get(http, "/health/ready"), 200);
	http_get(http, C721);
	http_problem_is(http, 401, "unauthenticated");
	http_free(http);
}
END_TEST

SUITE_WITH(start, stack_done, 60, test_every_route, test_private_reads)
