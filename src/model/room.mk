# model: what is true about NFTs.
noinst_LIBRARIES += libmodel.a
libmodel_a_SOURCES =
MODEL_LIBS = libmodel.a $(CACHE_LIBS)
