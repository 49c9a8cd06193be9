AM_TESTS_ENVIRONMENT = CK_FORK=yes; export CK_FORK; top_srcdir=$(abs_top_srcdir); top_builddir=$(abs_top_builddir); export top_srcdir top_builddir;
EXTRA_DIST += tests/suite.h
