#include "app/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/board.h"

static bool is_taken(const struct board_slot *slot)
{
	return slot->pid > 0 && (kill(slot->pid, 0) == 0 || errno == EPERM);
}

static int choose(struct board *board, int32_t role)
{
	int spare = -1, used = -1;

	for (int i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = board_slot(board, (size_t)i);
		if (is_taken(slot))
			continue;
		if (slot->role == role && slot->started_us != 0)
			return i;
		if (slot->started_us == 0 && spare < 0)
			spare = i;
		if (used < 0)
			used = i;
	}
	return spare >= 0 ? spare : used;
}

int slots_claim(struct board *board, const char *lock_path, int32_t role)
{
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	int i = choose(board, role);
	if (i >= 0) {
		struct board_slot *slot = board_slot(board, (size_t)i);
		slot->pid = getpid();
		slot->role = role;
	}
	close(fd);
	return i;
}

void slots_keep(struct board *board, int i, int64_t mono_ns)
{
	struct board_slot *slot = board_slot(board, (size_t)i);

	slot->pid = getpid();
	slot->restarts++;
	board_state(slot, BOARD_DEAD, mono_ns);
}

void slots_free(struct board *board, int i, int64_t mono_ns)
{
	struct board_slot *slot = board_slot(board, (size_t)i);

	board_state(slot, BOARD_FREE, mono_ns);
	slot->pid = 0;
}
