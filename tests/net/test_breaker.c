/* A breaker, step by step: time and dice are given. */
#include "suite.h"
#include "base/scope.h"
#include "net/breaker.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static struct breaker b;

static void fail_times(int n, int64_t now_ns)
{
	for (int i = 0; i < n; i++)
		breaker_failed(&b, now_ns, 0);
}

START_TEST(five_failures_within_a_second_open_it)
{
	b = (struct breaker){ 0 };
	fail_times(4, 10 * S);
	ck_assert(breaker_allows(&b, 10 * S));
	fail_times(1, 10 * S + 999 * MS);
	ck_assert(!breaker_allows(&b, 10 * S + 999 * MS));
}
END_TEST

START_TEST(slow_failures_do_not)
{
	b = (struct breaker){ 0 };
	for (int i = 0; i < 50; i++) {
		fail_times(1, 10 * S + i * 300 * MS);
		ck_assert(breaker_allows(&b, 10 * S + i * 300 * MS));
	}
}
END_TEST

START_TEST(half_open_tries_one)
{
	b = (struct breaker){ 0 };
	fail_times(5, 0);
	ck_assert(!breaker_allows(&b, b.until_ns - 1));
	ck_assert(breaker_allows(&b, b.until_ns));
	ck_assert_int_eq(b.state, BREAKER_HALF);
	ck_assert(!breaker_allows(&b, b.until_ns + 10 * S));
	breaker_succeeded(&b);
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
	fail_times(4, 20 * S);
	ck_assert(breaker_allows(&b, 20 * S));
	fail_times(1, 20 * S);
	ck_assert_int_le(b.until_ns - 20 * S, BREAKER_FIRST_NS); /* it begins again */
}
END_TEST

START_TEST(waits_double_up_to_the_longest)
{
	static const int64_t most[] = { 250, 500, 1000, 2000, 4000, 5000, 5000, 5000 };
	int64_t now_ns = 0;

	for (uint32_t dice = 0; dice < 3; dice++) {
		b = (struct breaker){ 0 };
		fail_times(4, now_ns);
		for (size_t i = 0; i < COUNT_OF(most); i++) {
			breaker_failed(&b, now_ns, dice * 1234567891u);
			ck_assert_int_ge(b.until_ns - now_ns, most[i] * MS / 2);
			ck_assert_int_le(b.until_ns - now_ns, most[i] * MS);
			now_ns = b.until_ns;
			ck_assert(breaker_allows(&b, now_ns));
		}
	}
}
END_TEST

START_TEST(successes_between_do_not_hide_failures)
{
	b = (struct breaker){ 0 };
	for (int i = 0; i < 5; i++) {
		ck_assert(breaker_allows(&b, S + i));
		breaker_failed(&b, S + i, 0);
		breaker_succeeded(&b);
	}
	ck_assert_int_eq(b.state, BREAKER_CLOSED); /* the last one was a success after all */
	b = (struct breaker){ 0 };
	for (int i = 0; i < 5; i++) {
		breaker_succeeded(&b);
		breaker_failed(&b, S + i, 0);
	}
	ck_assert(!breaker_allows(&b, S + 5));
}
END_TEST

START_TEST(a_trip_opens_at_once)
{
	b = (struct breaker){ 0 };
	breaker_trip(&b, 0, 7);
	ck_assert(!breaker_allows(&b, BREAKER_FIRST_NS / 2 - 1));
	ck_assert(breaker_allows(&b, BREAKER_FIRST_NS));
}
END_TEST

/* The same steps, in a word: what it allows when, is what the breaker allows. */
START_TEST(a_word_does_as_a_breaker)
{
	breaker_word word = 0;
	int64_t now_ns = 10 * S;

	b = (struct breaker){ 0 };
	for (int i = 0; i < 2000; i++) {
		uint32_t dice = (uint32_t)(i * 7919);

		now_ns += (i * 31 % 97) * 7 * MS;
		bool allowed = breaker_allows(&b, now_ns);
		ck_assert_int_eq(breaker_word_allows(&word, now_ns, 60 * S), allowed);
		ck_assert_int_eq(breaker_word_open(&word, now_ns),
				 b.state == BREAKER_HALF ||
					 (b.state == BREAKER_OPEN && now_ns < b.until_ns));
		if (!allowed)
			continue;
		if (i % 11 == 0) {
			breaker_trip(&b, now_ns, dice);
			breaker_word_trip(&word, now_ns, dice);
		} else if (i % 3 == 0) {
			breaker_succeeded(&b);
			breaker_word_succeeded(&word);
		} else {
			breaker_failed(&b, now_ns, dice);
			breaker_word_failed(&word, now_ns, dice);
		}
	}
}
END_TEST

START_TEST(who_tried_and_died_is_not_waited_for)
{
	breaker_word word = 0;

	breaker_word_trip(&word, S, 0);
	ck_assert(!breaker_word_allows(&word, S, S));
	ck_assert(breaker_word_allows(&word, 2 * S, S));
	ck_assert(!breaker_word_allows(&word, 2 * S + S / 2, S)); /* one tries */
	ck_assert(breaker_word_open(&word, 3 * S));
	ck_assert(breaker_word_allows(&word, 3 * S, S)); /* and is not heard of again */
	breaker_word_succeeded(&word);
	ck_assert(breaker_word_allows(&word, 3 * S, S));
	ck_assert(!breaker_word_open(&word, 3 * S));
}
END_TEST

SUITE(five_failures_within_a_second_open_it, slow_failures_do_not, half_open_tries_one,
      waits_double_up_to_the_longest, successes_between_do_not_hide_failures,
      a_trip_opens_at_once, a_word_does_as_a_breaker, who_tried_and_died_is_not_waited_for)
