# tests of model: names in TESTS, one program a file.
if HAVE_CHECK
MODEL_TEST_LIBS = libfixture.a libtest.a $(MODEL_LIBS) $(CHECK_LIBS)
check_LIBRARIES += libfixture.a
libfixture_a_SOURCES = tests/model/fixture.c tests/model/fixture.h
libfixture_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

check_PROGRAMS += tests/model/test_collection
TESTS += tests/model/test_collection
tests_model_test_collection_SOURCES = tests/model/test_collection.c
tests_model_test_collection_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_collection_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_key
TESTS += tests/model/test_key
tests_model_test_key_SOURCES = tests/model/test_key.c
tests_model_test_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_key_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_nft
TESTS += tests/model/test_nft
tests_model_test_nft_SOURCES = tests/model/test_nft.c
tests_model_test_nft_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_nft_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_plans
TESTS += tests/model/test_plans
tests_model_test_plans_SOURCES = tests/model/test_plans.c
tests_model_test_plans_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_plans_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_search
TESTS += tests/model/test_search
tests_model_test_search_SOURCES = tests/model/test_search.c
tests_model_test_search_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_search_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_summaries
TESTS += tests/model/test_summaries
tests_model_test_summaries_SOURCES = tests/model/test_summaries.c
tests_model_test_summaries_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_summaries_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_trait
TESTS += tests/model/test_trait
tests_model_test_trait_SOURCES = tests/model/test_trait.c
tests_model_test_trait_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_trait_LDADD = $(MODEL_TEST_LIBS)
endif
