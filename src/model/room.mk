# model: what is true about NFTs.
noinst_LIBRARIES += libmodel.a
libmodel_a_SOURCES = \
	src/model/analytics.c \
	src/model/analytics.h \
	src/model/analytics_read.c \
	src/model/audit.c \
	src/model/audit.h \
	src/model/collection.c \
	src/model/collection.h \
	src/model/env.h \
	src/model/event.c \
	src/model/event.h \
	src/model/instance.c \
	src/model/instance.h \
	src/model/job.c \
	src/model/job.h \
	src/model/jobs.def \
	src/model/key.c \
	src/model/key.h \
	src/model/keyring.c \
	src/model/keyring.h \
	src/model/nft.c \
	src/model/nft.h \
	src/model/nftpage.c \
	src/model/nftpage.h \
	src/model/owner.c \
	src/model/owner.h \
	src/model/ownership.c \
	src/model/ownership.h \
	src/model/page.c \
	src/model/page.h \
	src/model/pattern.c \
	src/model/pattern.h \
	src/model/purge.c \
	src/model/purge.h \
	src/model/reads.c \
	src/model/reads.def \
	src/model/reads.h \
	src/model/render.c \
	src/model/render.h \
	src/model/search.c \
	src/model/search.h \
	src/model/status.c \
	src/model/status.h \
	src/model/trait.c \
	src/model/trait.h \
	src/model/traitset.c \
	src/model/traitset.h \
	src/model/transfer.c \
	src/model/transfer.h \
	src/model/transfer_write.c \
	src/model/transfer_write.h \
	src/model/user.c \
	src/model/user.h \
	src/model/wallet.c \
	src/model/wallet.h
MODEL_LIBS = libmodel.a $(CACHE_LIBS)
