/*
 * What ps shows.  title_init takes the space of argv and environ: environ is moved away, and
 * the arguments to go on with are returned; both live as long as the process.
 */
#ifndef APP_TITLE_H
#define APP_TITLE_H

char **title_init(int argc, char **argv);
/* "such-market: " and the text; cut to the space there is. */
void title_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
