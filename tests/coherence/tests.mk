# the checker of coherence: a program that tests and people run.
if HAVE_CHECK
check_PROGRAMS += tests/coherence/coherence
tests_coherence_coherence_SOURCES = \
	tests/coherence/account.c \
	tests/coherence/account.h \
	tests/coherence/coherence.c \
	tests/coherence/faults.h \
	tests/coherence/faults_pg.c \
	tests/coherence/faults_redis.c \
	tests/coherence/nemesis.c \
	tests/coherence/parts.h \
	tests/coherence/plan.c \
	tests/coherence/plan.def \
	tests/coherence/plan.h \
	tests/coherence/pulse.c \
	tests/coherence/reader.c \
	tests/coherence/writer.c
tests_coherence_coherence_CFLAGS = $(LIVE_CFLAGS)
tests_coherence_coherence_LDADD = $(LIVE_LIBS)
endif
