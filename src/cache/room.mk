# cache: remember answers, forget them together.
noinst_LIBRARIES += libcache.a
libcache_a_SOURCES =
CACHE_LIBS = libcache.a $(NET_LIBS)
