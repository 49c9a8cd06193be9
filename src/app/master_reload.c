/* SIGHUP: the new configuration is read and checked before anything of the old one ends. */
#include "app/master.h"

#include "app/notify.h"
#include "app/title.h"
#include "base/clock.h"
#include "base/log.h"

#define DRAIN_GRACE_MS 1000

static void tell_fixed(const char *name)
{
	log_warn("a changed setting needs a restart", LOG_STR("setting", str_of(name)));
}

static void keep_old(struct master *m, const char *why)
{
	log_error("configuration refused; the old one stays", LOG_STR("why", str_of(why)));
	config_free(m->next);
	m->next = NULL;
	notify_ready("serving with the old configuration");
}

void master_reload(struct master *m)
{
	notify_reloading(clock_mono_ns());
	log_info("reload");
	precheck_cancel(&m->check);
	config_free(m->next);
	m->next = config_new();
	if (config_load(m->next, m->source) != RC_OK) {
		keep_old(m, m->next->error);
		return;
	}
	config_fixed_changes(m->boot, m->next, tell_fixed);
	if (!precheck_start(&m->check, m->next))
		keep_old(m, "no process for the check of the database");
}

void master_begin(struct master *m)
{
	int64_t count[PROCESS_ROLES];

	m->config->app.tickers = !m->attached;
	m->config->app.relays = m->config->app.runners = !m->attached && m->map;
	for (int role = 0; role < PROCESS_ROLES; role++)
		memcpy(&count[role], (const char *)&m->config->app + process_rows[role].count,
		       sizeof(count[role]));
	m->settled = false;
	title_set("master (starting)");
	/* A worker ends its drain by itself; the master's end comes later. */
	children_begin(&m->children, count,
		       (m->config->app.drain_ms + DRAIN_GRACE_MS) * 1000000, clock_mono_ns());
}

void master_reload_checked(struct master *m, enum fit fit)
{
	if (fit == FIT_BAD) {
		keep_old(m, m->check.text);
		return;
	}
	if (fit == FIT_AWAY)
		log_warn("database away; serving without it",
			 LOG_STR("why", str_of(m->check.text)));
	if (log_open(&m->next->log) != RC_OK)
		log_error("the new log cannot be opened; the old one stays");
	if (m->config != m->boot)
		config_free(m->config);
	m->config = m->next;
	m->next = NULL;
	master_begin(m);
}
