/* Times in transfers, checked here so that PostgreSQL takes every one that is staged. */
#include "base/clock.h"
#include "jobs/import_line.h"

#define EPOCH_MIN 100000000u    /* fewer digits are a year, or nonsense */
#define EPOCH_MAX 253402300799u /* the last second of the year 9999 */

static bool digits(struct str *text, size_t count, unsigned min, unsigned max, unsigned *ret)
{
	uint64_t n;
	if (text->len < count || !str_u64((struct str){ text->ptr, count }, max, &n) || n < min)
		return false;
	*text = str_from(*text, count);
	*ret = (unsigned)n;
	return true;
}

static bool mark(struct str *text, char c)
{
	if (!text->len || text->ptr[0] != c)
		return false;
	*text = str_from(*text, 1);
	return true;
}

static unsigned days_of(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool date(struct str *text)
{
	unsigned year, month, day;
	return digits(text, 4, 1970, 9998, &year) && mark(text, '-') &&
	       digits(text, 2, 1, 12, &month) && mark(text, '-') &&
	       digits(text, 2, 1, days_of(year, month), &day);
}

static bool zone(struct str *text)
{
	unsigned n;
	if (!text->len || mark(text, 'Z') || mark(text, 'z'))
		return text->len == 0;
	if (!mark(text, '+') && !mark(text, '-'))
		return false;
	if (!digits(text, 2, 0, 14, &n))
		return false;
	mark(text, ':');
	return digits(text, 2, 0, 59, &n) && text->len == 0;
}

static bool fraction(struct str *text)
{
	size_t len = 0;
	if (!mark(text, '.'))
		return true;
	while (len < text->len && len < 9 && text->ptr[len] >= '0' && text->ptr[len] <= '9')
		len++;
	*text = str_from(*text, len);
	return len > 0;
}

static bool time_of_day(struct str *text)
{
	unsigned n;
	if (!digits(text, 2, 0, 23, &n) || !mark(text, ':') || !digits(text, 2, 0, 59, &n))
		return false;
	if (mark(text, ':') && (!digits(text, 2, 0, 59, &n) || !fraction(text)))
		return false;
	mark(text, ' ');
	if (str_eq(*text, STR("UTC")))
		*text = str_from(*text, 3);
	return zone(text);
}

/* The session's time zone is UTC: that is what a time without a zone means. */
bool import_time_read(struct str text, struct buf *out)
{
	char rfc[CLOCK_RFC3339_MAX];
	struct str rest = text;
	uint64_t seconds;
	if (str_u64(text, EPOCH_MAX, &seconds)) {
		if (seconds < EPOCH_MIN)
			return false;
		size_t len = clock_rfc3339((int64_t)seconds * 1000000, rfc);
		buf_add(out, rfc, len);
		return true;
	}
	if (!date(&rest))
		return false;
	if (rest.len && ((!mark(&rest, 'T') && !mark(&rest, ' ')) || !time_of_day(&rest)))
		return false;
	buf_adds(out, text);
	return true;
}
