# tests of http: names in TESTS, one program a file.
EXTRA_DIST += tests/lib/fcgi_client.h tests/http/server.h
if HAVE_CHECK
FCGI_TEST_SOURCES = tests/http/server.c tests/lib/fcgi_client.c

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
endif
