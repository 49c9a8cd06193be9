# tests of base: names in TESTS, one program a file.
EXTRA_DIST += tests/base/tmp.h
if HAVE_CHECK

check_PROGRAMS += tests/base/test_answer
TESTS += tests/base/test_answer
tests_base_test_answer_SOURCES = tests/base/test_answer.c
tests_base_test_answer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_answer_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_arena
TESTS += tests/base/test_arena
tests_base_test_arena_SOURCES = tests/base/test_arena.c
tests_base_test_arena_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_arena_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_base64
TESTS += tests/base/test_base64
tests_base_test_base64_SOURCES = tests/base/test_base64.c
tests_base_test_base64_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_base64_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_board
TESTS += tests/base/test_board
tests_base_test_board_SOURCES = tests/base/test_board.c
tests_base_test_board_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_board_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_buf
TESTS += tests/base/test_buf
tests_base_test_buf_SOURCES = tests/base/test_buf.c
tests_base_test_buf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_buf_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_child
TESTS += tests/base/test_child
tests_base_test_child_SOURCES = tests/base/test_child.c
tests_base_test_child_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_child_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_clock
TESTS += tests/base/test_clock
tests_base_test_clock_SOURCES = tests/base/test_clock.c
tests_base_test_clock_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_clock_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_conf
TESTS += tests/base/test_conf
tests_base_test_conf_SOURCES = tests/base/test_conf.c
tests_base_test_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_conf_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_failpoint
TESTS += tests/base/test_failpoint
tests_base_test_failpoint_SOURCES = tests/base/test_failpoint.c
tests_base_test_failpoint_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_failpoint_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_glob
TESTS += tests/base/test_glob
tests_base_test_glob_SOURCES = tests/base/test_glob.c
tests_base_test_glob_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_glob_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_gz
TESTS += tests/base/test_gz
tests_base_test_gz_SOURCES = tests/base/test_gz.c
tests_base_test_gz_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_gz_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_hash
TESTS += tests/base/test_hash
tests_base_test_hash_SOURCES = tests/base/test_hash.c
tests_base_test_hash_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_hash_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_hex
TESTS += tests/base/test_hex
tests_base_test_hex_SOURCES = tests/base/test_hex.c
tests_base_test_hex_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_hex_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_json
TESTS += tests/base/test_json
tests_base_test_json_SOURCES = tests/base/test_json.c
tests_base_test_json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_json_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_jsonin
TESTS += tests/base/test_jsonin
tests_base_test_jsonin_SOURCES = tests/base/test_jsonin.c
tests_base_test_jsonin_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_jsonin_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_limit
TESTS += tests/base/test_limit
tests_base_test_limit_SOURCES = tests/base/test_limit.c tests/lib/child.c tests/lib/child.h
tests_base_test_limit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_limit_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_log
TESTS += tests/base/test_log
tests_base_test_log_SOURCES = tests/base/test_log.c
tests_base_test_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_log_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_metric
TESTS += tests/base/test_metric
tests_base_test_metric_SOURCES = tests/base/test_metric.c
tests_base_test_metric_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_metric_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_rc
TESTS += tests/base/test_rc
tests_base_test_rc_SOURCES = tests/base/test_rc.c
tests_base_test_rc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_rc_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_pid
TESTS += tests/base/test_pid
tests_base_test_pid_SOURCES = tests/base/test_pid.c
tests_base_test_pid_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_pid_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_role
TESTS += tests/base/test_role
tests_base_test_role_SOURCES = tests/base/test_role.c
tests_base_test_role_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_role_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_secret
TESTS += tests/base/test_secret
tests_base_test_secret_SOURCES = tests/base/test_secret.c
tests_base_test_secret_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_secret_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_str
TESTS += tests/base/test_str
tests_base_test_str_SOURCES = tests/base/test_str.c
tests_base_test_str_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_str_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_u256
TESTS += tests/base/test_u256
tests_base_test_u256_SOURCES = tests/base/test_u256.c
tests_base_test_u256_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_u256_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_utf8
TESTS += tests/base/test_utf8
tests_base_test_utf8_SOURCES = tests/base/test_utf8.c
tests_base_test_utf8_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_utf8_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_ledger
TESTS += tests/base/test_ledger
tests_base_test_ledger_SOURCES = tests/base/test_ledger.c
tests_base_test_ledger_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_ledger_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_tally
TESTS += tests/base/test_tally
tests_base_test_tally_SOURCES = tests/base/test_tally.c
tests_base_test_tally_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_tally_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_top
TESTS += tests/base/test_top
tests_base_test_top_SOURCES = tests/base/test_top.c
tests_base_test_top_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_top_LDADD = $(BASE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/base/test_vitals
TESTS += tests/base/test_vitals
tests_base_test_vitals_SOURCES = tests/base/test_vitals.c
tests_base_test_vitals_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_base_test_vitals_LDADD = $(BASE_LIBS) $(CHECK_LIBS)
endif
