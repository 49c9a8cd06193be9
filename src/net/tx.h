/*
 * Whole transactions.  body runs between BEGIN and COMMIT and may run again: it must take its
 * input from ctx and leave no trace outside the database until tx_run returns.  RC_CONFLICT
 * with 40001, 40P01 or 55P03 is tried again with full-jitter back-off (5 … 200 ms, five times,
 * within the deadline); other failures roll back and are returned.  A COMMIT whose reply is
 * lost is RC_UNAVAILABLE with *ret_unknown set: the caller must look whether it happened.
 * A connection lost inside body stays lost until body returns; a failure that body ignored is
 * RC_INTERNAL, never a COMMIT.
 */
#ifndef NET_TX_H
#define NET_TX_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"

struct pg;

struct tx_options {
	int attempts;        /* 0: five */
	int64_t deadline_ms; /* of all attempts together; 0: none */
};

enum rc tx_run(struct pg *pg, const struct tx_options *options,
	       enum rc (*body)(struct pg *pg, void *ctx), void *ctx, bool *ret_unknown);

#endif
