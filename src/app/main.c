#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "app/command.h"
#include "app/title.h"

/* Started with closed standard descriptors, the next file or connection would take their
 * numbers, and what is printed would go there. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	char **args = title_init(argc, argv);
	const char *word = argc > 1 ? args[1] : "help";

	fill_standard_descriptors();
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	if (strcmp(word, "--version") == 0)
		word = "version";
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i].word, word) == 0)
			return commands[i].run(argc > 2 ? argc - 2 : 0, args + 2);
	fprintf(stderr, "such-market: no such word: %s\nsuch-market help lists the words\n",
		word);
	return EXIT_USAGE;
}
