# benchmark programs (make bench).
EXTRA_PROGRAMS += bench/bare bench/const_worker
bench_bare_SOURCES = bench/bare.c
bench_bare_LDADD = $(NET_LIBS) $(FCGI_LIBS)
bench_const_worker_SOURCES = bench/const_worker.c
bench_const_worker_LDADD = $(HTTP_LIBS)
EXTRA_DIST += bench/run.sh

# Writes the table of docs/benchmarks.md; needs wrk, takes a few minutes.
bench: all
	$(MAKE) bench/bare$(EXEEXT) bench/const_worker$(EXEEXT)
	BUILD=$(abs_top_builddir) $(srcdir)/bench/run.sh
.PHONY: bench
