/*
 * Names of the cells:
 *
 *	requests, errors, events      latency:<upper bound in seconds, or +Inf>, latency:ns
 *	route:<method> <path>:<class> time:<method> <path>     of "other": no such route
 *	read:<model>:<tier>:<outcome>
 */
#include <stdio.h>
#include "base/buf.h"
#include "base/scope.h"
#include "base/tally.h"

#define CELL(field) (offsetof(struct tally, field) / sizeof(uint64_t))
#define NONE        TALLY_CELLS

/* The first cells. */
static const char *const plain_names[] = { [CELL(requests)] = "requests",
					   [CELL(errors)] = "errors",
					   [CELL(events)] = "events" };
_Static_assert(CELL(route) == COUNT_OF(plain_names), "each has a name");

/* "" for a row that no table has. */
static const char *route_name(const struct tally_names *names, size_t route)
{
	if (route == TALLY_OTHER)
		return "other";
	return route < names->routes ? names->route[route] : "";
}

static void bucket_name(size_t bucket, char *ret, size_t size)
{
	if (bucket == HISTOGRAM_BUCKETS)
		snprintf(ret, size, "ns");
	else if (bucket == HISTOGRAM_BUCKETS - 1)
		snprintf(ret, size, "+Inf");
	else
		snprintf(ret, size, "%g", (double)histogram_bounds_ns[bucket] / 1e9);
}

static bool route_field(const struct tally_names *names, size_t i, struct buf *out)
{
	const char *name = route_name(names, i / TALLY_CLASSES);

	if (*name)
		buf_addf(out, "route:%s:%s", name, tally_classes[i % TALLY_CLASSES]);
	return *name;
}

static bool time_field(const struct tally_names *names, size_t i, struct buf *out)
{
	const char *name = route_name(names, i);

	if (*name)
		buf_addf(out, "time:%s", name);
	return *name;
}

static bool latency_field(size_t i, struct buf *out)
{
	char name[32];

	bucket_name(i, name, sizeof(name));
	buf_addf(out, "latency:%s", name);
	return true;
}

static bool read_field(const struct tally_names *names, size_t i, struct buf *out)
{
	const struct tally_outcome_row *row = &tally_outcomes[i % TALLY_OUTCOMES];
	size_t read = i / TALLY_OUTCOMES;

	if (read >= names->reads)
		return false;
	buf_addf(out, "read:%s:%s:%s", names->read[read], row->tier, row->outcome);
	return true;
}

bool tally_field(const struct tally_names *names, size_t cell, struct buf *out)
{
	if (cell >= CELL(read))
		return read_field(names, cell - CELL(read), out);
	if (cell >= CELL(latency))
		return latency_field(cell - CELL(latency), out);
	if (cell >= CELL(route_ns))
		return time_field(names, cell - CELL(route_ns), out);
	if (cell >= CELL(route))
		return route_field(names, cell - CELL(route), out);
	buf_adds(out, str_of(plain_names[cell]));
	return true;
}

/* TALLY_ROUTES: none of ours. */
static size_t find_route(const struct tally_names *names, struct str name)
{
	if (str_eq(name, STR("other")))
		return TALLY_OTHER;
	for (size_t i = 0; i < names->routes; i++)
		if (str_eqz(name, names->route[i]))
			return i;
	return TALLY_ROUTES;
}

static size_t route_cell(const struct tally_names *names, struct str text)
{
	if (text.len < 4 || text.ptr[text.len - 4] != ':')
		return NONE;
	size_t route = find_route(names, (struct str){ text.ptr, text.len - 4 });

	for (size_t c = 0; route < TALLY_ROUTES && c < TALLY_CLASSES; c++)
		if (str_eqz(str_from(text, text.len - 3), tally_classes[c]))
			return CELL(route) + route * TALLY_CLASSES + c;
	return NONE;
}

static size_t time_cell(const struct tally_names *names, struct str name)
{
	size_t route = find_route(names, name);

	return route < TALLY_ROUTES ? CELL(route_ns) + route : NONE;
}

static size_t latency_cell(struct str bound)
{
	char name[32];

	for (size_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		bucket_name(i, name, sizeof(name));
		if (str_eqz(bound, name))
			return CELL(latency) + i;
	}
	return NONE;
}

static size_t read_cell(const struct tally_names *names, struct str text)
{
	struct str model = str_cut(&text, ':'), tier = str_cut(&text, ':');

	for (size_t r = 0; r < names->reads; r++)
		for (size_t o = 0; str_eqz(model, names->read[r]) && o < TALLY_OUTCOMES; o++)
			if (str_eqz(tier, tally_outcomes[o].tier) &&
			    str_eqz(text, tally_outcomes[o].outcome))
				return CELL(read) + r * TALLY_OUTCOMES + o;
	return NONE;
}

size_t tally_cell(const struct tally_names *names, struct str field)
{
	struct str kind = str_cut(&field, ':');

	if (str_eq(kind, STR("route")))
		return route_cell(names, field);
	if (str_eq(kind, STR("time")))
		return time_cell(names, field);
	if (str_eq(kind, STR("latency")))
		return latency_cell(field);
	if (str_eq(kind, STR("read")))
		return read_cell(names, field);
	if (field.ptr)
		return NONE;
	for (size_t i = 0; i < COUNT_OF(plain_names); i++)
		if (str_eqz(kind, plain_names[i]))
			return i;
	return NONE;
}
