# jobs: what happens by itself.
noinst_LIBRARIES += libjobs.a
libjobs_a_SOURCES =
JOBS_LIBS = libjobs.a $(MODEL_LIBS)
