/* A process's own number, parents and children. */
#include "suite.h"
#include <sys/wait.h>
#include <unistd.h>
#include "base/pid.h"
#include "lib/child.h"

/* With children of its own down to `depth`. */
static int check(int depth)
{
	int status;

	for (int i = 0; i < 2; i++)
		if (pid_self() != getpid())
			return 1;
	if (depth == 0)
		return 0;
	pid_t pid = child_fork();
	if (pid == 0)
		_exit(check(depth - 1));
	return waitpid(pid, &status, 0) != pid || status != 0 || pid_self() != getpid();
}

START_TEST(test_children_have_their_own)
{
	ck_assert_int_eq(check(3), 0);
	ck_assert_int_eq(check(1), 0);
}
END_TEST

SUITE(test_children_have_their_own)
