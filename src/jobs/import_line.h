/*
 * One line of a file: judged, and written as a row for COPY (text format).  No I/O: tests and
 * fuzzers call these with any bytes.
 */
#ifndef JOBS_IMPORT_LINE_H
#define JOBS_IMPORT_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/hex.h"
#include "base/str.h"
#include "base/u256.h"
#include "jobs/import_csv.h"

struct arena;
struct json_object;
struct marks;

#define IMPORT_LINE_MAX (4u << 20)  /* bytes of a JSON line */
#define IMPORT_CSV_MAX  (64u << 10) /* bytes of a CSV record */
#define IMPORT_DEPTH    32          /* of JSON */

enum line_fate {
	LINE_TAKEN,
	LINE_IGNORED, /* says nothing that is kept */
	LINE_BAD      /* line->reason */
};

struct line {
	struct arena *arena; /* reset after each line */
	uint64_t number;
	struct buf *out; /* gets a row of a taken line; of others it may get a part of one */
	struct marks *marks; /* of the attributes of tokens; other lines have none */
	bool several;        /* set once a token has several attributes of one type */
	const char *reason;
	bool has_contract; /* the collection of the import, when it names one */
	struct address contract;
	int at[16]; /* CSV: where the columns are */
};

/* The description of a collection (META). */
struct import_meta {
	struct address contract;
	const char *token_type; /* static */
	int64_t chain;          /* 0: not told */
	const char *chain_text; /* as told; NULL: not told */
	bool chain_known;       /* chain holds what chain_text means */
	const char *name, *symbol, *description, *image_url, *banner_image_url, *external_url;
	const char *supply; /* decimal */
	bool has_deployer;
	struct address deployer;
	const char *deployed_block;
};

/* false: *ret_why (static or the arena's). */
bool import_meta_read(struct arena *arena, struct str text, struct import_meta *ret,
		      const char **ret_why);
/* ERC721, ERC1155, CRYPTOPUNKS by the first word; else UNKNOWN. */
const char *import_standard(struct str text);

enum line_fate import_nft_line(struct line *line, struct str text);
enum line_fate import_user_line(struct line *line, struct str text);

/* CSV: the header fills line->at. */
bool import_owner_header(struct line *line, const struct csv_row *row);
enum line_fate import_owner_row(struct line *line, const struct csv_row *row);
bool import_transfer_header(struct line *line, const struct csv_row *row);
enum line_fate import_transfer_row(struct line *line, const struct csv_row *row);

/* "2017-06-23", "2017-06-23T10:20:30[.5][Z|+02:00]" (a space for T), or seconds since 1970. */
bool import_time_read(struct str text, struct buf *out);

/* Parts that the files above share. */
enum line_fate line_bad(struct line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* One JSON object without U+0000; NULL: line->reason. */
struct json_object *line_object(struct line *line, struct str text);
/* The first of the members, a list that NULL ends, that is there and not null. */
struct json_object *line_member(const struct json_object *object, const char *const *names);
bool line_token_id(const struct json_object *node, struct u256 *ret);

/* A row: fields in order, then the end. */
void copy_i64(struct buf *out, uint64_t n);
void copy_text(struct buf *out, struct str text); /* ptr NULL: null */
void copy_bytes(struct buf *out, const uint8_t *bytes, size_t len);
void copy_null(struct buf *out);
void copy_end(struct buf *out);

#endif
