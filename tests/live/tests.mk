# tests of live: the whole service behind nginx, one program a capability.
if HAVE_CHECK
check_LIBRARIES += libstack.a
libstack_a_SOURCES = \
	tests/lib/http.c \
	tests/lib/http.h \
	tests/lib/stack.c \
	tests/lib/stack.h
libstack_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CURL_CFLAGS)
LIVE_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
LIVE_LIBS = libstack.a libtest.a $(NET_LIBS) $(CURL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/live/test_bad
TESTS += tests/live/test_bad
tests_live_test_bad_SOURCES = tests/live/test_bad.c
tests_live_test_bad_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_bad_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_front
TESTS += tests/live/test_front
tests_live_test_front_SOURCES = tests/live/test_front.c
tests_live_test_front_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_front_LDADD = $(LIVE_LIBS)
endif
EXTRA_DIST += nginx/nginx.conf.in nginx/snippets/such-market-limit.conf
EXTRA_DIST += nginx/snippets/such-market-problems.conf nginx/snippets/such-market-tls.conf
EXTRA_DIST += nginx/such-market.conf.in
