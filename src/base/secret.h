/* Texts that nobody may be told: API keys ("sm_" and 43 characters base64url), and the
 * passwords of URLs and connection strings. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include "base/str.h"

struct buf;

#define SECRET_KEY_LEN 46 /* of a key of ours */

/* Something in it looks like a key. */
bool secret_has_key(struct str text);
/* There is something to hide. */
bool secret_any(struct str text);
/* Appends text with "[hidden]" in the place of each secret. */
void secret_hide(struct str text, struct buf *out);

#endif
