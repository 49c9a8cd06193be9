/*
 * The walk: breadth first, so that the first violation found is a shortest one.  States are
 * kept whole (a trace leads back to the first), and found again by an open table of their
 * numbers.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "proof/protocol.h"

struct node {
	struct state state;
	uint32_t before;
	uint8_t number;
	const char *who, *how;
};

static struct {
	struct node *node;
	uint32_t count, cap, at;
	uint32_t *table; /* number + 1; 0: free */
	uint32_t mask;
	const char *violation;
	int machine;
	bool used[MACHINES];
} walked;

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		abort();
	return p;
}

static uint32_t hash(const struct state *s)
{
	const uint8_t *p = (const uint8_t *)s;
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < sizeof(*s); i += 8) {
		uint64_t word = 0;

		memcpy(&word, p + i, sizeof(*s) - i < 8 ? sizeof(*s) - i : 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (uint32_t)(h ^ h >> 29);
}

static uint32_t *place_of(const struct state *s)
{
	for (uint32_t i = hash(s) & walked.mask;; i = (i + 1) & walked.mask)
		if (!walked.table[i] ||
		    !memcmp(&walked.node[walked.table[i] - 1].state, s, sizeof(*s)))
			return &walked.table[i];
}

static void resize(void)
{
	walked.cap = walked.cap ? walked.cap * 2 : 1 << 14;
	walked.node = grow(walked.node, walked.cap * sizeof(*walked.node));
	walked.mask = walked.cap * 2 - 1;
	walked.table = grow(walked.table, (walked.mask + 1) * sizeof(*walked.table));
	memset(walked.table, 0, (walked.mask + 1) * sizeof(*walked.table));
	for (uint32_t i = 0; i < walked.count; i++)
		*place_of(&walked.node[i].state) = i + 1;
}

/* What nobody will look at again is the same as nothing, and equal fillers are the same. */
static void simplify(struct state *s)
{
	for (int w = 0; w < WRITERS; w++)
		if (s->w[w].at >= W_GENS)
			s->w[w].epoch = 0;
	for (int m = 0; m < MACHINES; m++) {
		if (!walked.used[m])
			memset(&s->m[m], 0, sizeof(s->m[m]));
		if (s->m[m].poll.at == RELAY_IDLE)
			memset(&s->m[m].poll, 0, sizeof(s->m[m].poll));
		if (!is(M_cursor_max))
			s->m[m].cursor = 0;
	}
	if (!is(M_redis_inv_only))
		s->redis_inv = 0;
	if (cf->readers == 2 && cf->reader_at[0] == cf->reader_at[1] &&
	    memcmp(&s->r[0], &s->r[1], sizeof(s->r[0])) > 0) {
		struct reader r = s->r[0];
		s->r[0] = s->r[1];
		s->r[1] = r;
	}
}

void step(const struct state *next, const char *who, int number, const char *how)
{
	struct state state = *next;
	uint32_t *place;

	simplify(&state);
	if (walked.count == walked.cap)
		resize();
	place = place_of(&state);
	if (*place)
		return;
	walked.node[walked.count] =
		(struct node){ state, walked.at, (uint8_t)number, who, how };
	*place = ++walked.count;
}

void violation(int machine, const char *what)
{
	walked.violation = what;
	walked.machine = machine;
}

static void first_state(struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->next_xid = 1;
	s->epoch = EPOCH_FIRST;
	for (int m = 0; m < MACHINES; m++)
		s->m[m] = (struct machine){ .lease = 1,
					    .epoch = s->epoch,
					    .history = history_of(s->epoch) };
	for (int r = 0; r < cf->readers; r++)
		s->r[r].epoch = s->epoch;
}

static void expand(const struct state *s)
{
	for (int m = 0; m < MACHINES; m++)
		if (walked.used[m])
			judge(s, m);
	for (int w = 0; w < cf->writers; w++)
		writer(s, w);
	for (int r = 0; r < cf->readers; r++)
		reader(s, r);
	for (int m = 0; m < MACHINES; m++)
		if (walked.used[m])
			relay(s, m);
	nemesis(s);
}

enum verdict walk(const struct config *config, size_t states_max)
{
	struct state state;

	cf = config;
	walked.violation = NULL;
	memset(walked.used, 0, sizeof(walked.used));
	for (int r = 0; r < cf->readers; r++)
		walked.used[cf->reader_at[r]] = true;
	walked.count = walked.at = walked.cap = 0;
	resize();
	first_state(&state);
	step(&state, "all", 0, "is still");
	for (; walked.at < walked.count; walked.at++) {
		state = walked.node[walked.at].state;
		expand(&state);
		if (walked.violation)
			return VIOLATED;
		if (walked.count > states_max)
			return UNFINISHED;
	}
	return HOLDS;
}

size_t walk_count(void)
{
	return walked.count;
}

static void print_back(uint32_t i)
{
	const struct node *node = &walked.node[i];

	if (i == 0)
		return;
	print_back(node->before);
	printf("    %s %d %s\n", node->who, node->number, node->how);
}

void walk_print_trace(void)
{
	print_back(walked.at);
	printf("    machine %d %s, and that is too old\n", walked.machine, walked.violation);
}
