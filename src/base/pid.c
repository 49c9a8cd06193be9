#include "base/pid.h"

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static pid_t self; /* 0: not asked yet */

static void forget(void)
{
	self = 0;
}

pid_t pid_self(void)
{
	static bool watched;

	if (self)
		return self;
	/* Without it a child would go by its parent's. */
	if (!watched && pthread_atfork(NULL, NULL, forget) != 0)
		return getpid();
	watched = true;
	self = getpid();
	return self;
}
