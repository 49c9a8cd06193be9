#include "jobs/import_mark.h"
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "jobs/import_line.h"

#define SLOTS      (1u << 16)        /* a power of two */
#define MOST       (SLOTS / 2)       /* attributes */
#define MOST_BYTES (8 * 1024 * 1024) /* of their texts */

struct mark {
	struct str attribute;
	uint64_t number; /* 0: a free slot */
};

struct marks {
	struct arena *arena; /* the texts */
	uint8_t key[16];
	uint64_t last;   /* number given */
	uint64_t before; /* the last number that was written out */
	struct mark slots[SLOTS];
};

struct marks *marks_new(void)
{
	struct marks *m = mem_alloc(sizeof(*m));
	m->arena = arena_new(64 * 1024);
	hash_random(m->key, sizeof(m->key));
	return m;
}

void marks_free(struct marks *marks)
{
	if (marks)
		arena_free(marks->arena);
	free(marks);
}

uint64_t marks_of(struct marks *marks, struct str attribute)
{
	uint64_t at = hash_sip(marks->key, attribute.ptr, attribute.len);
	struct mark *m = &marks->slots[at % SLOTS];
	while (m->number && !str_eq(m->attribute, attribute))
		m = &marks->slots[++at % SLOTS];
	if (!m->number) {
		m->attribute = arena_dup(marks->arena, attribute);
		m->number = ++marks->last;
	}
	return m->number;
}

/* One line may still add its attributes when this says no. */
bool marks_full(const struct marks *marks)
{
	return marks->last - marks->before >= MOST || arena_used(marks->arena) >= MOST_BYTES;
}

void marks_write(struct marks *marks, struct buf *out)
{
	for (struct mark *m = marks->slots; m < marks->slots + SLOTS; m++) {
		if (!m->number)
			continue;
		copy_i64(out, m->number);
		copy_text(out, m->attribute);
		copy_end(out);
	}
	memset(marks->slots, 0, sizeof(marks->slots));
	arena_reset(marks->arena);
	marks->before = marks->last;
}
