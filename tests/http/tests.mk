# tests of http: names in TESTS, one program a file.
EXTRA_DIST += tests/http/server.h tests/lib/fcgi_client.h

if HAVE_CHECK
FCGI_TEST_SOURCES = tests/http/server.c tests/lib/fcgi_client.c

check_PROGRAMS += tests/http/test_cond
TESTS += tests/http/test_cond
tests_http_test_cond_SOURCES = tests/http/test_cond.c
tests_http_test_cond_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_cond_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_cursor
TESTS += tests/http/test_cursor
tests_http_test_cursor_SOURCES = tests/http/test_cursor.c
tests_http_test_cursor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_cursor_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi
TESTS += tests/http/test_fcgi
tests_http_test_fcgi_SOURCES = tests/http/test_fcgi.c $(FCGI_TEST_SOURCES)
tests_http_test_fcgi_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_bad
TESTS += tests/http/test_fcgi_bad
tests_http_test_fcgi_bad_SOURCES = tests/http/test_fcgi_bad.c $(FCGI_TEST_SOURCES)
tests_http_test_fcgi_bad_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_bad_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_drain
TESTS += tests/http/test_fcgi_drain
tests_http_test_fcgi_drain_SOURCES = tests/http/test_fcgi_drain.c $(FCGI_TEST_SOURCES)
tests_http_test_fcgi_drain_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_drain_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_feed
TESTS += tests/http/test_fcgi_feed
tests_http_test_fcgi_feed_SOURCES = tests/http/test_fcgi_feed.c tests/lib/fcgi_client.c
tests_http_test_fcgi_feed_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -DFEED_DIRECT=true
tests_http_test_fcgi_feed_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

# Linked so that libfcgi does not find our OS_Read: it has to read files.
HIDE_FEED = -Wl,--exclude-libs,ALL
check_PROGRAMS += tests/http/test_fcgi_feed_file
TESTS += tests/http/test_fcgi_feed_file
tests_http_test_fcgi_feed_file_SOURCES = tests/http/test_fcgi_feed.c tests/lib/fcgi_client.c
tests_http_test_fcgi_feed_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -DFEED_DIRECT=false
tests_http_test_fcgi_feed_file_LDFLAGS = $(AM_LDFLAGS) $(HIDE_FEED)
tests_http_test_fcgi_feed_file_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_file
TESTS += tests/http/test_fcgi_file
tests_http_test_fcgi_file_SOURCES = tests/http/test_fcgi.c $(FCGI_TEST_SOURCES)
tests_http_test_fcgi_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_file_LDFLAGS = $(AM_LDFLAGS) $(HIDE_FEED)
tests_http_test_fcgi_file_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_loop
TESTS += tests/http/test_fcgi_loop
tests_http_test_fcgi_loop_SOURCES = tests/http/test_fcgi_loop.c $(FCGI_TEST_SOURCES)
tests_http_test_fcgi_loop_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_loop_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_scan
TESTS += tests/http/test_fcgi_scan
tests_http_test_fcgi_scan_SOURCES = tests/http/test_fcgi_scan.c tests/lib/fcgi_client.c
tests_http_test_fcgi_scan_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_scan_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_fcgi_send
TESTS += tests/http/test_fcgi_send
tests_http_test_fcgi_send_SOURCES = tests/http/test_fcgi_send.c
tests_http_test_fcgi_send_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_fcgi_send_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_problem
TESTS += tests/http/test_problem
tests_http_test_problem_SOURCES = tests/http/test_problem.c
tests_http_test_problem_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_problem_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_query
TESTS += tests/http/test_query
tests_http_test_query_SOURCES = tests/http/test_query.c
tests_http_test_query_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_query_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_request
TESTS += tests/http/test_request
tests_http_test_request_SOURCES = tests/http/test_request.c
tests_http_test_request_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_request_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_response
TESTS += tests/http/test_response
tests_http_test_response_SOURCES = tests/http/test_response.c
tests_http_test_response_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_response_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/http/test_router
TESTS += tests/http/test_router
tests_http_test_router_SOURCES = tests/http/test_router.c
tests_http_test_router_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_http_test_router_LDADD = $(HTTP_LIBS) $(CHECK_LIBS)
endif
