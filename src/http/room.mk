# http: a request in, a response out.
noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = \
	src/http/accept.c \
	src/http/accept.h \
	src/http/cond.c \
	src/http/cond.h \
	src/http/cursor.c \
	src/http/cursor.h \
	src/http/fcgi.c \
	src/http/fcgi.h \
	src/http/fcgi_conn.c \
	src/http/fcgi_conn.h \
	src/http/fcgi_feed.c \
	src/http/fcgi_feed.h \
	src/http/fcgi_read.c \
	src/http/fcgi_read.h \
	src/http/fcgi_scan.c \
	src/http/fcgi_scan.h \
	src/http/fcgi_send.c \
	src/http/fcgi_send.h \
	src/http/percent.c \
	src/http/problem.c \
	src/http/problem.h \
	src/http/query.c \
	src/http/query.h \
	src/http/request.c \
	src/http/request.h \
	src/http/response.c \
	src/http/response.h \
	src/http/router.c \
	src/http/router.h
HTTP_LIBS = libhttp.a $(FCGI_LIBS) $(BASE_LIBS)
AM_CPPFLAGS += $(FCGI_CFLAGS)
