# app: how the process lives.
bin_PROGRAMS += such-market
such_market_SOURCES = src/app/main.c
such_market_LDADD = libjobs.a $(API_LIBS)
