/* The relay of a machine: poll, head, events, epoch, lease; see src/jobs/relay.c. */
#include "proof/protocol.h"

#define WHO "relay of machine"

/* Events it has not applied: visible now, not visible at the poll before.  A transaction that
 * was running then and committed since is among them, whatever its number. */
static uint8_t new_events(const struct state *s, int m, const struct snapshot *snap)
{
	uint8_t events = snap->committed & ~s->gone & ~s->m[m].prev;

	if (is(M_cursor_max)) {
		events = 0;
		for (int w = 0; w < cf->writers; w++)
			if ((snap->committed >> w & 1) && s->xid[w] > s->m[m].cursor)
				events |= 1 << w;
	}
	return events;
}

/* Nobody knows which events it missed: it lost its place, the server is another, or some were
 * deleted before it saw them. */
static bool has_gap(const struct state *s, int m)
{
	const struct machine *at = &s->m[m];

	return at->history != history_of(s->epoch) || (s->pruned && (s->gone & ~at->prev));
}

/* Where epochs and leases last for ever a poll without events changes nothing. */
#define NEWS_IN_ANY_POLL (F_HISTORIES | F_POISON | F_PAUSE | F_REBOOT | F_RELAY_DEATH | F_PRUNE)

static void poll(const struct state *s, int m)
{
	struct snapshot snap = snapshot_primary(s);
	const struct machine *at = &s->m[m];
	bool gap = has_gap(s, m);
	uint8_t events = new_events(s, m, &snap);

	if (gap)
		events = is(M_boot_blind) ? 0 : snap.committed & ~s->gone;
	if (!events && !(s->acked & ~at->must) && !with(NEWS_IN_ANY_POLL))
		return;
	STEP(WHO, m, "polls", {
		n.m[m].poll.at = RELAY_POLLED;
		n.m[m].poll.seen = snap.committed;
		n.m[m].poll.events = events;
		n.m[m].poll.gap = gap;
		n.m[m].poll.pruned = n.pruned;
		n.m[m].poll.epoch = n.epoch;
		n.m[m].poll.acked = n.acked;
		n.m[m].poll.lost = n.lost;
		n.m[m].poll.era_same = 1;
	});
}

static void drop_poll(struct state *n, int m)
{
	n->m[m].poll.at = RELAY_IDLE;
}

/*
 * Copies of this machine are void, and all events that are kept are loaded.  What other tiers
 * hold is judged by its label: above the slot it contains every event that is kept, above the
 * floor every one that is not.
 */
static void start_over(struct state *n, int m)
{
	struct machine *at = &n->m[m];
	uint8_t era_same = at->poll.era_same; /* but for what comes now */

	if (!is(M_start_over_keeps)) {
		raise_era(n, m);
		at->epoch = 0;
	}
	at->floor = at->poll.pruned && !is(M_no_floor) ? at->poll.pruned - 1 : 0;
	at->lease = 0;
	at->poll.era_same = era_same;
}

static void read_head(struct state *n, int m)
{
	if (n->m[m].poll.gap)
		start_over(n, m);
	if (is(M_named_early))
		name_epoch(n, m);
	n->m[m].poll.at = RELAY_HEADED;
}

/* False: one of them cannot be applied.  What it meant is not known, so all is void. */
static bool apply(struct state *n, int m)
{
	bool sound = true;

	for (int w = 0; w < cf->writers; w++) {
		if (!(n->m[m].poll.events >> w & 1))
			continue;
		if (!cf->writer_tags[w] && !(n->parked >> w & 1) && !is(M_poison_skipped)) {
			void_all(n, m);
			sound = false;
		}
		if (!is(M_relay_no_xid))
			raise_xid(n, m, cf->writer_tags[w], n->xid[w]);
		if (!is(M_relay_no_gen))
			raise_gen(n, m, cf->writer_tags[w]);
		n->m[m].cursor = max8(n->m[m].cursor, n->xid[w]);
	}
	return sound;
}

/* What was acknowledged before the poll began is known here now: that is X.  Only now its epoch
 * is named: an event that cannot be applied would have come too late.  The lease counts from
 * the beginning too, so a poll that began T ago brings none. */
static void conclude(struct state *n, int m)
{
	struct machine *at = &n->m[m];

	at->prev = at->poll.seen;
	at->history = history_of(at->poll.epoch);
	if (!is(M_named_early) && !name_epoch(n, m)) {
		drop_poll(n, m);
		return;
	}
	at->must |= at->poll.acked;
	at->forbid |= at->poll.lost;
	if (!at->poll.late || is(M_lease_at_end))
		at->lease = 1;
	drop_poll(n, m);
}

static void apply_all(struct state *n, int m)
{
	if (apply(n, m))
		conclude(n, m);
	else
		n->m[m].poll.at = RELAY_PARK;
}

/* The counter before any gen, as writers do. */
static void count_and_apply(const struct state *s, int m)
{
	bool swapped = is(M_relay_counts_after);

	if (!with(F_FOUND_TAG))
		STEP(WHO, m, "applies the events", { apply_all(&n, m); });
	else if (s->m[m].poll.at == RELAY_HEADED)
		STEP(WHO, m, swapped ? "raises slots" : "raises the write counter", {
			if (swapped)
				apply(&n, m);
			else if (n.m[m].poll.events)
				count_write(&n, m);
			n.m[m].poll.at = RELAY_COUNTED;
		});
	else
		STEP(WHO, m, swapped ? "raises the write counter" : "applies the events", {
			if (swapped) {
				count_write(&n, m);
				conclude(&n, m);
			} else {
				apply_all(&n, m);
			}
		});
}

void relay(const struct state *s, int m)
{
	switch (s->m[m].poll.at) {
	case RELAY_IDLE:
		poll(s, m);
		break;
	case RELAY_POLLED:
		STEP(WHO, m, "reads the head of its poll", {
			read_head(&n, m);
			if (!with(NEWS_IN_ANY_POLL | F_FOUND_TAG))
				apply_all(&n, m);
		});
		break;
	case RELAY_HEADED:
	case RELAY_COUNTED:
		count_and_apply(s, m);
		break;
	case RELAY_PARK:
		STEP(WHO, m, "parks the event, clears all", {
			n.parked |= n.m[m].poll.events;
			pg_clear(&n);
			drop_poll(&n, m);
		});
		break;
	}
}
