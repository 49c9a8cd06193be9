/* Plans of failpoints; in a build with failpoints also what they do. */
#include "../suite.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/failpoint.h"
#include "lib/child.h"

START_TEST(plans_are_read)
{
	struct failpoint_plan plan;

	ck_assert(failpoint_read(NULL, &plan));
	ck_assert(failpoint_read("", &plan));
	ck_assert_int_eq(plan.does[FAILPOINT_before_ack], FAILPOINT_NOTHING);
	ck_assert(failpoint_read("after_commit:20ms,before_ack:kill,before_gen:stop", &plan));
	ck_assert_int_eq(plan.does[FAILPOINT_after_commit], FAILPOINT_SLEEP);
	ck_assert_uint_eq(plan.ms[FAILPOINT_after_commit], 20);
	ck_assert_int_eq(plan.does[FAILPOINT_before_ack], FAILPOINT_KILL);
	ck_assert_int_eq(plan.does[FAILPOINT_before_gen], FAILPOINT_STOP);
	ck_assert_int_eq(plan.does[FAILPOINT_before_bump], FAILPOINT_NOTHING);
}
END_TEST

START_TEST(nonsense_is_not)
{
	static const char *const bad[] = {
		"after_commit",         "after_commit:",
		"nowhere:kill",         "after_commit:20",
		"after_commit:ms",      "after_commit:0ms",
		"after_commit:60001ms", "after_commit:-1ms",
		"after_commit:kills",   ",",
	};
	struct failpoint_plan plan = { .ms = { 77 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!failpoint_read(bad[i], &plan), "%s", bad[i]);
	ck_assert_uint_eq(plan.ms[0], 77);
}
END_TEST

/* How a process ends that passes the point; *ret_ns: after what time. */
static int pass(const char *env, int64_t *ret_ns)
{
	int64_t began = clock_mono_ns();
	int status;
	pid_t child = child_fork();

	if (child == 0) {
		setenv("SUCH_MARKET_FP", env, 1);
		FAILPOINT(after_commit);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	*ret_ns = clock_mono_ns() - began;
	return status;
}

START_TEST(points_are_passed)
{
	int64_t ns;

	ck_assert_int_eq(pass("", &ns), 0);
	ck_assert_int_eq(pass("before_ack:kill", &ns), 0);
#ifdef ENABLE_FAILPOINTS
	ck_assert_int_eq(pass("after_commit:30ms", &ns), 0);
	ck_assert_int_ge(ns, 30000000);
	ck_assert_int_eq(WTERMSIG(pass("after_commit:kill", &ns)), SIGKILL);
	ck_assert_int_eq(WEXITSTATUS(pass("nonsense", &ns)), EXIT_FAILURE);
#else
	ck_assert_int_eq(pass("after_commit:kill", &ns), 0);
#endif
}
END_TEST

SUITE(plans_are_read, nonsense_is_not, points_are_passed)
