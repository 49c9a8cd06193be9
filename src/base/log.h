/*
 * Telling.  One line an event, key=value or JSON; rooms above model log, lower ones return.
 *
 *	log_warn("worker exited", LOG_INT("pid", pid), LOG_STR("why", str_of(why)));
 *
 * Values are escaped: control bytes, quotes and newlines of untrusted text cannot forge a line.
 * API keys and passwords of URLs in values are hidden (base/secret.h).
 * A line carries time, level, role, pid and, when set, the request id.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/conf.h"
#include "base/rc.h"
#include "base/str.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

struct log_options {
	const char *file;   /* "" or "-": standard error */
	const char *level;  /* error|warn|info|debug */
	const char *format; /* text|json */
};
extern const struct conf_key log_keys[];

struct log_field {
	const char *key; /* NULL ends the list */
	enum {
		LOG_FIELD_STR,
		LOG_FIELD_INT,
		LOG_FIELD_DOUBLE
	} kind;
	struct str str;
	int64_t num;
	double real;
};
#define LOG_STR(k, s) ((struct log_field){ .key = (k), .kind = LOG_FIELD_STR, .str = (s) })
#define LOG_INT(k, n)                                                                          \
	((struct log_field){ .key = (k), .kind = LOG_FIELD_INT, .num = (int64_t)(n) })
#define LOG_REAL(k, d) ((struct log_field){ .key = (k), .kind = LOG_FIELD_DOUBLE, .real = (d) })

/* RC_INVALID: a bad option, or the file cannot be opened (errno); the old log stays. */
enum rc log_open(const struct log_options *options);
enum rc log_reopen(void);           /* after logrotate */
void log_role(const char *role);    /* "master", "worker", … in each line; static text */
void log_request_id(struct str id); /* STR_NONE clears; borrowed until then */
bool log_wanted(enum log_level level);
void log_event(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_FIELDS_(...)                                                                       \
	((const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .key = NULL } })
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, LOG_FIELDS_(__VA_ARGS__))
#define log_warn(event, ...)  log_event(LOG_LEVEL_WARN, event, LOG_FIELDS_(__VA_ARGS__))
#define log_info(event, ...)  log_event(LOG_LEVEL_INFO, event, LOG_FIELDS_(__VA_ARGS__))
#define log_debug(event, ...)                                                                  \
	do {                                                                                   \
		if (log_wanted(LOG_LEVEL_DEBUG))                                               \
			log_event(LOG_LEVEL_DEBUG, event, LOG_FIELDS_(__VA_ARGS__));           \
	} while (0)

#endif
