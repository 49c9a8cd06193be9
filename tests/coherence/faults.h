/* What the nemesis can do, by whom it befalls. */
#ifndef COHERENCE_FAULTS_H
#define COHERENCE_FAULTS_H

#include "coherence/parts.h"

/* Until then, or until the run is over. */
void wait_ms(const struct stage *s, int64_t ms);
int between(uint32_t *seed, uint32_t least, uint32_t most);

/* faults_redis.c */
void empty_redis(struct stage *s, uint32_t *seed);
void pause_redis(struct stage *s, uint32_t *seed);
void dump_redis(struct stage *s, uint32_t *seed);
void fail_over_redis(struct stage *s, uint32_t *seed);

/* faults_pg.c */

/* Events of which their transaction began that long ago, but for those above one that runs. */
void prune_events(const struct stage *s, int ms);
void crash_database(struct stage *s, uint32_t *seed);
void lose_numbers(struct stage *s, uint32_t *seed);
void restart_database(struct stage *s, uint32_t *seed);
void delay_replica(struct stage *s, uint32_t *seed);
void kill_replica(struct stage *s, uint32_t *seed);
void stop_replica(struct stage *s, uint32_t *seed);
void stray_replica(struct stage *s, uint32_t *seed);
void fail_over_database(struct stage *s, uint32_t *seed);

#endif
