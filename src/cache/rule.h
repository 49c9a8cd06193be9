/*
 * Extra rules of invalidation, from the setting invalidate_rules:
 *
 *	nfts:update -> r:{contract}, list; transfers:* -> o:*
 *
 * When an event of that table and operation is applied, these tags become invalid too.  What
 * stands in braces ({contract}, {token}, {wallet}, {fid}) is taken from each tag of the event
 * that has it; where the event has a coarse tag (b:0x…, o:*, u:*) instead, so has the rule.
 * Relays and writers apply the same rules at the same place: before any label is believed.
 */
#ifndef CACHE_RULE_H
#define CACHE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/rc.h"
#include "base/str.h"

#define RULES_MAX     32
#define RULE_TAGS_MAX 8

struct rule {
	struct str table, op; /* op "*": any */
	struct str tag[RULE_TAGS_MAX];
	size_t tags;
};
struct rules {
	struct rule rule[RULES_MAX];
	size_t n;
};

/* text is borrowed; NULL or empty: no rules.  RC_INVALID: *ret_why says what is wrong, *ret_at
 * where; rules that no event could ever make fire are wrong too. */
enum rc rules_read(const char *text, struct rules *ret, const char **ret_why,
		   struct str *ret_at);
/* Adds to ret_more, one a line, each once, the tags that the rules add to an event of `source`
 * ("nfts:update") with `tags` (one a line).  False: they cannot be named, so all is invalid. */
bool rules_expand(const struct rules *rules, struct str source, struct str tags,
		  struct buf *ret_more);

#endif
