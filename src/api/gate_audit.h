/* What the gate writes down about calls that change something (model/audit.h). */
#ifndef API_GATE_AUDIT_H
#define API_GATE_AUDIT_H

struct call;

/* This call changes something; the gate asks for it where the method says so. */
void gate_audit_begin(struct call *call);
/*
 * With the response made, if it was begun: the row is there, or the response says that it is
 * not. Refused calls, and failed ones of nobody known, get so many rows a minute and machine
 * (audit_refused_per_minute); the next row tells how many went without one.
 */
void gate_audit_end(struct call *call);

#endif
