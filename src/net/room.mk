# net: every wire that leaves the process.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/net/breaker.c \
	src/net/breaker.h \
	src/net/epoch.c \
	src/net/epoch.h \
	src/net/internal.h \
	src/net/migrate.c \
	src/net/migrate.h \
	src/net/migrate_files.c \
	src/net/migrate_files.h \
	src/net/migrate_record.c \
	src/net/migrate_run.h \
	src/net/pg.c \
	src/net/pg.h \
	src/net/pg_conn.c \
	src/net/pg_copy.c \
	src/net/pg_fault.c \
	src/net/pg_hosts.c \
	src/net/pg_label.c \
	src/net/pg_result.c \
	src/net/pg_stat.c \
	src/net/pg_stream.c \
	src/net/pg_wire.c \
	src/net/redis.c \
	src/net/redis.h \
	src/net/redis_reply.c \
	src/net/redis_reply.h \
	src/net/redis_url.c \
	src/net/redis_url.h \
	src/net/redis_wire.c \
	src/net/redis_wire.h \
	src/net/stmt.c \
	src/net/stmt.h \
	src/net/tx.c \
	src/net/tx.h
NET_LIBS = libnet.a $(PQ_LIBS) $(HIREDIS_LIBS) $(BASE_LIBS)
AM_CPPFLAGS += $(PQ_CFLAGS) $(HIREDIS_CFLAGS)

# Named statements: a new file is one word here.
SQL_FILES = \
	sql/queries/analytics.sql \
	sql/queries/audit.sql \
	sql/queries/collection.sql \
	sql/queries/event.sql \
	sql/queries/instance.sql \
	sql/queries/job.sql \
	sql/queries/key.sql \
	sql/queries/net.sql \
	sql/queries/nft.sql \
	sql/queries/owner.sql \
	sql/queries/ownership.sql \
	sql/queries/snapshot.sql \
	sql/queries/stored.sql \
	sql/queries/performance.sql \
	sql/queries/trait.sql \
	sql/queries/transfer.sql \
	sql/queries/user.sql \
	sql/queries/wallet.sql \
	sql/queries/write.sql

src/net/stmt.inc: $(SQL_FILES) tools/sql2c.awk
	$(AM_V_at)$(MKDIR_P) src/net
	$(AM_V_GEN)(cd $(srcdir) && $(AWK) -f tools/sql2c.awk $(SQL_FILES) </dev/null) >$@.tmp && \
		mv $@.tmp $@
BUILT_SOURCES += src/net/stmt.inc
CLEANFILES += src/net/stmt.inc src/net/stmt.inc.tmp
EXTRA_DIST += $(SQL_FILES)
