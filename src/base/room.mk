# base: memory, text, time, telling.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES =
BASE_LIBS = libbase.a $(JSONC_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS) -lm
AM_CPPFLAGS += $(JSONC_CFLAGS) $(CRYPTO_CFLAGS) $(ZLIB_CFLAGS)
