#include "base/clock.h"

#include <time.h>
#include <string.h>

#define DAY_US  ((int64_t)86400 * 1000000)
#define LAST_US ((int64_t)253402300800 * 1000000 - 1) /* the end of the year 9999 */

struct civil {
	unsigned year, month, day, weekday; /* month and day from 1, Sunday is 0 */
	unsigned hour, minute, second, milli;
};

static int64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_us(void)
{
	return read_ns(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_boot_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}

/* Days since 1970 to a date of the Gregorian calendar, counting years from March. */
static void date_of(unsigned days, struct civil *ret)
{
	unsigned z = days + 719468; /* days since 0000-03-01 */
	unsigned era = z / 146097, in_era = z % 146097;
	unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153; /* March is 0 */

	ret->day = in_year - (153 * m + 2) / 5 + 1;
	ret->month = m < 10 ? m + 3 : m - 9;
	ret->year = era * 400 + y + (ret->month <= 2);
	ret->weekday = (days + 4) % 7;
}

static void civil_of(int64_t us, struct civil *ret)
{
	unsigned ms;

	if (us < 0)
		us = 0;
	if (us > LAST_US)
		us = LAST_US;
	date_of((unsigned)(us / DAY_US), ret);
	ms = (unsigned)(us % DAY_US / 1000);
	ret->milli = ms % 1000;
	ret->second = ms / 1000 % 60;
	ret->minute = ms / 60000 % 60;
	ret->hour = ms / 3600000;
}

static void put(char *to, unsigned n, int digits)
{
	while (digits--) {
		to[digits] = (char)('0' + n % 10);
		n /= 10;
	}
}

size_t clock_rfc3339(int64_t wall_us, char ret[CLOCK_RFC3339_MAX])
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	struct civil c;

	civil_of(wall_us, &c);
	memcpy(ret, form, sizeof(form));
	put(ret, c.year, 4);
	put(ret + 5, c.month, 2);
	put(ret + 8, c.day, 2);
	put(ret + 11, c.hour, 2);
	put(ret + 14, c.minute, 2);
	put(ret + 17, c.second, 2);
	put(ret + 20, c.milli, 3);
	return sizeof(form) - 1;
}

size_t clock_http_date(int64_t wall_us, char ret[CLOCK_HTTP_MAX])
{
	static const char form[] = "Day, 00 Mon 0000 00:00:00 GMT";
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c;

	civil_of(wall_us, &c);
	memcpy(ret, form, sizeof(form));
	memcpy(ret, days + c.weekday * 3, 3);
	put(ret + 5, c.day, 2);
	memcpy(ret + 8, months + (c.month - 1) * 3, 3);
	put(ret + 12, c.year, 4);
	put(ret + 17, c.hour, 2);
	put(ret + 20, c.minute, 2);
	put(ret + 23, c.second, 2);
	return sizeof(form) - 1;
}

/* --- reading ----------------------------------------------------------------------------- */

/* Exactly n digits from the front. */
static bool take(struct str *s, size_t n, unsigned max, unsigned *ret)
{
	uint64_t value;

	if (s->len < n || !str_u64((struct str){ s->ptr, n }, max, &value))
		return false;
	*s = str_from(*s, n);
	*ret = (unsigned)value;
	return true;
}

static bool take_char(struct str *s, const char *any)
{
	if (s->len == 0 || !memchr(any, s->ptr[0], strlen(any)))
		return false;
	*s = str_from(*s, 1);
	return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Counting years from March, as date_of() does. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
	unsigned y = year - (month <= 2), m = month > 2 ? month - 3 : month + 9;
	unsigned era = y / 400, in_era = y % 400;

	return (int64_t)era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 +
	       (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct str *s, int64_t *ret_days)
{
	unsigned year, month, day;

	if (!take(s, 4, 9999, &year) || !take_char(s, "-") || !take(s, 2, 12, &month) ||
	    !take_char(s, "-") || !take(s, 2, 31, &day) || year == 0 || month == 0 ||
	    day == 0 || day > days_in(year, month))
		return false;
	*ret_days = days_of(year, month, day);
	return true;
}

/* Digits beyond microseconds are looked at and dropped. */
static bool take_fraction(struct str *s, unsigned *ret_us)
{
	unsigned us = 0, digits = 0;

	while (s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
		if (digits++ < 6)
			us = us * 10 + (unsigned)(s->ptr[0] - '0');
		*s = str_from(*s, 1);
	}
	if (digits == 0)
		return false;
	for (; digits < 6; digits++)
		us *= 10;
	*ret_us = us;
	return true;
}

static bool take_time(struct str *s, int64_t *ret_us)
{
	unsigned hour, minute, second, us = 0;

	if (!take(s, 2, 23, &hour) || !take_char(s, ":") || !take(s, 2, 59, &minute) ||
	    !take_char(s, ":") || !take(s, 2, 60, &second))
		return false;
	if (take_char(s, ".") && !take_fraction(s, &us))
		return false;
	*ret_us = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000000 + us;
	return true;
}

static bool take_offset(struct str *s, int64_t *ret_us)
{
	unsigned hour, minute;
	bool west = s->len && s->ptr[0] == '-';

	if (take_char(s, "Zz")) {
		*ret_us = 0;
		return true;
	}
	if (!take_char(s, "+-") || !take(s, 2, 23, &hour) || !take_char(s, ":") ||
	    !take(s, 2, 59, &minute))
		return false;
	*ret_us = (int64_t)(hour * 60 + minute) * 60000000 * (west ? -1 : 1);
	return true;
}

bool clock_rfc3339_read(struct str text, int64_t *ret_us)
{
	int64_t days, time_us, offset_us, us;

	if (!take_date(&text, &days) || !take_char(&text, "Tt ") ||
	    !take_time(&text, &time_us) || !take_offset(&text, &offset_us) || text.len)
		return false;
	us = days * DAY_US + time_us - offset_us;
	if (us < 0 || us > LAST_US)
		return false;
	*ret_us = us;
	return true;
}
