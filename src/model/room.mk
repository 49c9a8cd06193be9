# model: what is true about NFTs.
noinst_LIBRARIES += libmodel.a
libmodel_a_SOURCES = \
	src/model/collection.c \
	src/model/collection.h \
	src/model/env.h \
	src/model/instance.c \
	src/model/instance.h \
	src/model/key.c \
	src/model/key.h \
	src/model/nft.c \
	src/model/nft.h \
	src/model/nftpage.c \
	src/model/nftpage.h \
	src/model/page.c \
	src/model/page.h \
	src/model/render.c \
	src/model/render.h \
	src/model/search.c \
	src/model/search.h \
	src/model/trait.c \
	src/model/trait.h
MODEL_LIBS = libmodel.a $(CACHE_LIBS)
