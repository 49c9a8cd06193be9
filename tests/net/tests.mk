# tests of net: names in TESTS, one program a file.
if HAVE_CHECK
NET_TEST_LIBS = libtest.a $(NET_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/net/test_stmt
TESTS += tests/net/test_stmt
tests_net_test_stmt_SOURCES = tests/net/test_stmt.c
tests_net_test_stmt_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_stmt_LDADD = $(NET_TEST_LIBS)
endif
