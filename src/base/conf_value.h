/* One setting's text to its value and back; conf.c decides where texts come from. */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include "base/conf.h"
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct buf;

/*
 * Stores into the section's struct at `section`, only when the text is good; text values are
 * copied to the arena.  RC_INVALID: *ret_why is "0 is not in 1 … 64", in the arena; it never
 * repeats a secret or a control byte.
 */
enum rc conf_value_read(const struct conf_key *key, struct str text, void *section,
			struct arena *arena, const char **ret_why);
/* The value as a file would say it, secrets hidden; `text` is what it was read from. */
void conf_value_show(const struct conf_key *key, struct str text, const void *section,
		     struct buf *out);
/* A number with its unit: 120000 of MSEC is "2m". */
void conf_value_number(enum conf_type type, int64_t n, struct buf *out);
/* "1 … 64", "error|warn", "on|off"; nothing for a text without bounds. */
void conf_value_range(const struct conf_key *key, struct buf *out);
const char *conf_type_name(enum conf_type type);

#endif
