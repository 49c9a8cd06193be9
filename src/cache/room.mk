# cache: remember answers, forget them together.
noinst_LIBRARIES += libcache.a
libcache_a_SOURCES = \
	src/cache/cache.c \
	src/cache/cache.h
CACHE_LIBS = libcache.a $(NET_LIBS)
