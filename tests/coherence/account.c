#include "coherence/account.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include "base/clock.h"
#include "lib/keeper.h"

#define SHOWN 20 /* sins that are told one by one */

struct account *account_new(void)
{
	struct account *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (a == MAP_FAILED)
		keeper_panic("no memory for the account");
	for (int i = 0; i < OBJECTS; i++) {
		a->fact[i][0].fate = FATE_COMMITTED;
		a->fact[i][0].acked_ns = clock_mono_ns();
	}
	return a;
}

const char *object_name(int object)
{
	static char text[32];

#define X(name, objects, what)                                                                 \
	if (object >= FIRST_##name && object <= LAST_##name)                                   \
		snprintf(text, sizeof(text), "%s %d", #name, object - FIRST_##name);
	KINDS(X)
#undef X
	return text;
}

uint32_t account_begin(struct account *a, int object)
{
	uint32_t version = a->latest[object] + 1;

	if (version == VERSIONS)
		return 0;
	a->fact[object][version].fate = FATE_PENDING;
	a->latest[object] = version;
	return version;
}

void account_commit(struct account *a, int object, uint32_t version, int machine)
{
	struct fact *f = &a->fact[object][version];

	f->machine = (uint8_t)(machine + 1);
	f->fate = FATE_COMMITTED;
	f->acked_ns = clock_mono_ns();
	a->writes++;
}

void account_abort(struct account *a, int object, uint32_t version)
{
	a->fact[object][version].fate = FATE_ABORTED;
	a->aborted++;
}

void account_sin(struct account *a, enum sin sin, const char *fmt, ...)
{
	static const char *const texts[] = {
#define X(name, text) #name ": an answer " text,
		SINS(X)
#undef X
	};
	va_list args;
	char text[512];

	a->sins[sin]++;
	if (account_sins(a) > SHOWN)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", texts[sin], text);
}

static void raise_to(_Atomic int64_t *most, int64_t n)
{
	int64_t old = *most;

	while (old < n && !atomic_compare_exchange_weak(most, &old, n))
		;
}

static bool is_calm(const struct account *a, int64_t start_ns)
{
	int64_t since_ns = a->calm_ns;

	return since_ns && start_ns - since_ns > SETTLED_NS && a->late_ns < LATE_NS;
}

/* Against every later version that was acknowledged before it was asked for. */
static void judge_age(struct account *a, const struct reading *r)
{
	int64_t age_ns = 0;
	uint32_t next = 0;

	for (uint32_t v = r->version + 1; v <= a->latest[r->object]; v++) {
		const struct fact *f = &a->fact[r->object][v];
		int64_t acked_ns = f->acked_ns;

		if (!acked_ns || acked_ns >= r->start_ns)
			continue;
		if (f->machine == r->machine + 1)
			account_sin(a, SIN_OWN,
				    "%s, machine %d: version %u, %u was acknowledged %.1f ms "
				    "before: %s",
				    object_name(r->object), r->machine, r->version, v,
				    (double)(r->start_ns - acked_ns) / 1e6, r->what);
		if (r->start_ns - acked_ns > age_ns) {
			age_ns = r->start_ns - acked_ns;
			next = v;
		}
	}
	bool calm = is_calm(a, r->start_ns);
	a->calm += calm;
	raise_to(calm ? &a->oldest_calm_ns : &a->oldest_ns, age_ns);
	enum sin sin = age_ns > T_NS                            ? SIN_LEASE
		       : calm && age_ns > X_NS + 2 * a->late_ns ? SIN_HEALTHY
								: SIN_COUNT;
	if (sin != SIN_COUNT)
		account_sin(
			a, sin,
			"%s, machine %d: version %u, %u was acknowledged %.1f ms before: %s",
			object_name(r->object), r->machine, r->version, next,
			(double)age_ns / 1e6, r->what);
}

void account_judge(struct account *a, const struct reading *r)
{
	struct fact *f = &a->fact[r->object][r->version % VERSIONS];
	enum fate fate = r->version < VERSIONS ? f->fate : FATE_NONE;

	if (fate == FATE_NONE || fate == FATE_ABORTED) {
		account_sin(a, SIN_PHANTOM, "%s, machine %d: version %u: %s",
			    object_name(r->object), r->machine, r->version, r->what);
		return;
	}
	f->seen = true;
	if (!r->flagged)
		judge_age(a, r);
}

void account_close(struct account *a)
{
	for (int i = 0; i < OBJECTS; i++)
		for (uint32_t v = 1; v <= a->latest[i]; v++)
			if (a->fact[i][v].seen && a->fact[i][v].fate != FATE_COMMITTED)
				account_sin(a, SIN_PHANTOM, "%s: version %u was seen",
					    object_name(i), v);
}

uint64_t account_sins(const struct account *a)
{
	uint64_t n = 0;

	for (int i = 0; i < SIN_COUNT; i++)
		n += a->sins[i];
	return n;
}

uint32_t dice(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}
