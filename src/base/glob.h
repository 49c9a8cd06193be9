/* Globs as Redis matches them: *, ?, [a-z], [^a-z], and \ before a character that means itself.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>
#include "base/str.h"

#define GLOB_MAX   200 /* bytes */
#define GLOB_STARS 8 /* matching takes at most length × length steps however many there are */

/* NULL, or why nobody should match with it: too long, too many stars, an open bracket, a \ at
 * the end, control characters. */
const char *glob_fault(struct str pattern);
/* Bytes of its first element: a character, an escaped one, a class, * or ?; 0: it has no end.
 */
size_t glob_element(struct str pattern);
bool glob_match(struct str pattern, struct str text);
/* How many bytes of it mean themselves before the first *, ?, [ or \. */
size_t glob_literal(struct str pattern);

#endif
