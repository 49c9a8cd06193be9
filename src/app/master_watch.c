/* The watchdog: a request that takes too long ends its process, ABRT first (a core, a trace).
 */
#include "app/master.h"

#include "base/board.h"
#include "base/clock.h"
#include "base/log.h"

#define ABORT_GRACE_NS 2000000000

static bool is_busy(enum board_state state)
{
	return state == BOARD_READING || state == BOARD_WORKING || state == BOARD_WRITING;
}

static void watch(struct master *m, const struct child *child, int64_t now_ns)
{
	const struct board_slot *slot = board_slot(m->board, (size_t)child->slot);
	int64_t limit_ns = m->config->app.request_ms * 1000000;
	int64_t age_ns = now_ns - slot->state_since_ns;

	if (slot->pid != child->pid || !is_busy(slot->state) || age_ns <= limit_ns)
		return;
	if (age_ns > limit_ns + ABORT_GRACE_NS) {
		kill(child->pid, SIGKILL);
		return;
	}
	log_error("a request takes too long; its process is ended",
		  LOG_INT("process", child->pid), LOG_INT("milliseconds", age_ns / 1000000));
	kill(child->pid, SIGABRT);
}

void master_watch(struct master *m, int64_t now_ns)
{
	for (int i = 0; i < BOARD_SLOTS; i++)
		if (m->children.child[i].pid > 0)
			watch(m, &m->children.child[i], now_ns);
}
