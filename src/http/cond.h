/* Conditional requests (RFC 9110 section 13): If-None-Match with lists, "*" and weak
 * comparison. */
#ifndef HTTP_COND_H
#define HTTP_COND_H

#include <stdbool.h>
#include "base/str.h"

bool cond_none_match(struct str header, struct str etag); /* true: answer 304 */

#endif
