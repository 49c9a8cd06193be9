# tests of cache: names in TESTS, one program a file.
EXTRA_DIST += tests/cache/mapped.h tests/cache/race.h tests/cache/tiered.h
if HAVE_CHECK

check_PROGRAMS += tests/cache/test_batch
TESTS += tests/cache/test_batch
tests_cache_test_batch_SOURCES = tests/cache/test_batch.c
tests_cache_test_batch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_batch_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_cache
TESTS += tests/cache/test_cache
tests_cache_test_cache_SOURCES = tests/cache/test_cache.c
tests_cache_test_cache_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_cache_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_entry
TESTS += tests/cache/test_entry
tests_cache_test_entry_SOURCES = tests/cache/test_entry.c
tests_cache_test_entry_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_entry_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_flight
TESTS += tests/cache/test_flight
tests_cache_test_flight_SOURCES = tests/cache/test_flight.c
tests_cache_test_flight_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_flight_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_map
TESTS += tests/cache/test_map
tests_cache_test_map_SOURCES = tests/cache/test_map.c
tests_cache_test_map_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_map_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_memory
TESTS += tests/cache/test_memory
tests_cache_test_memory_SOURCES = tests/cache/test_memory.c
tests_cache_test_memory_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_memory_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_redis_tier
TESTS += tests/cache/test_redis_tier
tests_cache_test_redis_tier_SOURCES = tests/cache/test_redis_tier.c
tests_cache_test_redis_tier_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_redis_tier_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_redis_trouble
TESTS += tests/cache/test_redis_trouble
tests_cache_test_redis_trouble_SOURCES = tests/cache/test_redis_trouble.c
tests_cache_test_redis_trouble_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_redis_trouble_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_replica
TESTS += tests/cache/test_replica
tests_cache_test_replica_SOURCES = tests/cache/test_replica.c
tests_cache_test_replica_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_replica_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_rule
TESTS += tests/cache/test_rule
tests_cache_test_rule_SOURCES = tests/cache/test_rule.c
tests_cache_test_rule_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_rule_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_tag
TESTS += tests/cache/test_tag
tests_cache_test_tag_SOURCES = tests/cache/test_tag.c
tests_cache_test_tag_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_tag_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_tag_sound
TESTS += tests/cache/test_tag_sound
tests_cache_test_tag_sound_SOURCES = tests/cache/test_tag_sound.c
tests_cache_test_tag_sound_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_tag_sound_LDADD = $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_write
TESTS += tests/cache/test_write
tests_cache_test_write_SOURCES = tests/cache/test_write.c
tests_cache_test_write_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_write_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_stored
TESTS += tests/cache/test_stored
tests_cache_test_stored_SOURCES = tests/cache/test_stored.c
tests_cache_test_stored_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_stored_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_turns
TESTS += tests/cache/test_turns
tests_cache_test_turns_SOURCES = tests/cache/test_turns.c
tests_cache_test_turns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_turns_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/cache/test_worth
TESTS += tests/cache/test_worth
tests_cache_test_worth_SOURCES = tests/cache/test_worth.c
tests_cache_test_worth_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_cache_test_worth_LDADD = libtest.a $(CACHE_LIBS) $(CHECK_LIBS)
endif
