/* One round trip over a socket: bytes out, n replies in, all of it until a time. */
#ifndef NET_REDIS_WIRE_H
#define NET_REDIS_WIRE_H

#include "net/redis.h"

struct buf;

/* A command in the protocol's words.  whole: a script with its text, else by its name. */
void redis_wire_write(struct buf *buf, const struct redis_command *command, bool whole);

/*
 * RC_OK: ret[0 … n) are there.  RC_TIMEOUT: not by until_ns (CLOCK_MONOTONIC), however the
 * bytes trickle.  RC_UNAVAILABLE: the other side is gone.  RC_TOO_LARGE, RC_INVALID: as of
 * redis_reader_next.  After any failure the connection is of no more use.
 * bounded: SO_RCVTIMEO lets no recv wait beyond until_ns, so the first one may wait itself,
 * without a poll before it.
 */
enum rc redis_wire_exchange(int fd, struct redis_reader *reader, struct str out,
			    int64_t until_ns, bool bounded, struct redis_reply *ret, size_t n);

#endif
