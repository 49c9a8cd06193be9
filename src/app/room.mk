# app: how the process lives.  All but main.c is an archive, for the tests.
noinst_LIBRARIES += libapp.a
libapp_a_SOURCES = \
	src/app/access.c src/app/access.h \
	src/app/args.c src/app/args.h \
	src/app/attached.c src/app/attached.h \
	src/app/children.c src/app/children.h \
	src/app/cmd_bench.c \
	src/app/cmd_config.c \
	src/app/cmd_import.c \
	src/app/cmd_key.c \
	src/app/cmd_maintain.c \
	src/app/cmd_migrate.c \
	src/app/cmd_routes.c \
	src/app/cmd_serve.c \
	src/app/cmd_warm.c \
	src/app/command.c src/app/command.h \
	src/app/compat.c src/app/compat.def src/app/compat.h \
	src/app/config.c src/app/config.h \
	src/app/handles.c src/app/handles.h \
	src/app/job_watch.c src/app/job_watch.h \
	src/app/listen.c src/app/listen.h \
	src/app/master.c src/app/master.h \
	src/app/master_map.c \
	src/app/master_reload.c \
	src/app/master_spawn.c \
	src/app/master_start.c \
	src/app/master_watch.c \
	src/app/notify.c src/app/notify.h \
	src/app/options.c src/app/options.h \
	src/app/outworn.c src/app/outworn.h \
	src/app/precheck.c src/app/precheck.h \
	src/app/presets.c src/app/presets.def src/app/presets.h \
	src/app/process.c src/app/process.h src/app/roles.def \
	src/app/relay.c \
	src/app/runner.c \
	src/app/rundir.c src/app/rundir.h \
	src/app/signals.c src/app/signals.h \
	src/app/slots.c src/app/slots.h \
	src/app/ticker.c \
	src/app/title.c src/app/title.h \
	src/app/worker.c
libapp_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DSM_SYSCONFDIR='"$(sysconfdir)"' \
	-DSM_RUNSTATEDIR='"$(runstatedir)"' \
	-DSM_PKGDATADIR='"$(pkgdatadir)"'
APP_LIBS = libapp.a libjobs.a $(API_LIBS)

bin_PROGRAMS += such-market
such_market_SOURCES = src/app/main.c
such_market_LDADD = $(APP_LIBS)
