AM_TESTS_ENVIRONMENT = CK_FORK=yes; export CK_FORK; top_srcdir=$(abs_top_srcdir); top_builddir=$(abs_top_builddir); export top_srcdir top_builddir;
EXTRA_DIST += tests/suite.h

# Behind every check program: fork as Check bears it.
CHECK_LIBS = libchild.a @CHECK_LIBS@
check_LIBRARIES += libchild.a
libchild_a_SOURCES = tests/lib/await.h tests/lib/child.c tests/lib/child.h
libchild_a_CFLAGS = $(AM_CFLAGS) @CHECK_CFLAGS@

# Private servers for tests.  Before the room's own libraries: libtest.a $(NET_LIBS).
check_LIBRARIES += libtest.a
libtest_a_SOURCES = \
	tests/lib/commit_hold.c \
	tests/lib/commit_hold.h \
	tests/lib/fake_redis.c \
	tests/lib/fake_redis.h \
	tests/lib/keeper.c \
	tests/lib/keeper.h \
	tests/lib/live_pg.c \
	tests/lib/live_pg.h \
	tests/lib/live_redis.c \
	tests/lib/live_redis.h \
	tests/lib/live_pair.c \
	tests/lib/live_pair.h \
	tests/lib/pg_server.c \
	tests/lib/pg_server.h \
	tests/lib/pg_template.c \
	tests/lib/pg_template.h
