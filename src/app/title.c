#include "app/title.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/arena.h"

static char **arguments; /* what main goes on with */
static char *space;
static size_t space_len;

static char **copy_of(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	char **copy = mem_alloc((n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_strdup(list[i]);
	return copy;
}

/* The kernel lays argv and environ out one after the other. */
char **title_init(int argc, char **argv)
{
	char *end = argv[0];

	for (int i = 0; i < argc; i++)
		if (argv[i] == end)
			end += strlen(argv[i]) + 1;
	for (char **e = environ; *e; e++)
		if (*e == end)
			end += strlen(*e) + 1;
	arguments = copy_of(argv);
	environ = copy_of(environ);
	space = argv[0];
	space_len = (size_t)(end - space);
	return arguments;
}

void title_set(const char *fmt, ...)
{
	char text[128];
	va_list args;

	if (space_len == 0)
		return;
	int head = snprintf(text, sizeof(text), "such-market: ");
	va_start(args, fmt);
	vsnprintf(text + head, sizeof(text) - (size_t)head, fmt, args);
	va_end(args);
	memset(space, 0, space_len);
	memcpy(space, text, strnlen(text, space_len - 1));
	prctl(PR_SET_NAME, "such-market");
}
