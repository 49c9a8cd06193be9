/*
 * The listening sockets of the lanes: fd 0 when it is one (spawn-fcgi), else descriptors of
 * LISTEN_FDS (systemd: the first is the hot lane, a second the slow one), else the settings
 * listen and listen_slow.  With one socket both lanes share it.
 */
#ifndef APP_LISTEN_H
#define APP_LISTEN_H

#include <stdbool.h>
#include "base/rc.h"
#include "http/router.h"

struct app_options;
struct arena;

#define LANE_COUNT 2

struct listeners {
	int fd[LANE_COUNT];
	const char *path[LANE_COUNT]; /* unix sockets made here; NULL: not */
	bool given;                   /* by whoever started the program */
};

/* Takes sockets that were given; false when there are none. */
bool listeners_given(struct listeners *ret);
/* Opens the settings' sockets.  A socket file nobody listens on is removed first. */
enum rc listeners_open(struct listeners *ret, const struct app_options *options,
		       struct arena *arena, const char **ret_error);
/* Removes the socket files made here and closes. */
void listeners_close(struct listeners *listeners);

#endif
