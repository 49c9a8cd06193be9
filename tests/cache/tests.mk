# tests of cache: names in TESTS, one program a file.
if HAVE_CHECK

check_PROGRAMS += tests/cache/test_cache
TESTS += tests/cache/test_cache
tests_cache_test_cache_SOURCES = tests/cache/test_cache.c
tests_cache_test_cache_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_cache_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)
endif
