/* Which chain this deployment serves and what its cursors are signed with, read at each
 * connect. */
#ifndef MODEL_INSTANCE_H
#define MODEL_INSTANCE_H

#include "base/rc.h"

struct env;
struct pg;

/* Hooks env to its pg handle: each connect sets the session up and fills env->chain_id and
 * env->cursor_secret.  The env must outlive the handle. */
void instance_attach(struct env *env);
/* The session alone: a hook for connections to replicas. */
enum rc instance_session(struct pg *pg, void *ctx);
/* RC_OK: both are known (connects when they are not). */
enum rc instance_need(struct env *env);

#endif
