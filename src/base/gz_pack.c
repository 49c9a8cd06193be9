#include <assert.h>
#include <zlib.h>
#include "base/arena.h"
#include "base/gz.h"

#define GZIP_WINDOW (15 + 16) /* 16: with a gzip head and tail */

struct str gz_pack(struct arena *arena, struct str bytes)
{
	z_stream z = { 0 };
	struct str packed = STR_NONE;

	assert(bytes.len < UINT32_MAX);
	if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return packed;
	char *out = arena_alloc(arena, bytes.len);
	z.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	z.avail_in = (uInt)bytes.len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)bytes.len;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		packed = (struct str){ out, bytes.len - z.avail_out };
	deflateEnd(&z);
	return packed;
}
