/* What the gate writes down about calls that change something (model/audit.h). */
#ifndef API_GATE_AUDIT_H
#define API_GATE_AUDIT_H

#include "model/audit.h"

struct call;

/* Before the handler.  Reads change nothing: false, and nothing is written down. */
bool gate_audit_begin(struct call *call, struct audit *ret);
/*
 * After it, with the response made: the row is there, or the response says that it is not.
 * Refused calls, and failed ones of nobody known, get so many rows a minute and machine
 * (audit_refused_per_minute); the next row tells how many went without one.
 */
void gate_audit_end(struct call *call, struct audit *audit);

#endif
