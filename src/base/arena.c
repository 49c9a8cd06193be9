#include "base/arena.h"

#include <assert.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ALIGN     16
#define BLOCK_MAX ((size_t)1 << 20) /* blocks double up to this */

struct block {
	struct block *older;
	size_t size, used;
	_Alignas(ALIGN) char data[];
};

struct defer {
	struct defer *older;
	void (*fn)(void *);
	void *obj;
};

struct arena {
	struct block *first, *newest;
	struct defer *defers;
	size_t next_size, used;
};

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "such-market: out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	abort();
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

char *mem_strdup(const char *z)
{
	size_t size = strlen(z) + 1;

	return memcpy(mem_grow(NULL, size), z, size);
}

static size_t round_up(size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		out_of_memory();
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct block *block_new(size_t size, struct block *older)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory();
	b = mem_grow(NULL, sizeof(*b) + size);
	b->older = older;
	b->size = size;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

struct arena *arena_new(size_t first_block)
{
	struct arena *a = mem_alloc(sizeof(*a));

	assert(first_block > 0);
	first_block = round_up(first_block);
	a->first = a->newest = block_new(first_block, NULL);
	a->next_size = first_block;
	return a;
}

/* A deferred function may allocate and even defer again: the list is walked until it is empty.
 */
static void run_defers(struct arena *a)
{
	while (a->defers) {
		struct defer *d = a->defers;

		a->defers = d->older;
		d->fn(d->obj);
	}
}

void arena_reset(struct arena *a)
{
	run_defers(a);
	while (a->newest != a->first) {
		struct block *b = a->newest;

		a->newest = b->older;
		free(b);
	}
	a->first->used = 0;
	ASAN_POISON_MEMORY_REGION(a->first->data, a->first->size);
	a->next_size = a->first->size;
	a->used = 0;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

static void add_block(struct arena *a, size_t size)
{
	if (a->next_size < BLOCK_MAX)
		a->next_size *= 2;
	a->newest = block_new(size > a->next_size ? size : a->next_size, a->newest);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = round_up(size);
	void *p;

	if (need > a->newest->size - a->newest->used)
		add_block(a, need);
	p = a->newest->data + a->newest->used;
	a->newest->used += need;
	a->used += need;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return p;
}

bool arena_extend(struct arena *a, const void *p, size_t old_size, size_t size)
{
	struct block *b = a->newest;
	size_t had = round_up(old_size);
	size_t more;

	assert(size >= old_size);
	if (!p || (const char *)p + had != b->data + b->used || size > b->size)
		return false;
	more = round_up(size) - had;
	if (more > b->size - b->used)
		return false;
	b->used += more;
	a->used += more;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return true;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p;

	if (!s.ptr)
		return STR_NONE;
	p = arena_alloc(a, s.len);
	return (struct str){ memcpy(p, s.ptr, s.len), s.len };
}

char *arena_strz(struct arena *a, struct str s)
{
	char *z = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(z, s.ptr, s.len);
	z[s.len] = '\0';
	return z;
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args, again;
	char *z;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	assert(len >= 0);
	z = arena_alloc(a, (size_t)len + 1);
	vsnprintf(z, (size_t)len + 1, fmt, again);
	va_end(again);
	return (struct str){ z, (size_t)len };
}

void arena_defer(struct arena *a, void (*fn)(void *), void *obj)
{
	struct defer *d = arena_alloc(a, sizeof(*d));

	*d = (struct defer){ a->defers, fn, obj };
	a->defers = d;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
