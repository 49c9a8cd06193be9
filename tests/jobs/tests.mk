# tests of jobs: names in TESTS, one program a file.
if HAVE_CHECK
JOBS_TEST_LIBS = libtest.a $(JOBS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/jobs/test_import
TESTS += tests/jobs/test_import
tests_jobs_test_import_SOURCES = \
	tests/jobs/import_fixture.c \
	tests/jobs/import_fixture.h \
	tests/jobs/test_import.c
tests_jobs_test_import_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_data
TESTS += tests/jobs/test_import_data
tests_jobs_test_import_data_SOURCES = \
	tests/jobs/import_fixture.c \
	tests/jobs/import_fixture.h \
	tests/jobs/test_import_data.c
tests_jobs_test_import_data_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_data_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_file
TESTS += tests/jobs/test_import_file
tests_jobs_test_import_file_SOURCES = tests/jobs/test_import_file.c
tests_jobs_test_import_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_file_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_line
TESTS += tests/jobs/test_import_line
tests_jobs_test_import_line_SOURCES = tests/jobs/test_import_line.c
tests_jobs_test_import_line_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_line_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_ahead
TESTS += tests/jobs/test_import_ahead
tests_jobs_test_import_ahead_SOURCES = \
	tests/jobs/import_fixture.c \
	tests/jobs/import_fixture.h \
	tests/jobs/test_import_ahead.c
tests_jobs_test_import_ahead_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_ahead_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_fill
TESTS += tests/jobs/test_import_fill
tests_jobs_test_import_fill_SOURCES = \
	tests/jobs/import_fixture.c \
	tests/jobs/import_fixture.h \
	tests/jobs/test_import_fill.c
tests_jobs_test_import_fill_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_fill_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_import_spool
TESTS += tests/jobs/test_import_spool
tests_jobs_test_import_spool_SOURCES = tests/jobs/test_import_spool.c
tests_jobs_test_import_spool_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_import_spool_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_performance
TESTS += tests/jobs/test_performance
tests_jobs_test_performance_SOURCES = tests/jobs/test_performance.c
tests_jobs_test_performance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_performance_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_performance_judge
TESTS += tests/jobs/test_performance_judge
tests_jobs_test_performance_judge_SOURCES = tests/jobs/test_performance_judge.c
tests_jobs_test_performance_judge_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_performance_judge_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_relay
TESTS += tests/jobs/test_relay
tests_jobs_test_relay_SOURCES = tests/jobs/test_relay.c
tests_jobs_test_relay_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_relay_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_recount
TESTS += tests/jobs/test_recount
tests_jobs_test_recount_SOURCES = tests/jobs/test_recount.c
tests_jobs_test_recount_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_recount_LDADD = libfixture.a $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_runner
TESTS += tests/jobs/test_runner
tests_jobs_test_runner_SOURCES = tests/jobs/test_runner.c
tests_jobs_test_runner_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_runner_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_ticker
TESTS += tests/jobs/test_ticker
tests_jobs_test_ticker_SOURCES = tests/jobs/test_ticker.c
tests_jobs_test_ticker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_ticker_LDADD = $(JOBS_TEST_LIBS)

check_PROGRAMS += tests/jobs/test_warm
TESTS += tests/jobs/test_warm
tests_jobs_test_warm_SOURCES = tests/jobs/test_warm.c
tests_jobs_test_warm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_jobs_test_warm_LDADD = $(JOBS_TEST_LIBS)
endif
