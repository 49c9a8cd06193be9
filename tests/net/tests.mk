# tests of net: names in TESTS, one program a file.
if HAVE_CHECK
NET_TEST_LIBS = libtest.a $(NET_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/net/test_breaker
TESTS += tests/net/test_breaker
tests_net_test_breaker_SOURCES = tests/net/test_breaker.c
tests_net_test_breaker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_breaker_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_label
TESTS += tests/net/test_label
tests_net_test_label_SOURCES = tests/net/test_label.c
tests_net_test_label_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_label_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_migrate
TESTS += tests/net/test_migrate
tests_net_test_migrate_SOURCES = tests/net/test_migrate.c
tests_net_test_migrate_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_migrate_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_pg
TESTS += tests/net/test_pg
tests_net_test_pg_SOURCES = tests/net/test_pg.c
tests_net_test_pg_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_pg_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_redis
TESTS += tests/net/test_redis
tests_net_test_redis_SOURCES = tests/net/test_redis.c
tests_net_test_redis_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_redis_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_redis_reply
TESTS += tests/net/test_redis_reply
tests_net_test_redis_reply_SOURCES = tests/net/test_redis_reply.c
tests_net_test_redis_reply_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_redis_reply_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_redis_wire
TESTS += tests/net/test_redis_wire
tests_net_test_redis_wire_SOURCES = tests/net/test_redis_wire.c
tests_net_test_redis_wire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_redis_wire_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_stmt
TESTS += tests/net/test_stmt
tests_net_test_stmt_SOURCES = tests/net/test_stmt.c
tests_net_test_stmt_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_stmt_LDADD = $(NET_TEST_LIBS)

check_PROGRAMS += tests/net/test_tx
TESTS += tests/net/test_tx
tests_net_test_tx_SOURCES = tests/net/test_tx.c
tests_net_test_tx_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_net_test_tx_LDADD = $(NET_TEST_LIBS)
endif
