/*
 * A server on a unix socket that says what a test tells it to, in a process of its own; mapped
 * shared memory is shared with it.  Ends with fake_redis_stop, or with the test.
 */
#ifndef LIB_FAKE_REDIS_H
#define LIB_FAKE_REDIS_H

#include <sys/types.h>

struct fake_redis {
	pid_t pid;
	char path[64], url[80];
};

/* serve is called for each connection, one after the other; it closes nothing. */
void fake_redis_start(struct fake_redis *fake, void (*serve)(int fd, const void *ctx),
		      const void *ctx);
void fake_redis_stop(struct fake_redis *fake);

/* For serve: waits for bytes; 0: the client is gone. */
ssize_t fake_redis_hear(int fd);
void fake_redis_say(int fd, const void *bytes, size_t len);

#endif
