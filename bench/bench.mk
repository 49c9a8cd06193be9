# benchmark programs (make bench).
EXTRA_PROGRAMS += bench/bare bench/const_worker bench/counters bench/key_check
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = $(NET_LIBS) $(FCGI_LIBS)
bench_const_worker_SOURCES = bench/const_worker.c
bench_const_worker_LDADD = $(HTTP_LIBS)
bench_counters_SOURCES = bench/counters.c
bench_counters_LDADD = $(API_LIBS)
bench_key_check_SOURCES = bench/key_check.c
bench_key_check_LDADD = $(MODEL_LIBS)
if HAVE_CHECK
EXTRA_PROGRAMS += bench/seen
bench_seen_SOURCES = bench/seen.c
bench_seen_CFLAGS = $(LIVE_CFLAGS)
bench_seen_LDADD = $(LIVE_LIBS)
endif
EXTRA_DIST += bench/run.sh bench/cache.sh bench/lib.sh bench/verdict.sh bench/pages.lua \
	bench/tokens.lua bench/transfers.lua bench/zipf.lua bench/peers/answer.js bench/peers/fastify.js bench/peers/nest.js \
	bench/peers/package.json

# Writes the tables of docs/benchmarks.md, and prints which bounds were met; needs wrk.  SECONDS_EACH: how
# long a round of load lasts.  ONLY='bench_write bench_eight': those parts alone, and no table.
bench: all
	$(MAKE) bench/bare$(EXEEXT) bench/const_worker$(EXEEXT) bench/counters$(EXEEXT) bench/key_check$(EXEEXT)
	$(MAKE) bench/seen$(EXEEXT)
	$(MAKE) tests/cache/test_memory$(EXEEXT)
	rm -f bench/table*.md
	BUILD=$(abs_top_builddir) $(srcdir)/bench/run.sh
	BUILD=$(abs_top_builddir) $(srcdir)/bench/cache.sh
	$(srcdir)/bench/verdict.sh bench/table*.md
.PHONY: bench
CLEANFILES += bench/table.md bench/table-of-copies.md
