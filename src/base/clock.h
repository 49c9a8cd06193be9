/* Time.  Functions elsewhere take `now` as an argument; only loops read the clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define CLOCK_RFC3339_MAX 32
#define CLOCK_HTTP_MAX    32

int64_t clock_wall_us(void); /* microseconds since 1970, CLOCK_REALTIME */
int64_t clock_mono_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_boot_ns(void); /* CLOCK_BOOTTIME: also counts suspend */

/* Times outside 1970 … 9999 are written as the nearest end of it. */
/* "2026-11-21T12:00:00.123Z" (UTC, milliseconds); returns the length. */
size_t clock_rfc3339(int64_t wall_us, char ret[CLOCK_RFC3339_MAX]);
/* "Sat, 21 Nov 2026 12:00:00 GMT" (RFC 9110 IMF-fixdate); returns the length. */
size_t clock_http_date(int64_t wall_us, char ret[CLOCK_HTTP_MAX]);

/* An RFC 3339 time with its offset ("2026-11-21T13:00:00.5+01:00"), cut to microseconds; false
 * when it is none or outside 1970 … 9999.  A leap second is the second after it. */
bool clock_rfc3339_read(struct str text, int64_t *ret_us);

#endif
