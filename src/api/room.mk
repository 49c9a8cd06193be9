# api: what may be asked, and by whom.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = \
	src/api/analytics.c \
	src/api/analytics_report.c \
	src/api/analytics_report.h \
	src/api/audit.c \
	src/api/call.c \
	src/api/call.h \
	src/api/cache_metrics.c \
	src/api/collection.c \
	src/api/event.c \
	src/api/gate.c \
	src/api/gate.h \
	src/api/gate_audit.c \
	src/api/gate_audit.h \
	src/api/health.c \
	src/api/job.c \
	src/api/job.h \
	src/api/key.c \
	src/api/metrics.c \
	src/api/metrics_machine.c \
	src/api/nft.c \
	src/api/options.c \
	src/api/options.h \
	src/api/owner.c \
	src/api/prom.c \
	src/api/prom.h \
	src/api/ownership.c \
	src/api/performance.c \
	src/api/purge.c \
	src/api/routes.c \
	src/api/routes.def \
	src/api/routes.h \
	src/api/services.c \
	src/api/trait.c \
	src/api/transfer.c \
	src/api/transfer_body.c \
	src/api/transfer_body.h \
	src/api/transfer_record.c \
	src/api/user.c \
	src/api/warm.c \
	src/api/wallet.c
API_LIBS = libapi.a libhttp.a $(FCGI_LIBS) $(MODEL_LIBS)
