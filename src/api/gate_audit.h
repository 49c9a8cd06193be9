/* What the gate writes down about calls that change something (model/audit.h). */
#ifndef API_GATE_AUDIT_H
#define API_GATE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

struct call;
struct pg;

struct job_order;

/* This call changes something; the gate asks for it where the method says so. */
void gate_audit_begin(struct call *call);
/* Answers 503 outcome_unknown, and has the audit row say so.  RC_UNAVAILABLE. */
enum rc gate_audit_unknown(struct call *call, struct str detail);
/* The handler's work and its row, in one transaction (audit_run); status: of the answer that is
 * to be.  Not RC_OK: the problem is set.  body never returns RC_NOT_FOUND. */
enum rc gate_audit_run(struct call *call, int status, enum rc (*body)(struct pg *pg, void *ctx),
		       void *ctx);
/* job_enqueue that way; ret_new may be NULL. */
enum rc gate_audit_enqueue(struct call *call, const struct job_order *order, int64_t *ret_id,
			   bool *ret_new);
/*
 * With the response made, if it was begun: the row is there, or the response says that it is
 * not. Refused calls, and failed ones of nobody known, get so many rows a minute and machine
 * (audit_refused_per_minute), those of nobody known together, and each key; the next row tells
 * how many went without one.
 */
void gate_audit_end(struct call *call);

#endif
