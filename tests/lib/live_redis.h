/*
 * A private Redis for one test program: unix socket only, nothing on disk, gone when the
 * program is gone.  SUITE_WITH(live_redis_start, live_redis_done, 30, …).  Failures end the
 * program.
 */
#ifndef LIB_LIVE_REDIS_H
#define LIB_LIVE_REDIS_H

#include <sys/types.h>

void live_redis_start(void); /* without a password */
void live_redis_start_with(const char *password);
void live_redis_start_kept(void); /* without one; what it has survives a stop */
void live_redis_done(void);

const char *live_redis_path(void); /* of the socket; static text */
const char *live_redis_url(void);  /* unix://… */
pid_t live_redis_pid(void);
void live_redis_stop(void);
void live_redis_kill(void);   /* at once */
void live_redis_resume(void); /* after stop; with what was saved, empty when nothing was */
void live_redis_save(void);   /* dumps what it holds */
void live_redis_forget(void); /* the dump */
/* Says a line to a server of this kind; what it answers at once, "" when it does not; static
 * text. */
const char *live_redis_say(const char *socket, const char *line);

#endif
