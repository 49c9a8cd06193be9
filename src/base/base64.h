/* base64url without padding (RFC 4648 section 5). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include "base/rc.h"
#include "base/str.h"

#define BASE64_SIZE(n) ((4 * (n) + 2) / 3 + 1)

/* Writes BASE64_SIZE(len) bytes with the NUL; returns the length of the text. */
size_t base64url_write(const void *bytes, size_t len, char *ret);
/* Canonical input only; *ret_len is set to the byte count, at most cap, else RC_INVALID. */
enum rc base64url_read(struct str text, uint8_t *ret, size_t cap, size_t *ret_len);

#endif
