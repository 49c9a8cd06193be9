# base: memory, text, time, telling.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/answer.c src/base/answer.h \
	src/base/arena.c src/base/arena.h \
	src/base/base64.c src/base/base64.h \
	src/base/board.c src/base/board.h \
	src/base/buf.c src/base/buf.h \
	src/base/chain.c src/base/chain.h \
	src/base/clock.c src/base/clock.h \
	src/base/conf.c src/base/conf.h \
	src/base/conf_value.c src/base/conf_value.h \
	src/base/failpoint.c src/base/failpoint.h \
	src/base/glob.c src/base/glob.h \
	src/base/gz.c src/base/gz_pack.c src/base/gz.h \
	src/base/hash.c src/base/hash_fast.c src/base/hash.h \
	src/base/hex.c src/base/hex.h \
	src/base/json.c src/base/json.h \
	src/base/jsonin.c src/base/jsonin.h \
	src/base/jsonin_check.c src/base/jsonin_check.h \
	src/base/ledger.c src/base/ledger.h \
	src/base/limit.c src/base/limit.h \
	src/base/log.c src/base/log.h \
	src/base/metric.c src/base/metric.h src/base/metrics.def \
	src/base/pid.c src/base/pid.h \
	src/base/rc.c src/base/rc.h \
	src/base/role.c src/base/role.h \
	src/base/scope.h \
	src/base/secret.c src/base/secret.h \
	src/base/stages.c src/base/stages.h \
	src/base/str.c src/base/str.h \
	src/base/tally.c src/base/tally_field.c src/base/tally.h \
	src/base/top.c src/base/top.h \
	src/base/u256.c src/base/u256.h \
	src/base/utf8.c src/base/utf8.h \
	src/base/vitals.c src/base/vitals.h src/base/alerts.def
BASE_LIBS = libbase.a $(JSONC_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS) $(XXHASH_LIBS) -lm
AM_CPPFLAGS += $(JSONC_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS) $(XXHASH_CFLAGS)
