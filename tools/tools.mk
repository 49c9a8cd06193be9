EXTRA_DIST += .clang-format .editorconfig autogen.sh dev .ci/run docs
EXTRA_DIST += CHANGELOG.md HACKING.md LICENSE README.md
EXTRA_DIST += tools/commits.sh tools/compile_commands.sh tools/coverage.sh tools/forks.sh tools/format.sh
EXTRA_DIST += tools/contrib.sh tools/headers.sh
EXTRA_DIST += contrib/prometheus/such-market.rules.yml contrib/grafana/such-market.json
EXTRA_DIST += tests/contrib/rules.test.yml.in
EXTRA_DIST += tools/layers.sh tools/outbox.sh tools/shell.sh tools/sql2c.awk
EXTRA_DIST += tools/dev/build.sh tools/dev/coherence.sh tools/dev/packages.sh tools/dev/servers.sh tools/dev/stack.sh
EXTRA_DIST += tools/dev/state.sh tools/dev/test.sh

COMPILE_ALL = $(CC) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) $(CHECK_CFLAGS) $(CURL_CFLAGS) $(AM_CFLAGS) $(CFLAGS)

lint: lint-layers lint-outbox lint-commits lint-forks lint-headers lint-format lint-shell lint-contrib
lint-layers:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/layers.sh $(srcdir)/src
lint-outbox:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/outbox.sh $(srcdir)/sql/migrations
lint-commits:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/commits.sh $(srcdir)
lint-forks:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/forks.sh $(srcdir)
lint-headers: $(BUILT_SOURCES)
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/headers.sh $(srcdir) $(COMPILE_ALL)
lint-format:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/format.sh $(srcdir)
lint-shell:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/shell.sh $(srcdir)
lint-contrib:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/contrib.sh $(srcdir)
format:
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/format.sh $(srcdir) fix
.PHONY: lint lint-layers lint-outbox lint-commits lint-forks lint-headers lint-format lint-shell lint-contrib
.PHONY: format

# For editors; put into the build's folder.
compile_commands.json: Makefile
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/compile_commands.sh $(abs_top_srcdir) $(COMPILE_ALL) >$@.new && mv $@.new $@
CLEANFILES += compile_commands.json

# In a build configured with --enable-coverage.
coverage: check
	$(AM_V_GEN)$(SHELL) $(srcdir)/tools/coverage.sh $(srcdir)
.PHONY: coverage

# Makes the collections that `./dev up` and the benchmarks load.
noinst_PROGRAMS += tools/sample
tools_sample_SOURCES = tools/sample.c
