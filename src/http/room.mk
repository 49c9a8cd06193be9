# http: a request in, a response out.
noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES =
HTTP_LIBS = libhttp.a $(FCGI_LIBS) $(BASE_LIBS)
AM_CPPFLAGS += $(FCGI_CFLAGS)
