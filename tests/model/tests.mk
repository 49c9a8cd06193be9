# tests of model: names in TESTS, one program a file.
if HAVE_CHECK
MODEL_TEST_LIBS = libfixture.a libtest.a $(MODEL_LIBS) $(CHECK_LIBS)
check_LIBRARIES += libfixture.a
libfixture_a_SOURCES = tests/model/fixture.c tests/model/fixture.h
libfixture_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

check_PROGRAMS += tests/model/test_analytics
TESTS += tests/model/test_analytics
tests_model_test_analytics_SOURCES = tests/model/test_analytics.c
tests_model_test_analytics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_analytics_LDADD = libtest.a $(MODEL_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/model/test_audit
TESTS += tests/model/test_audit
tests_model_test_audit_SOURCES = tests/model/test_audit.c
tests_model_test_audit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_audit_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_collection
TESTS += tests/model/test_collection
tests_model_test_collection_SOURCES = tests/model/test_collection.c
tests_model_test_collection_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_collection_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_holder_plans
TESTS += tests/model/test_holder_plans
tests_model_test_holder_plans_SOURCES = tests/model/test_holder_plans.c
tests_model_test_holder_plans_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_holder_plans_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_instance
TESTS += tests/model/test_instance
tests_model_test_instance_SOURCES = tests/model/test_instance.c
tests_model_test_instance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_instance_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_invalidation
TESTS += tests/model/test_invalidation
tests_model_test_invalidation_SOURCES = \
	tests/model/questions.c \
	tests/model/questions.def \
	tests/model/questions.h \
	tests/model/test_invalidation.c \
	tests/model/writes.def
tests_model_test_invalidation_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_invalidation_LDADD = libfixture.a libtest.a $(JOBS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/model/test_job
TESTS += tests/model/test_job
tests_model_test_job_SOURCES = tests/model/test_job.c
tests_model_test_job_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_job_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_key
TESTS += tests/model/test_key
tests_model_test_key_SOURCES = tests/model/test_key.c
tests_model_test_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_key_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_keyring
TESTS += tests/model/test_keyring
tests_model_test_keyring_SOURCES = tests/model/test_keyring.c
tests_model_test_keyring_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_keyring_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_legacy
TESTS += tests/model/test_legacy
tests_model_test_legacy_SOURCES = tests/model/test_legacy.c
tests_model_test_legacy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_legacy_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_nft
TESTS += tests/model/test_nft
tests_model_test_nft_SOURCES = tests/model/test_nft.c
tests_model_test_nft_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_nft_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_outbox
TESTS += tests/model/test_outbox
tests_model_test_outbox_SOURCES = tests/model/test_outbox.c
tests_model_test_outbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_outbox_LDADD = libtest.a $(NET_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/model/test_owner
TESTS += tests/model/test_owner
tests_model_test_owner_SOURCES = tests/model/test_owner.c
tests_model_test_owner_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_owner_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_plans
TESTS += tests/model/test_plans
tests_model_test_plans_SOURCES = tests/model/test_plans.c
tests_model_test_plans_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_plans_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_pattern
TESTS += tests/model/test_pattern
tests_model_test_pattern_SOURCES = tests/model/test_pattern.c
tests_model_test_pattern_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_pattern_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_search
TESTS += tests/model/test_search
tests_model_test_search_SOURCES = tests/model/test_search.c
tests_model_test_search_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_search_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_stored_plans
TESTS += tests/model/test_stored_plans
tests_model_test_stored_plans_SOURCES = tests/model/test_stored_plans.c
tests_model_test_stored_plans_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_stored_plans_LDADD = $(MODEL_TEST_LIBS)

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

check_PROGRAMS += tests/model/test_traitset
TESTS += tests/model/test_traitset
tests_model_test_traitset_SOURCES = tests/model/test_traitset.c
tests_model_test_traitset_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_traitset_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_transfer
TESTS += tests/model/test_transfer
tests_model_test_transfer_SOURCES = tests/model/test_transfer.c
tests_model_test_transfer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_transfer_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_transfer_write
TESTS += tests/model/test_transfer_write
tests_model_test_transfer_write_SOURCES = tests/model/test_transfer_write.c
tests_model_test_transfer_write_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_transfer_write_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_user
TESTS += tests/model/test_user
tests_model_test_user_SOURCES = tests/model/test_user.c
tests_model_test_user_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_user_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/model/test_wallet
TESTS += tests/model/test_wallet
tests_model_test_wallet_SOURCES = tests/model/test_wallet.c
tests_model_test_wallet_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_model_test_wallet_LDADD = $(MODEL_TEST_LIBS)
endif
