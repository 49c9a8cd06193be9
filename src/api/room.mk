# api: what may be asked, and by whom.
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES =
API_LIBS = libapi.a libhttp.a $(FCGI_LIBS) $(MODEL_LIBS)
