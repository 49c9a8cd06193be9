# The protocol's explicit-state model: every configuration holds, every mutation is caught.
check_PROGRAMS += tests/proof/protocol
TESTS += tests/proof/test_protocol.sh
dist_check_SCRIPTS = tests/proof/test_protocol.sh
tests_proof_protocol_SOURCES = \
	tests/proof/mapping.c \
	tests/proof/mutations.def \
	tests/proof/nemesis.c \
	tests/proof/postgres.c \
	tests/proof/protocol.c \
	tests/proof/protocol.h \
	tests/proof/reader.c \
	tests/proof/relay.c \
	tests/proof/walk.c \
	tests/proof/writer.c
# Nothing of the program is in it; millions of states want an optimizer, not sanitizers.
tests_proof_protocol_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -O2
tests_proof_protocol_LDFLAGS =
