#include <stdlib.h>
#include "app/command.h"
#include "app/title.h"

int main(int argc, char **argv)
{
	char **args = title_init(argc, argv);
	const char *word = argc > 1 ? args[1] : "help";

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
