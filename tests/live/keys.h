/* Keys of each role, and a walk over the routes of the program's own table with all of them. */
#ifndef LIVE_KEYS_H
#define LIVE_KEYS_H

#include <stdbool.h>
#include "base/role.h"

struct http;

#define KEY_BYTES 64

/* By role, from viewer on; 0: one that was revoked. */
extern char keys[ROLE_ADMIN + 1][KEY_BYTES];
void keys_make(void);
void keys_make_one(const char *role, const char *name, char ret[KEY_BYTES]);

/* Asked by another client each time, so that wrong keys do not add up; key NULL: none. */
int keys_ask(struct http *http, const char *method, const char *path, const char *key);

/* Every route with no key, a wrong, a revoked and a malformed one, and with a key of each role.
 */
void keys_walk(bool private_reads);

#endif
