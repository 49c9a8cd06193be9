/*
 * Environment names of the older system.  They rank above the file and below
 * SUCH_MARKET_<NAME>; among themselves the later row of the table wins, so that one setting has
 * one precedence.
 */
#ifndef APP_COMPAT_H
#define APP_COMPAT_H

#include <stdio.h>
#include "base/conf.h"
#include "base/rc.h"

struct arena;

/* Sets what the names stand for; RC_INVALID: conf_error(conf). */
enum rc compat_apply(struct conf *conf, char *const *envp, struct arena *arena);
/* A line for each name that is present and has no effect, saying why. */
void compat_notes(char *const *envp, FILE *out);
/* Every name, its setting and its meaning, for documentation. */
void compat_describe(FILE *out);

#endif
