/* What a key may do; ordered: a higher role may all that a lower one may. */
#ifndef BASE_ROLE_H
#define BASE_ROLE_H

#include <stdbool.h>
#include "base/str.h"

enum role {
	ROLE_PUBLIC,
	ROLE_VIEWER,
	ROLE_OPERATOR,
	ROLE_ADMIN
};

const char *role_name(enum role role);           /* "viewer" */
bool role_read(struct str name, enum role *ret); /* viewer, operator, admin only */

#endif
