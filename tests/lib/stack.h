/*
 * The whole service for one test program: PostgreSQL, Redis, such-market as built, and nginx
 *with nginx/such-market.conf.in, all private, on unix sockets, gone when the program is gone.
 *
 *	SUITE_WITH(stack_start, stack_done, 120, test_a, test_b)
 *
 * What tests write stays for the next test of the same program.  Failures end the program.
 */
#ifndef LIB_STACK_H
#define LIB_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct http;

void stack_start(void);
/* The same with lines for such-market.conf ("workers = 2\n"). */
void stack_start_with(const char *settings);
void stack_done(void);

struct http *stack_http(void);         /* a client of nginx; loopback to the application */
const char *stack_socket(void);        /* of nginx */
const char *stack_hot_socket(void);    /* of such-market */
const char *stack_log(void);           /* path of such-market's log */
int stack_log_count(const char *text); /* lines of the log that hold it; "": all */
int stack_nginx_log_count(const char *text);
int stack_access_log_count(const char *text); /* of nginx's access log */
void stack_log_dump(void);                    /* to standard error, for a test that fails */

/* such-market WORD ARGS…, NULL-terminated, with the stack's configuration.  The exit status;
 * what it printed is in stack_output(). */
int stack_run(const char *const *args);
const char *stack_output(void);
#define STACK_RUN(...) stack_run((const char *const[]){ __VA_ARGS__, NULL })

const char *stack_mapping(void);              /* path of the copies in memory; static */
pid_t stack_market(void);                     /* the master */
size_t stack_workers(pid_t *ret, size_t max); /* its children that answer */
/* Its children whose title holds the word ("relay"). */
size_t stack_children(const char *word, pid_t *ret, size_t max);
void stack_market_stop(void);   /* SIGTERM, waits */
void stack_market_begin(void);  /* after stop; does not wait */
void stack_market_resume(void); /* waits until it answers through nginx */
void stack_wait_ready(void);    /* from the database */
/* Puts a snippet of nginx/snippets into the site, or takes all out (NULL), and reloads nginx.
 */
void stack_snippet(const char *name);

/* A new file in the stack's directory; its path (static, valid until the next call). */
const char *stack_file(const char *name, const char *text);
/* The real data beside the source tree (../shared/data, or $SHARED_DATA); NULL when
 * it is not there. */
const char *stack_data(const char *name);

#endif
