/*
 * such-market bench: queues the performance test (jobs/performance.h), looks on, and shows what
 * it found as a table.  The runner does it: tiers are measured where they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include "app/command.h"
#include "app/job_watch.h"
#include "base/arena.h"
#include "base/jsonin.h"
#include "model/job.h"

static const char *text_of(struct json_object *node)
{
	static char ring[8][48];
	static int next;
	char *text = ring[next = (next + 1) % 8];
	struct str value =
		jsonin_type(node) == JSONIN_STRING ? jsonin_str(node) : jsonin_text(node);

	snprintf(text, sizeof(ring[0]), STR_FMT, STR_ARG(value));
	return jsonin_type(node) == JSONIN_NULL ? "-" : text;
}

static const char *member(const struct json_object *object, const char *name)
{
	return text_of(jsonin_get(object, name));
}

static void show_health(const struct json_object *health)
{
	printf("Redis            connected %s, connecting %s ms, ping %s ms\n",
	       member(health, "isConnected"), member(health, "connectionTime"),
	       member(health, "pingTime"));
	printf("Memory           on %s, lease %s\n", member(health, "memory"),
	       member(health, "leased"));
	printf("PostgreSQL       %s ms\n\n", member(health, "databaseTime"));
}

static void show_times(const char *name, const struct json_object *row)
{
	printf("%-16s %9s %7s %9s %9s %9s %9s\n", name, member(row, "operations"),
	       member(row, "failed"), member(row, "avgMs"), member(row, "p50Ms"),
	       member(row, "p95Ms"), member(row, "p99Ms"));
}

static void show_head(const char *first)
{
	printf("%-16s %9s %7s %9s %9s %9s %9s\n", first, "reads", "failed", "avg ms", "p50 ms",
	       "p95 ms", "p99 ms");
}

static bool show_operation(void *ctx, struct str key, struct json_object *value)
{
	char name[32];

	(void)ctx;
	snprintf(name, sizeof(name), STR_FMT, STR_ARG(key));
	show_times(name, value);
	return true;
}

static void show_steps(const char *what, const struct json_object *steps)
{
	for (size_t i = 0; i < jsonin_count(steps); i++) {
		const struct json_object *row = jsonin_at(steps, i);
		char name[32];

		snprintf(name, sizeof(name), "%s, %s users", what, member(row, "users"));
		show_times(name, row);
	}
}

static void show_advice(const struct json_object *list)
{
	printf("\nRecommendations%s\n", jsonin_count(list) ? ":" : ": none");
	for (size_t i = 0; i < jsonin_count(list); i++) {
		struct str text = jsonin_str(jsonin_get(jsonin_at(list, i), "text"));

		printf("- " STR_FMT "\n", STR_ARG(text));
	}
}

static int show(struct arena *arena, const struct job *job)
{
	struct json_object *tree;
	const char *why;

	if (jsonin_parse(arena, job->result, 16, &tree, &why) != RC_OK)
		return command_fail("bench", EXIT_FAILURE, "the result is no JSON: %s", why);
	const struct json_object *stress = jsonin_get(tree, "stressTests");
	show_health(jsonin_get(tree, "cacheHealth"));
	show_head("One at a time");
	jsonin_each(jsonin_get(jsonin_get(tree, "basicTests"), "byOperation"), show_operation,
		    NULL);
	putchar('\n');
	show_head("At once");
	show_steps("load", jsonin_get(tree, "loadTests"));
	show_steps("stress", jsonin_get(stress, "steps"));
	printf("\nBreaks at        %s users\nRecovers in      %s ms\n",
	       member(stress, "breakingPoint"), member(stress, "recoveryTime"));
	show_advice(jsonin_get(tree, "recommendations"));
	return EXIT_SUCCESS;
}

int cmd_bench(int argc, char **argv)
{
	struct job_watch watch = { .word = "bench", .verb = "measuring", .show = show };
	const struct job_order order = { .kind = JOB_performance };
	const struct arg_option own[] = { { "no-wait", NULL, &watch.no_wait },
					  { "json", NULL, &watch.json },
					  { 0 } };
	struct args args;
	int status;

	if (!command_args("bench", argc, argv, own, 0, &args, &status))
		return status;
	SCOPED(config_done) struct config *config = command_database("bench", &args);
	if (!config)
		return EXIT_FAILURE;
	return job_watch(config, &order, &watch);
}
