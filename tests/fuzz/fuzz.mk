# fuzz harnesses (make fuzz FUZZ_SECONDS=60 FUZZ="cursor request"): one fuzz_NAME.c a harness, with
# its rooms named in its first comment and its seeds in seed.sh.  Needs clang 14.
FUZZ = cursor import request scan
FUZZ_SECONDS = 10

FUZZ_FILES = \
	tests/fuzz/fuzz_cursor.c \
	tests/fuzz/fuzz_entry.c \
	tests/fuzz/fuzz_reply.c \
	tests/fuzz/fuzz_import.c \
	tests/fuzz/fuzz_request.c \
	tests/fuzz/fuzz_scan.c
EXTRA_DIST += $(FUZZ_FILES) tests/fuzz/run.sh tests/fuzz/seed.sh

fuzz: $(BUILT_SOURCES)
	$(AM_V_GEN)$(SHELL) $(srcdir)/tests/fuzz/run.sh $(srcdir) $(FUZZ_SECONDS) $(FUZZ)
.PHONY: fuzz
