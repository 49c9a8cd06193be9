#include "api/prom.h"

#include <inttypes.h>
#include "base/buf.h"

void prom_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void prom_family(struct buf *out, enum family family)
{
	const struct family_row *row = &family_rows[family];

	prom_head(out, row->prom, row->type, row->help);
}

/* Backslashes, quotes and newlines are escaped, as the format asks. */
static void add_label(struct buf *out, const struct prom_label *label)
{
	buf_addf(out, "%s=\"", label->name);
	for (size_t i = 0; i < label->value.len; i++) {
		char c = label->value.ptr[i];

		if (c == '\\' || c == '"')
			buf_addc(out, '\\');
		if (c == '\n')
			buf_adds(out, STR("\\n"));
		else
			buf_addc(out, c);
	}
	buf_addc(out, '"');
}

void prom_sample(struct buf *out, enum family family, const struct prom_label *labels, size_t n,
		 double value)
{
	buf_adds(out, str_of(family_rows[family].prom));
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, i ? ',' : '{');
		add_label(out, &labels[i]);
	}
	if (n)
		buf_addc(out, '}');
	buf_addf(out, " %.16g\n", value);
}

void prom_gauge(struct buf *out, enum family family, double value)
{
	prom_family(out, family);
	prom_sample(out, family, PROM_PLAIN, value);
}

void prom_counters(struct buf *out, const struct metric_cells *cells)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct metric_row *row = &counter_rows[i];

		prom_head(out, row->prom, "counter", row->help);
		buf_addf(out, "%s %" PRIu64 "\n", row->prom, cells->counter[i]);
	}
}

static void add_histogram(struct buf *out, const struct metric_row *row,
			  const struct histogram_cells *h)
{
	uint64_t count = 0;

	prom_head(out, row->prom, "histogram", row->help);
	for (int b = 0; b < HISTOGRAM_BUCKETS; b++) {
		count += h->bucket[b];
		if (b < HISTOGRAM_BUCKETS - 1)
			buf_addf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", row->prom,
				 (double)histogram_bounds_ns[b] / 1e9, count);
		else
			buf_addf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->prom, count);
	}
	buf_addf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", row->prom, (double)h->sum_ns / 1e9,
		 row->prom, count);
}

void prom_histograms(struct buf *out, const struct metric_cells *cells)
{
	for (int i = 0; i < HISTOGRAM_COUNT; i++)
		add_histogram(out, &histogram_rows[i], &cells->histogram[i]);
}
