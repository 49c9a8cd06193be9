/*
 * Epochs: 64 bits that name one history of one server since all copies were last cleared.  Made
 * of the system identifier, the timeline, the incarnation (new after every crash recovery) and
 * the clear number; the same on every machine.  0 is no epoch.  Primary only: a standby
 * refuses.
 */
#ifndef NET_EPOCH_H
#define NET_EPOCH_H

#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct pg;

uint64_t epoch_of(struct str history, int64_t cleared);
/* Asks the server; writes a new incarnation where there is none. */
enum rc epoch_read(struct pg *pg, uint64_t *ret);

#endif
