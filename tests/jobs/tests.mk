# tests of jobs: names in TESTS, one program a file.
if HAVE_CHECK
JOBS_TEST_LIBS = libtest.a $(JOBS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/jobs/test_relay
TESTS += tests/jobs/test_relay
tests_jobs_test_relay_SOURCES = tests/jobs/test_relay.c
tests_jobs_test_relay_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_relay_LDADD = $(JOBS_TEST_LIBS)
endif
