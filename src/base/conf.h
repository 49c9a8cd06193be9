/*
 * Settings by table.  Each module owns a struct of plain values and one row per value; the
 * engine reads defaults, then one file, then the environment, then the command line (the later
 * wins), checks type and range, and remembers where each value came from.  Texts are UTF-8
 * without control characters; an absent text is "", never NULL.
 *
 *	const struct conf_key pg_keys[] = {
 *		{ "database_deadline", CONF_MSEC, offsetof(struct pg_options, deadline_ms),
 *		  "2s", .min = 10, .max = 60000, .help = "longest a statement may take" },
 *		{ 0 }
 *	};
 *
 * File: "name = value" lines, # comments, values may be in double quotes.  Environment:
 * SUCH_MARKET_<NAME>.  Command line: --name=value or --name value (dashes for underscores).
 * A bad value is told with its place ("such-market.conf:12: workers: 0 is not in 1 … 64").
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/rc.h"
#include "base/str.h"

enum conf_type {
	CONF_TEXT,   /* const char * */
	CONF_SECRET, /* const char *, hidden in dumps: passwords, keys */
	CONF_URL,    /* const char *, the password inside is hidden in dumps */
	CONF_URLS,   /* const char *, several with spaces between; likewise */
	CONF_BOOL,   /* bool: on/off, true/false, yes/no, 1/0 */
	CONF_INT,    /* int64_t */
	CONF_MSEC,   /* int64_t milliseconds: 250, "250ms", "2s", "5m", "1h", "1d" */
	CONF_BYTES,  /* int64_t bytes: 4096, "64k", "256m", "1g" */
	CONF_CHOICE  /* const char *, one of choices "a|b|c" */
};

struct conf_key {
	const char *name; /* snake_case; NULL ends the table */
	enum conf_type type;
	size_t offset;      /* of the value in the section's struct */
	const char *preset; /* default, as text; NULL is empty */
	/* Of INT, MSEC, BYTES in their base unit: max 0 or below min is no upper bound, both 0
	 * is 0 and up.  Of texts: bytes, max 0 is 4096. */
	int64_t min, max;
	const char *choices;
	/* A type's own parser for special words ("auto", chain names): true and *ret when the
	 * text is one of its words; else the ordinary reading goes on. */
	bool (*word)(struct str text, int64_t *ret);
	bool reload;      /* SIGHUP may change it */
	const char *help; /* one phrase, ends without a dot; the unit in brackets */
};

struct conf_section {
	const char *title; /* for documentation and --dump: "database" */
	const struct conf_key *keys;
	void *values; /* the module's struct */
};

/*
 * Another name of the environment, lower precedence than SUCH_MARKET_<NAME>.  Of several rows
 * of one setting the first that is set wins; empty counts as not set.  A row with a NULL name
 * is a variable that others read (SUCH_MARKET_STATE): it is passed over.
 */
struct conf_alias {
	const char *env;  /* "DATABASE_URL" */
	const char *name; /* "database_url" */
};

struct conf;

struct conf *conf_new(const struct conf_section *sections, size_t count,
		      const struct conf_alias *aliases, size_t alias_count);
void conf_free(struct conf *conf); /* the text values die with it */

/* Each returns RC_INVALID and keeps conf_error() on the first bad value. */
enum rc conf_file(struct conf *conf, const char *path);
enum rc conf_environment(struct conf *conf, char *const *envp);
/* One value from elsewhere; origin is told in messages and dumps ("command line"). */
enum rc conf_set(struct conf *conf, struct str name, struct str value, const char *origin);
bool conf_known(const struct conf *conf, struct str name);
const char *conf_error(const struct conf *conf);
/* "default", "such-market.conf:12", "environment DATABASE_URL", or what conf_set was told; NULL
 * for a name that is no setting. */
const char *conf_origin(const struct conf *conf, const char *name);
/* After a reload: the first setting that differs though its row does not allow that, or NULL.
 * Both have the same sections. */
const char *conf_frozen(const struct conf *was, const struct conf *now);

/* Every effective value as "name = value  # origin", secrets as "(hidden)". */
void conf_dump(const struct conf *conf, FILE *out);
/* Every row as documentation: name, type, unit, range, default, help. */
void conf_describe(const struct conf *conf, FILE *out);

#endif
