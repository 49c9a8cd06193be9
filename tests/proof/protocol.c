/*
 *	protocol                   every configuration must hold, every mutation must be caught
 *	protocol --hold            the configurations only
 *	protocol --mutation NAME   prints the steps to the violation; 1 when there is none
 *	protocol --list            names of the mutations
 */
#include <stdio.h>
#include <string.h>
#include "proof/protocol.h"

#define STATES_MAX 4000000

const struct config *cf;
enum mutation mutation;

static const struct {
	const char *name, *config, *text;
} mutations[] = {
#define MUTATION(name, config, text) { #name, config, text },
#include "proof/mutations.def"
};

/* Writers: how many, where, which tags.  Readers likewise. */
static const struct config configs[] = {
	{ "one machine", 2, 2, { 0, 0 }, { PAGE, PAGE }, { 0, 0 }, 0 },
	{ "killed writer", 2, 1, { 0, 1 }, { PAGE, PAGE }, { 0 }, F_KILL | F_REDIS },
	{ "label first", 2, 1, { 0, 0 }, { PAGE, PAGE }, { 0 }, F_LABEL },
	{ "Redis", 2, 2, { 0, 1 }, { PAGE, PAGE }, { 0, 0 }, F_REDIS },
	{ "Redis, two machines", 1, 2, { 0 }, { PAGE }, { 0, 1 }, F_REDIS },
	{ "Redis with a dump", 2, 1, { 0, 1 }, { PAGE, PAGE }, { 0 }, F_REDIS | F_DUMP },
	{ "other machine", 2, 2, { 0, PSQL }, { PAGE, PAGE }, { 1, 1 }, F_REDIS },
	{ "replica", 2, 1, { 0, 0 }, { PAGE, PAGE }, { 0 }, F_REPLICA | F_REDIS },
	{ "stray replica", 2, 1, { 0, 0 }, { PAGE, PAGE }, { 0 }, F_REPLICA | F_STRAY },
	{ "found tag, replica",
	  2,
	  1,
	  { 0, PSQL },
	  { TOKEN, PAGE },
	  { 0 },
	  F_FOUND_TAG | F_REPLICA },
	{ "found tag", 2, 1, { 0, 0 }, { TOKEN, PAGE }, { 0 }, F_FOUND_TAG | F_REDIS },
	{ "found tag, relay", 2, 1, { 0, PSQL }, { TOKEN, PAGE }, { 1 }, F_FOUND_TAG },
	{ "poison", 2, 1, { PSQL, 0 }, { 0, PAGE }, { 1 }, F_POISON | F_REDIS },
	{ "void all", 2, 1, { 1, 1 }, { 0, 0 }, { 1 }, F_POISON | F_REDIS },
	{ "lease", 2, 2, { 0, PSQL }, { PAGE, PAGE }, { 1, 1 }, F_PAUSE },
	{ "lease, replica", 2, 1, { 0, PSQL }, { PAGE, PAGE }, { 1 }, F_PAUSE | F_REPLICA },
	{ "crash", 2, 1, { PSQL, 0 }, { PAGE, PAGE }, { 0 }, F_CRASH | F_LABEL | F_REDIS },
	{ "crash, replica", 2, 1, { PSQL, 0 }, { PAGE, PAGE }, { 0 }, F_CRASH | F_REPLICA },
	{ "promotion", 2, 1, { PSQL, 0 }, { PAGE, PAGE }, { 0 }, F_PROMOTION | F_REPLICA },
	{ "fresh mapping",
	  2,
	  1,
	  { PSQL, 1 },
	  { PAGE, PAGE },
	  { 1 },
	  F_REBOOT | F_PRUNE | F_REDIS },
	{ "relay forgets",
	  2,
	  2,
	  { 0, PSQL },
	  { PAGE, PAGE },
	  { 1, 1 },
	  F_RELAY_DEATH | F_PRUNE },
};

static void tell(const struct config *c, enum verdict v)
{
	static const char *const word[] = { "holds", "VIOLATED", "NOT FINISHED" };

	printf("%-20s %-26s %9zu states  %s\n", mutations[mutation].name, c->name, walk_count(),
	       word[v]);
	fflush(stdout);
}

static bool hold_all(void)
{
	bool holds = true;

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		enum verdict v = walk(&configs[i], STATES_MAX);

		tell(&configs[i], v);
		if (v == VIOLATED)
			walk_print_trace();
		holds = holds && v == HOLDS;
	}
	return holds;
}

static bool catch_one(enum mutation which, bool trace)
{
	const struct config *c = configs;
	enum verdict v;

	while (strcmp(c->name, mutations[which].config) != 0)
		c++;
	mutation = which;
	v = walk(c, STATES_MAX);
	tell(c, v);
	if (trace && v == VIOLATED)
		walk_print_trace();
	mutation = M_none;
	return v == VIOLATED;
}

static bool catch_all(void)
{
	bool caught = true;

	for (int k = 1; k < M_COUNT; k++)
		caught = catch_one((enum mutation)k, false) && caught;
	return caught;
}

static int usage(void)
{
	fputs("usage: protocol [--hold | --mutation NAME | --list]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 1) {
		bool good = hold_all();

		return catch_all() && good ? 0 : 1;
	}
	if (!strcmp(argv[1], "--hold") && argc == 2)
		return hold_all() ? 0 : 1;
	if (!strcmp(argv[1], "--list") && argc == 2) {
		for (int k = 1; k < M_COUNT; k++)
			printf("%-20s %-26s %s\n", mutations[k].name, mutations[k].config,
			       mutations[k].text);
		return 0;
	}
	if (strcmp(argv[1], "--mutation") != 0 || argc != 3)
		return usage();
	for (int k = 1; k < M_COUNT; k++)
		if (!strcmp(mutations[k].name, argv[2]))
			return catch_one((enum mutation)k, true) ? 0 : 1;
	return usage();
}
