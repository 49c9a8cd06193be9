#include "base/role.h"

#include <assert.h>
#include "base/scope.h"

static const char *const names[] = {
	[ROLE_PUBLIC] = "public",
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
	assert((size_t)role < COUNT_OF(names));
	return names[role];
}

bool role_read(struct str name, enum role *ret)
{
	for (size_t i = ROLE_VIEWER; i < COUNT_OF(names); i++) {
		if (str_eqz(name, names[i])) {
			*ret = (enum role)i;
			return true;
		}
	}
	return false;
}
