/* A process of a test's own. Check's results go through a file that the test's processes would
 * share, with one offset: two asserts at the same moment, one on either side of a fork, garble
 * it
 * ("Bad message type"). Therefore every fork of a check program is this one. */
#ifndef SUCH_TESTS_CHILD_H
#define SUCH_TESTS_CHILD_H

#include <sys/types.h>

/* As fork(), but it ends the test when it cannot, and in the child Check's file leads nowhere:
 * a failed assert there ends the child with status 1, and says nothing. The child leaves by
 * _exit or exit. */
pid_t child_fork(void);

#endif
