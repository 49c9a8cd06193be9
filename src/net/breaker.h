/*
 * A breaker: who failed often is left alone for a while, then tried once.  Pure: time
 * (CLOCK_MONOTONIC) and dice are arguments.
 *
 *	if (!breaker_allows(&b, now_ns))
 *		return RC_UNAVAILABLE;
 *	rc = try();
 *	rc == RC_OK ? breaker_succeeded(&b) : breaker_failed(&b, clock_mono_ns(), dice);
 */
#ifndef NET_BREAKER_H
#define NET_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES  5 /* within the window open it */
#define BREAKER_WINDOW_NS INT64_C(1000000000)
#define BREAKER_FIRST_NS  INT64_C(250000000) /* open for; doubled each time … */
#define BREAKER_LAST_NS   INT64_C(5000000000)

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_HALF /* one try is on its way */
};

struct breaker {
	enum breaker_state state;
	int failures;     /* within the window */
	int doublings;    /* since it was last closed */
	int64_t since_ns; /* start of the window */
	int64_t until_ns; /* open until then */
};

/* The caller that is told true tells how it went. */
bool breaker_allows(struct breaker *b, int64_t now_ns);
void breaker_succeeded(struct breaker *b);
/* dice: any random number; half to all of the time is waited. */
void breaker_failed(struct breaker *b, int64_t now_ns, uint32_t dice);
/* At once: for failures that leave no doubt, as a refused connect. */
void breaker_trip(struct breaker *b, int64_t now_ns, uint32_t dice);

/*
 * One breaker of many processes, in a word they share (0: closed), so that all learn from one.
 * Times are kept in microseconds.  Who was allowed the one try and died is not waited for:
 * after try_ns another one may.
 */
typedef _Atomic uint64_t breaker_word;
bool breaker_word_allows(breaker_word *word, int64_t now_ns, int64_t try_ns);
/* Applies one of the functions above: how it went. */
void breaker_word_succeeded(breaker_word *word);
void breaker_word_failed(breaker_word *word, int64_t now_ns, uint32_t dice);
void breaker_word_trip(breaker_word *word, int64_t now_ns, uint32_t dice);
bool breaker_word_open(const breaker_word *word, int64_t now_ns);

#endif
