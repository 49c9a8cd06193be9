# net: every wire that leaves the process.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES =
NET_LIBS = libnet.a $(PQ_LIBS) $(HIREDIS_LIBS) $(BASE_LIBS)
AM_CPPFLAGS += $(PQ_CFLAGS) $(HIREDIS_CFLAGS)
