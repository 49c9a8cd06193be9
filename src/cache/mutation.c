#include "cache/mutation.h"

#ifdef ENABLE_MUTATIONS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mutation chosen(void)
{
	static const char *const names[] = {
#define X(name, missing) #name,
		MUTATIONS(X)
#undef X
	};
	const char *name = getenv("SUCH_MARKET_MUTATION");
	int i = 0;

	while (name && i < MUTATION_COUNT && strcmp(names[i], name) != 0)
		i++;
	if (name && i == MUTATION_COUNT) {
		fprintf(stderr, "SUCH_MARKET_MUTATION: there is no %s\n", name);
		exit(EXIT_FAILURE);
	}
	return name ? (enum mutation)i : MUTATION_COUNT;
}

bool mutated(enum mutation mutation)
{
	static enum mutation which;
	static bool read;

	if (!read)
		which = chosen();
	read = true;
	return which == mutation;
}
#endif
