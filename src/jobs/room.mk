# jobs: what happens by itself.
noinst_LIBRARIES += libjobs.a
libjobs_a_SOURCES = \
	src/jobs/import.c \
	src/jobs/import.h \
	src/jobs/import_ahead.c \
	src/jobs/import_csv.c \
	src/jobs/import_csv.h \
	src/jobs/import_file.c \
	src/jobs/import_file.h \
	src/jobs/import_fill.c \
	src/jobs/import_holder.c \
	src/jobs/import_holder.h \
	src/jobs/import_holders.c \
	src/jobs/import_line.c \
	src/jobs/import_line.h \
	src/jobs/import_mark.c \
	src/jobs/import_mark.h \
	src/jobs/import_merge.c \
	src/jobs/import_merge.h \
	src/jobs/import_merge_nft.c \
	src/jobs/import_meta.c \
	src/jobs/import_nft.c \
	src/jobs/import_owner.c \
	src/jobs/import_report.c \
	src/jobs/import_run.h \
	src/jobs/import_spool.c \
	src/jobs/import_spool.h \
	src/jobs/import_stage.c \
	src/jobs/import_time.c \
	src/jobs/import_transfer.c \
	src/jobs/import_user.c \
	src/jobs/load.c \
	src/jobs/load.h \
	src/jobs/performance.c \
	src/jobs/performance.h \
	src/jobs/performance_judge.c \
	src/jobs/performance_report.c \
	src/jobs/probe.c \
	src/jobs/relay.c \
	src/jobs/relay.h \
	src/jobs/relay_event.c \
	src/jobs/relay_event.h \
	src/jobs/relay_prune.c \
	src/jobs/relay_prune.h \
	src/jobs/relay_walk.c \
	src/jobs/relay_walk.h \
	src/jobs/runner.c \
	src/jobs/runner.h \
	src/jobs/ticker.c \
	src/jobs/ticker.h \
	src/jobs/ticker_alert.c \
	src/jobs/ticker_flush.c \
	src/jobs/ticker_look.c \
	src/jobs/ticker_run.h \
	src/jobs/recount.c \
	src/jobs/sweep.c \
	src/jobs/warm.c \
	src/jobs/warm.h
JOBS_LIBS = libjobs.a $(MODEL_LIBS)

IMPORT_SQL = \
	sql/import/import.sql \
	sql/import/nft.sql
src/jobs/import_sql.inc: $(IMPORT_SQL) tools/sql2c.awk
	$(AM_V_at)$(MKDIR_P) src/jobs
	$(AM_V_GEN)(cd $(srcdir) && $(AWK) -f tools/sql2c.awk $(IMPORT_SQL) </dev/null) >$@.tmp && \
		mv $@.tmp $@
BUILT_SOURCES += src/jobs/import_sql.inc
CLEANFILES += src/jobs/import_sql.inc src/jobs/import_sql.inc.tmp
EXTRA_DIST += $(IMPORT_SQL)
