/*
 * A byte stream from a file, a gzip file or standard input ("-"): gzip is told by its magic.
 * Multi-member gzip is one stream.  A cut or damaged gzip is an error, not an end.
 */
#ifndef BASE_GZ_H
#define BASE_GZ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/rc.h"
#include "base/str.h"

struct arena;
struct gz_in;

/* One gzip member, compressed fast (level 1); STR_NONE when that would not make it smaller. */
struct str gz_pack(struct arena *arena, struct str bytes);

/* RC_NOT_FOUND / RC_INVALID; *ret_error is a static text or strerror's. */
enum rc gz_open(const char *path, struct gz_in **ret, const char **ret_error);
/* Bytes read, 0 at the end, -1 on an error (gz_error says which). */
ssize_t gz_read(struct gz_in *in, void *ret, size_t len);
const char *gz_error(const struct gz_in *in);
/* Bytes of the file consumed so far and its size (0 when unknown): for progress. */
uint64_t gz_consumed(const struct gz_in *in);
uint64_t gz_size(const struct gz_in *in);
void gz_close(struct gz_in *in);

#endif
