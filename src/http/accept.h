/*
 * The Accept header (RFC 9110 section 12.5.1), read liberally: absent, empty or unreadable
 * accepts everything; so does any range that covers the type with a quality above 0.  Only a
 * list that names other types alone ("text/html"), or this one with q=0, refuses it: that is a
 * 406.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <stdbool.h>
#include "base/str.h"

/* type: "application/json", parameters behind ';' do not count. */
bool accept_allows(struct str header, struct str type);

#endif
