# cache: remember answers, forget them together.
noinst_LIBRARIES += libcache.a
libcache_a_SOURCES = \
	src/cache/batch.c src/cache/batch.h \
	src/cache/cache.c src/cache/cache.h \
	src/cache/entry.c src/cache/entry.h \
	src/cache/fill.c \
	src/cache/flight.c src/cache/flight.h \
	src/cache/guard.c src/cache/guard.h \
	src/cache/key.c \
	src/cache/layout.h \
	src/cache/map.c src/cache/map.h \
	src/cache/memory.c src/cache/memory.h \
	src/cache/mutation.c src/cache/mutation.h \
	src/cache/options.c \
	src/cache/redis_forget.c \
	src/cache/redis_internal.h \
	src/cache/redis_key.c src/cache/redis_key.h \
	src/cache/redis_tier.c src/cache/redis_tier.h \
	src/cache/shard.c src/cache/shard.h \
	src/cache/stored.c src/cache/stored.h \
	src/cache/replica.c src/cache/replica.h \
	src/cache/rule.c src/cache/rule.h src/cache/tables.def \
	src/cache/tag.c src/cache/tag.h src/cache/tags.def \
	src/cache/tag_sound.c \
	src/cache/through.c src/cache/through.h src/cache/through_replica.c \
	src/cache/travel.c src/cache/travel.h \
	src/cache/turns.c src/cache/turns.h \
	src/cache/usable.h \
	src/cache/worth.c src/cache/worth.h \
	src/cache/write.c src/cache/write.h
CACHE_LIBS = libcache.a $(NET_LIBS)
