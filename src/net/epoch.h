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

/*
 * A standby is held to system identifier and timeline, the first two parts of a history's text:
 * 64 bits that name its line; 0: none.  It has flushed log only, so that of what makes an epoch
 * the rest cannot tell it from the primary it follows.
 */
uint64_t epoch_line(struct str history);
/* Where a standby is.  line 0: it is no standby (any more).  The timeline is the control
 * file's, which is late after it followed a promotion, never early. */
struct standby_place {
	uint64_t line;
	uint64_t lsn; /* replayed up to here [bytes of log] */
};
enum rc epoch_place(struct pg *pg, struct standby_place *ret);

#endif
