/* What an import tells: a bar while it runs, a summary at its end. */
#include <inttypes.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/scope.h"
#include "jobs/import.h"

#define REDRAW_NS 100000000
#define BAR_WIDTH 30

static const char *const kinds[IMPORT_KINDS] = {
	[IMPORT_COLLECTIONS] = "collections",
	[IMPORT_NFTS] = "nfts",
	[IMPORT_OWNERS] = "owners",
	[IMPORT_TRANSFERS] = "transfers",
	[IMPORT_USERS] = "users",
};

static void write_rejects(struct json *j, const struct import_summary *s)
{
	json_array(j, "rejects");
	for (size_t i = 0; i < s->reject_count; i++) {
		json_object(j, NULL);
		json_strz(j, "file", s->rejects[i].file);
		json_int(j, "line", (int64_t)s->rejects[i].line);
		json_strz(j, "reason", s->rejects[i].reason);
		json_end(j);
	}
	json_end(j);
}

/* A merge that failed may have written more than it could count. */
static bool changed_anything(const struct import_summary *s)
{
	uint64_t n = s->tokens_added + s->traits_changed + s->ranks_changed;

	for (size_t i = 0; i < IMPORT_KINDS; i++)
		n += s->of[i].added + s->of[i].changed + s->of[i].removed;
	return n > 0 || (s->error && s->merging);
}

static void write_json(const struct import_summary *s, FILE *out)
{
	struct buf text;
	struct json j;
	buf_init(&text, NULL, BUF_NO_MAX);
	json_init(&j, &text);
	json_object(&j, NULL);
	json_bool(&j, "ok", s->error == NULL);
	json_strz(&j, "error", s->error);
	json_bool(&j, "changedAnything", changed_anything(s));
	for (size_t i = 0; i < IMPORT_KINDS; i++) {
		json_object(&j, kinds[i]);
		json_int(&j, "read", (int64_t)s->of[i].read);
		json_int(&j, "ignored", (int64_t)s->of[i].ignored);
		json_int(&j, "added", (int64_t)s->of[i].added);
		json_int(&j, "changed", (int64_t)s->of[i].changed);
		json_int(&j, "removed", (int64_t)s->of[i].removed);
		json_end(&j);
	}
	json_int(&j, "tokensAdded", (int64_t)s->tokens_added);
	json_int(&j, "traitsChanged", (int64_t)s->traits_changed);
	json_int(&j, "ranksChanged", (int64_t)s->ranks_changed);
	json_int(&j, "rejected", (int64_t)s->rejected);
	write_rejects(&j, s);
	json_int(&j, "tookMs", s->took_ns / 1000000);
	json_end(&j);
	fprintf(out, STR_FMT "\n", STR_ARG(buf_str(&text)));
	buf_release(&text);
}

/* Control bytes of untrusted text must not reach a terminal. */
static void put_clean(const char *z, FILE *out)
{
	for (; *z; z++)
		fputc((unsigned char)*z < 0x20 || *z == 0x7f ? '?' : *z, out);
}

static void write_text(const struct import_summary *s, FILE *out)
{
	for (size_t i = 0; i < s->reject_count; i++) {
		fprintf(out, "%s:%" PRIu64 ": ", s->rejects[i].file, s->rejects[i].line);
		put_clean(s->rejects[i].reason, out);
		fputc('\n', out);
	}
	if (s->rejected > s->reject_count)
		fprintf(out, "… and %" PRIu64 " more\n", s->rejected - s->reject_count);
	for (size_t i = 0; i < IMPORT_KINDS; i++) {
		const struct import_count *c = &s->of[i];
		if (c->read || c->ignored || c->added)
			fprintf(out,
				"%-12s %" PRIu64 " read, %" PRIu64 " ignored; %" PRIu64
				" added, %" PRIu64 " changed, %" PRIu64 " removed\n",
				kinds[i], c->read, c->ignored, c->added, c->changed,
				c->removed);
	}
	if (s->tokens_added)
		fprintf(out, "%" PRIu64 " tokens without metadata added\n", s->tokens_added);
	if (s->error) {
		fputs("import: ", out);
		put_clean(s->error, out);
		fputc('\n', out);
	}
	if (s->error && s->merging)
		fputs("import: a part was merged; run the same import again to finish it\n",
		      out);
}

void import_summary_write(const struct import_summary *summary, bool json, FILE *out)
{
	if (json)
		write_json(summary, out);
	else
		write_text(summary, out);
	fflush(out);
}

void import_bar_draw(void *ctx, const struct import_progress *p)
{
	struct import_bar *bar = ctx;
	int64_t now = clock_mono_ns();
	char cells[BAR_WIDTH + 1];
	if (bar->drawn && now - bar->drawn_ns < REDRAW_NS)
		return;
	uint64_t done = p->done < p->total ? p->done : p->total;
	size_t full = p->total ? (size_t)(done * BAR_WIDTH / p->total) : 0;
	for (size_t i = 0; i < BAR_WIDTH; i++)
		cells[i] = i < full ? '#' : '.';
	cells[BAR_WIDTH] = '\0';
	fputs("\r\033[K", bar->out);
	put_clean(p->what, bar->out);
	if (p->total)
		fprintf(bar->out, " [%s] %3" PRIu64 " %%", cells, done * 100 / p->total);
	fflush(bar->out);
	bar->drawn = true;
	bar->drawn_ns = now;
}

void import_bar_done(struct import_bar *bar)
{
	if (bar->drawn)
		fputs("\r\033[K", bar->out);
	fflush(bar->out);
	bar->drawn = false;
}
