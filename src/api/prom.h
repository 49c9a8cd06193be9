/* Prometheus' text format 0.0.4: each metric described once, then its samples. */
#ifndef API_PROM_H
#define API_PROM_H

#include "base/metric.h"
#include "base/str.h"

struct buf;
struct env;

#define PROM_LABELS 4

struct prom_label {
	const char *name;
	struct str value; /* escaped as the format asks */
};

void prom_head(struct buf *out, const char *name, const char *type, const char *help);
void prom_family(struct buf *out, enum family family); /* its head */
/* A sample of it.  Whole numbers are told exactly up to 2^53. */
void prom_sample(struct buf *out, enum family family, const struct prom_label *labels, size_t n,
		 double value);
#define PROM_LABELS_OF(...)                                                                    \
	(const struct prom_label[]){ __VA_ARGS__ },                                            \
		sizeof((const struct prom_label[]){ __VA_ARGS__ }) / sizeof(struct prom_label)
#define PROM_PLAIN NULL, 0
/* Head and one sample without labels. */
void prom_gauge(struct buf *out, enum family family, double value);
void prom_counters(struct buf *out, const struct metric_cells *cells);
void prom_histograms(struct buf *out, const struct metric_cells *cells);

/* metrics_machine.c: what the board says of processes, dependencies, events and alerts. */
void metrics_machine(struct buf *out, const struct env *env);

#endif
