EXTRA_DIST += tools/sql2c.awk tools/layers.sh .clang-format .editorconfig autogen.sh

# `make lint` needs no compiler for the layers: it reads the tree.
lint: lint-layers
lint-layers:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/layers.sh $(srcdir)/src
.PHONY: lint lint-layers

# Makes the collections that `./dev up` and the benchmarks load.
noinst_PROGRAMS += tools/sample
tools_sample_SOURCES = tools/sample.c
