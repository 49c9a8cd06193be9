# tests of api: names in TESTS, one program a file.
if HAVE_CHECK
API_TEST_LIBS = libask.a libfixture.a libtest.a $(API_LIBS) $(CHECK_LIBS)
check_LIBRARIES += libask.a
libask_a_SOURCES = tests/api/ask.c tests/api/ask.h
libask_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

check_PROGRAMS += tests/api/test_analytics
TESTS += tests/api/test_analytics
tests_api_test_analytics_SOURCES = tests/api/test_analytics.c
tests_api_test_analytics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_analytics_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_audit
TESTS += tests/api/test_audit
tests_api_test_audit_SOURCES = tests/api/test_audit.c
tests_api_test_audit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_audit_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_collection
TESTS += tests/api/test_collection
tests_api_test_collection_SOURCES = tests/api/test_collection.c
tests_api_test_collection_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_collection_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_gate
TESTS += tests/api/test_gate
tests_api_test_gate_SOURCES = tests/api/test_gate.c
tests_api_test_gate_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_gate_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_health
TESTS += tests/api/test_health
tests_api_test_health_SOURCES = tests/api/test_health.c
tests_api_test_health_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_health_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_hit
TESTS += tests/api/test_hit
tests_api_test_hit_SOURCES = tests/api/test_hit.c tests/lib/fcgi_client.c
tests_api_test_hit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_hit_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_job
TESTS += tests/api/test_job
tests_api_test_job_SOURCES = tests/api/test_job.c
tests_api_test_job_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_job_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_key
TESTS += tests/api/test_key
tests_api_test_key_SOURCES = tests/api/test_key.c
tests_api_test_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_key_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_metrics
TESTS += tests/api/test_metrics
tests_api_test_metrics_SOURCES = tests/api/test_metrics.c
tests_api_test_metrics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_metrics_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_nft
TESTS += tests/api/test_nft
tests_api_test_nft_SOURCES = tests/api/test_nft.c
tests_api_test_nft_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_nft_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_owner
TESTS += tests/api/test_owner
tests_api_test_owner_SOURCES = tests/api/test_owner.c
tests_api_test_owner_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_owner_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_performance
TESTS += tests/api/test_performance
tests_api_test_performance_SOURCES = tests/api/test_performance.c
tests_api_test_performance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_performance_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_trait
TESTS += tests/api/test_trait
tests_api_test_trait_SOURCES = tests/api/test_trait.c
tests_api_test_trait_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_trait_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_purge
TESTS += tests/api/test_purge
tests_api_test_purge_SOURCES = tests/api/test_purge.c
tests_api_test_purge_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_purge_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_event
TESTS += tests/api/test_event
tests_api_test_event_SOURCES = tests/api/test_event.c
tests_api_test_event_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_event_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_services
TESTS += tests/api/test_services
tests_api_test_services_SOURCES = tests/api/test_services.c
tests_api_test_services_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_services_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_transfer
TESTS += tests/api/test_transfer
tests_api_test_transfer_SOURCES = tests/api/test_transfer.c
tests_api_test_transfer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_transfer_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_transfer_record
TESTS += tests/api/test_transfer_record
tests_api_test_transfer_record_SOURCES = tests/api/test_transfer_record.c
tests_api_test_transfer_record_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_transfer_record_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_user
TESTS += tests/api/test_user
tests_api_test_user_SOURCES = tests/api/test_user.c
tests_api_test_user_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_user_LDADD = $(API_TEST_LIBS)

check_PROGRAMS += tests/api/test_wallet
TESTS += tests/api/test_wallet
tests_api_test_wallet_SOURCES = tests/api/test_wallet.c
tests_api_test_wallet_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_api_test_wallet_LDADD = $(API_TEST_LIBS)
endif
