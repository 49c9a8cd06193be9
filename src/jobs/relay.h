/*
 * The relay: one process a machine that follows the outbox on the primary, applies it to the
 * mapping and holds its lease (docs/design/coherence.md).
 *
 *	struct relay *relay = relay_new(pg, map, machine, &options);
 *	while (…) {
 *		relay_poll(relay, clock_boot_ns(), clock_mono_ns());
 *		… wait for the interval …
 *	}
 *	relay_leave(relay);
 *
 * A poll that succeeded extends the lease to LEASE_NS after its start; nothing else does.  It
 *logs when polls begin to fail, when they succeed again, and what voided the copies.
 */
#ifndef JOBS_RELAY_H
#define JOBS_RELAY_H

#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"

struct cache_map;
struct pg;
struct relay;

struct relay_options {
	int64_t interval_ms;
	int64_t keep_ms;     /* older events are deleted, by whichever relay comes first */
	int64_t requests_ms; /* and requests with an Idempotency-Key forgotten */
	const char *rules;   /* see cache/rule.h; NULL: none */
};
extern const struct conf_key relay_keys[];

/* machine: a name for people, unique among the machines of one database.  All are borrowed; the
 * relay takes the connection's hook. */
struct relay *relay_new(struct pg *pg, struct cache_map *map, const char *machine,
			const struct relay_options *options);
void relay_free(struct relay *relay);

/* boot_ns: CLOCK_BOOTTIME, read just before.  RC_OK: everything that was committed before it is
 * applied.  Else the lease was not extended. */
enum rc relay_poll(struct relay *relay, int64_t boot_ns, int64_t mono_ns);
/* Leaves its position for the next relay of this mapping. */
void relay_leave(struct relay *relay);

#endif
