# tests of live: the whole service behind nginx, one program a capability.
if HAVE_CHECK
check_LIBRARIES += libstack.a
libstack_a_SOURCES = \
	tests/lib/fixture.c \
	tests/lib/fixture.h \
	tests/lib/http.c \
	tests/lib/http.h \
	tests/lib/machine.c \
	tests/lib/machine.h \
	tests/lib/stack.c \
	tests/lib/stack.h
libstack_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CURL_CFLAGS)
LIVE_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
LIVE_LIBS = libstack.a libtest.a $(NET_LIBS) $(CURL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/live/test_audit
TESTS += tests/live/test_audit
tests_live_test_audit_SOURCES = tests/live/keys.c tests/live/keys.h tests/live/test_audit.c
tests_live_test_audit_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_audit_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_away
TESTS += tests/live/test_away
tests_live_test_away_SOURCES = tests/live/test_away.c
tests_live_test_away_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_away_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_bad
TESTS += tests/live/test_bad
tests_live_test_bad_SOURCES = tests/live/test_bad.c
tests_live_test_bad_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_bad_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_counts
TESTS += tests/live/test_counts
tests_live_test_counts_SOURCES = tests/live/test_counts.c
tests_live_test_counts_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_counts_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_data
TESTS += tests/live/test_data
tests_live_test_data_SOURCES = tests/live/test_data.c
tests_live_test_data_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_data_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_front
TESTS += tests/live/test_front
tests_live_test_front_SOURCES = tests/live/test_front.c
tests_live_test_front_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_front_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_hang
TESTS += tests/live/test_hang
tests_live_test_hang_SOURCES = tests/live/test_hang.c
tests_live_test_hang_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_hang_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_http
TESTS += tests/live/test_http
tests_live_test_http_SOURCES = tests/live/test_http.c
tests_live_test_http_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_http_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_machines
TESTS += tests/live/test_machines
tests_live_test_machines_SOURCES = tests/live/test_machines.c
tests_live_test_machines_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_machines_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_operate
TESTS += tests/live/test_operate
tests_live_test_operate_SOURCES = tests/live/test_operate.c
tests_live_test_operate_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_operate_LDADD = $(LIVE_LIBS)
check_PROGRAMS += tests/live/test_performance
TESTS += tests/live/test_performance
tests_live_test_performance_SOURCES = tests/live/test_performance.c
tests_live_test_performance_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_performance_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_keys
TESTS += tests/live/test_keys
tests_live_test_keys_SOURCES = tests/live/keys.c tests/live/keys.h tests/live/test_keys.c
tests_live_test_keys_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_keys_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_private
TESTS += tests/live/test_private
tests_live_test_private_SOURCES = tests/live/keys.c tests/live/keys.h tests/live/test_private.c
tests_live_test_private_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_private_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_purge
TESTS += tests/live/test_purge
tests_live_test_purge_SOURCES = tests/live/test_purge.c
tests_live_test_purge_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_purge_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_read
TESTS += tests/live/test_read
tests_live_test_read_SOURCES = tests/live/test_read.c
tests_live_test_read_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_read_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_replica
TESTS += tests/live/test_replica
tests_live_test_replica_SOURCES = tests/live/test_replica.c
tests_live_test_replica_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_replica_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_shared
TESTS += tests/live/test_shared
tests_live_test_shared_SOURCES = tests/live/test_shared.c
tests_live_test_shared_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_shared_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_stale
TESTS += tests/live/test_stale
tests_live_test_stale_SOURCES = tests/live/test_stale.c
tests_live_test_stale_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_stale_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_stored
TESTS += tests/live/test_stored
tests_live_test_stored_SOURCES = tests/live/test_stored.c
tests_live_test_stored_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_stored_LDADD = libstack.a libtest.a $(MODEL_LIBS) $(CURL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/live/test_walk
TESTS += tests/live/test_walk
tests_live_test_walk_SOURCES = tests/live/test_walk.c
tests_live_test_walk_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_walk_LDADD = $(LIVE_LIBS)

check_PROGRAMS += tests/live/test_warm
TESTS += tests/live/test_warm
tests_live_test_warm_SOURCES = tests/live/test_warm.c
tests_live_test_warm_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_warm_LDADD = libstack.a libtest.a $(MODEL_LIBS) $(CURL_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/live/test_write
TESTS += tests/live/test_write
tests_live_test_write_SOURCES = tests/live/test_write.c
tests_live_test_write_CFLAGS = $(LIVE_CFLAGS)
tests_live_test_write_LDADD = $(LIVE_LIBS)
endif
EXTRA_DIST += nginx/nginx.conf.in nginx/snippets/such-market-limit.conf
EXTRA_DIST += nginx/snippets/such-market-problems.conf nginx/snippets/such-market-tls.conf
EXTRA_DIST += nginx/such-market.conf.in
