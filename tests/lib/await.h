/* AWAIT(condition): until it holds; the test fails when it does not within thirty seconds. */
#ifndef LIB_AWAIT_H
#define LIB_AWAIT_H

#include <check.h>
#include <poll.h>
#include <stdint.h>
#include "base/clock.h"

#define AWAIT(what)                                                                            \
	for (int64_t end_ = clock_mono_ns() + INT64_C(30000000000); !(what); poll(NULL, 0, 5)) \
	ck_assert_msg(clock_mono_ns() < end_, "never: %s", #what)

#endif
