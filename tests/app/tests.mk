# tests of app: names in TESTS, one program a file.
if HAVE_CHECK
APP_TEST_LIBS = libtest.a $(APP_LIBS) $(CHECK_LIBS)
APP_SERVER = tests/app/server.c tests/app/server.h tests/lib/fcgi_client.c

check_PROGRAMS += tests/app/test_access
TESTS += tests/app/test_access
tests_app_test_access_SOURCES = tests/app/test_access.c
tests_app_test_access_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_access_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_attached
TESTS += tests/app/test_attached
tests_app_test_attached_SOURCES = tests/app/test_attached.c
tests_app_test_attached_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_attached_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_outworn
TESTS += tests/app/test_outworn
tests_app_test_outworn_SOURCES = tests/app/test_outworn.c
tests_app_test_outworn_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_outworn_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_relay
TESTS += tests/app/test_relay
tests_app_test_relay_SOURCES = tests/app/test_relay.c $(APP_SERVER)
tests_app_test_relay_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_relay_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_rundir
TESTS += tests/app/test_rundir
tests_app_test_rundir_SOURCES = tests/app/test_rundir.c
tests_app_test_rundir_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_rundir_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_slots
TESTS += tests/app/test_slots
tests_app_test_slots_SOURCES = tests/app/test_slots.c
tests_app_test_slots_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_slots_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_children
TESTS += tests/app/test_children
tests_app_test_children_SOURCES = tests/app/test_children.c
tests_app_test_children_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_children_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_config
TESTS += tests/app/test_config
tests_app_test_config_SOURCES = tests/app/test_config.c $(APP_SERVER)
tests_app_test_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_config_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_database
TESTS += tests/app/test_database
tests_app_test_database_SOURCES = tests/app/test_database.c $(APP_SERVER)
tests_app_test_database_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_database_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_life
TESTS += tests/app/test_life
tests_app_test_life_SOURCES = tests/app/test_life.c $(APP_SERVER)
tests_app_test_life_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_life_LDADD = $(APP_TEST_LIBS)

check_PROGRAMS += tests/app/test_start
TESTS += tests/app/test_start
tests_app_test_start_SOURCES = tests/app/test_start.c $(APP_SERVER)
tests_app_test_start_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_app_test_start_LDADD = $(APP_TEST_LIBS)
endif
