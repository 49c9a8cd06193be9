#include "base/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/str.h"

#define MS_MAX 60000

static const char *const names[FAILPOINT_COUNT] = {
#define X(name, where) #name,
	FAILPOINTS(X)
#undef X
};

static bool read_does(struct str text, enum failpoint_does *ret, uint32_t *ret_ms)
{
	uint64_t ms;

	if (str_eqz(text, "kill") || str_eqz(text, "stop")) {
		*ret = str_eqz(text, "kill") ? FAILPOINT_KILL : FAILPOINT_STOP;
		return true;
	}
	if (text.len < 3 || memcmp(text.ptr + text.len - 2, "ms", 2) != 0)
		return false;
	text.len -= 2;
	if (!str_u64(text, MS_MAX, &ms) || ms == 0)
		return false;
	*ret = FAILPOINT_SLEEP;
	*ret_ms = (uint32_t)ms;
	return true;
}

static bool read_point(struct str text, struct failpoint_plan *plan)
{
	struct str name = str_cut(&text, ':');

	for (size_t i = 0; i < FAILPOINT_COUNT; i++)
		if (str_eqz(name, names[i]))
			return read_does(text, &plan->does[i], &plan->ms[i]);
	return false;
}

bool failpoint_read(const char *text, struct failpoint_plan *ret)
{
	struct failpoint_plan plan = { 0 };
	struct str rest = str_of(text);

	while (rest.len)
		if (!read_point(str_cut(&rest, ','), &plan))
			return false;
	*ret = plan;
	return true;
}

#ifdef ENABLE_FAILPOINTS
static const struct failpoint_plan *plan_of_process(void)
{
	static struct failpoint_plan plan;
	static bool read;

	if (!read && !failpoint_read(getenv("SUCH_MARKET_FP"), &plan)) {
		fprintf(stderr, "SUCH_MARKET_FP is not understood\n");
		exit(EXIT_FAILURE);
	}
	read = true;
	return &plan;
}

static void sleep_ms(uint32_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

void failpoint_pass(enum failpoint point)
{
	const struct failpoint_plan *plan = plan_of_process();

	switch (plan->does[point]) {
	case FAILPOINT_NOTHING:
		break;
	case FAILPOINT_SLEEP:
		sleep_ms(plan->ms[point]);
		break;
	case FAILPOINT_KILL:
		raise(SIGKILL);
		break;
	case FAILPOINT_STOP:
		raise(SIGSTOP);
		break;
	}
}
#endif
