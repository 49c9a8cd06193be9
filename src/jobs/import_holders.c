/* The holders of a snapshot: sorted, each of a token once, and on their way to stage tables. */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include "jobs/import_holder.h"
#include "jobs/import_run.h"
#include "jobs/import_spool.h"
#include "net/pg.h"

#define HOLDERS_MEMORY (64u << 20)
#define TOKENS_MEMORY  (32u << 20)
#define TWICE_MEMORY   (4u << 20)
#define BATCH_BYTES    (256u * 1024)

static enum rc disk_failed(struct import *im, const struct spool *spool)
{
	im->summary->error = spool_error(spool);
	return RC_INTERNAL;
}

static bool is_token(struct str bytes, const struct holder *h)
{
	size_t size = packed_size(h->token);
	return bytes.len == size && memcmp(bytes.ptr, h->token, size) == 0;
}

/* A file in the order of tokens tells each of them once. */
void import_holder_add(struct import *im, struct str record)
{
	struct holder h = holder_read(record);
	if (!im->holders) {
		im->holders = spool_new(HOLDERS_MEMORY);
		im->tokens = spool_new(TOKENS_MEMORY);
	}
	spool_add(im->holders, record.ptr, record.len);
	if (is_token((struct str){ im->last_token, im->last_token_len }, &h))
		return;
	im->last_token_len = packed_size(h.token);
	memcpy(im->last_token, h.token, im->last_token_len);
	spool_add(im->tokens, h.token, im->last_token_len);
}

/* A line that says what an earlier one said: its number, the earlier one's, token and wallet.
 */
static void add_twice(struct spool *twice, const struct holder *h, uint64_t first)
{
	uint8_t record[SPOOL_RECORD_MAX];
	uint64_t lines[2] = { htobe64(h->line), htobe64(first) };
	size_t token = packed_size(h->token);
	memcpy(record, lines, sizeof(lines));
	memcpy(record + sizeof(lines), h->owner, sizeof(struct address));
	memcpy(record + sizeof(lines) + sizeof(struct address), h->token, token);
	spool_add(twice, record, sizeof(lines) + sizeof(struct address) + token);
}

static bool reject_twice(struct import *im, const uint8_t *record)
{
	char reason[256], wallet[ADDRESS_TEXT];
	struct address owner;
	struct u256 token;
	uint64_t lines[2];
	memcpy(lines, record, sizeof(lines));
	memcpy(owner.byte, record + sizeof(lines), sizeof(owner.byte));
	u256_unpack(record + sizeof(lines) + sizeof(owner.byte), &token);
	address_write(&owner, wallet);
	snprintf(reason, sizeof(reason), "token %s of %s is listed already on line %llu",
		 token.dec, wallet, (unsigned long long)be64toh(lines[1]));
	return import_reject(im, im->options->owners, be64toh(lines[0]), reason);
}

/* The next holder that no earlier line spoke of; such lines go to twice, unless NULL. */
static bool walk(struct import *im, struct spool *twice, struct holder *ret)
{
	struct str record, last = { im->last_holder, im->last_holder_len };
	while (spool_next(im->holders, &record)) {
		struct holder h = holder_read(record), first;
		if (last.len)
			first = holder_read(last);
		if (!last.len || !holder_same(&h, &first)) {
			memcpy(im->last_holder, record.ptr, record.len);
			im->last_holder_len = record.len;
			*ret = holder_read((struct str){ im->last_holder, record.len });
			return true;
		}
		if (twice)
			add_twice(twice, &h, first.line);
	}
	return false;
}

bool import_holder_next(struct import *im, struct holder *ret)
{
	while (walk(im, NULL, ret)) {
		if (holder_holds(ret))
			return true;
	}
	return false;
}

enum rc import_holders_checked(struct import *im)
{
	return spool_error(im->holders) ? disk_failed(im, im->holders) : RC_OK;
}

static void rewind_holders(struct import *im)
{
	spool_rewind(im->holders);
	im->last_holder_len = 0;
}

static enum rc look_through(struct import *im, struct spool *twice)
{
	struct holder h;
	if (spool_sort(im->holders) != RC_OK)
		return disk_failed(im, im->holders);
	while (walk(im, twice, &h))
		im->holding += holder_holds(&h);
	enum rc rc = import_holders_checked(im);
	if (rc == RC_OK)
		rewind_holders(im);
	return rc;
}

/* A snapshot that lists a holder of a token twice contradicts itself. */
static enum rc judge(struct import *im, struct spool *twice)
{
	struct str record;
	enum rc rc = look_through(im, twice);
	if (rc != RC_OK)
		return rc;
	if (spool_sort(twice) != RC_OK)
		return disk_failed(im, twice);
	im->summary->of[IMPORT_OWNERS].read -= spool_count(twice);
	while (spool_next(twice, &record)) {
		if (!reject_twice(im, (const uint8_t *)record.ptr))
			break;
	}
	return spool_error(twice) ? disk_failed(im, twice) : RC_OK;
}

enum rc import_holders_judge(struct import *im)
{
	if (!im->holders)
		return RC_OK;
	struct spool *twice = spool_new(TWICE_MEMORY);
	enum rc rc = judge(im, twice);
	spool_free(twice);
	return rc;
}

/* One COPY of a stage table: rows are added to a buffer, which is put when it is full. */
struct feed {
	struct import *im;
	struct buf out;
};

static enum rc put(struct feed *feed, size_t least)
{
	if (feed->out.len < least)
		return RC_OK;
	enum rc rc = pg_copy_put(feed->im->pg, buf_str(&feed->out));
	buf_clear(&feed->out);
	return rc;
}

static enum rc feed_tokens(struct feed *feed)
{
	struct str token, last = { feed->im->last_token, 0 };
	enum rc rc = RC_OK;
	while (rc == RC_OK && spool_next(feed->im->tokens, &token)) {
		if (str_eq(token, last))
			continue;
		memcpy(feed->im->last_token, token.ptr, token.len);
		last.len = token.len;
		row_begin(&feed->out, 1);
		row_number(&feed->out, (const uint8_t *)token.ptr);
		rc = put(feed, BATCH_BYTES);
	}
	return rc;
}

static enum rc feed_holders(struct feed *feed)
{
	struct holder h;
	enum rc rc = RC_OK;
	while (rc == RC_OK && import_holder_next(feed->im, &h)) {
		holder_row(&feed->out, &feed->im->meta.contract, &h);
		rc = put(feed, BATCH_BYTES);
	}
	return rc;
}

static enum rc feed_copy(struct feed *feed, enum import_sql copy,
			 enum rc (*rows)(struct feed *feed))
{
	struct pg *pg = feed->im->pg;
	int64_t count;
	enum rc rc = pg_copy_begin(pg, import_sql_text(copy));
	if (rc != RC_OK)
		return rc;
	rows_begin(&feed->out);
	rc = rows(feed);
	rows_end(&feed->out);
	if (rc == RC_OK)
		rc = put(feed, 0);
	return rc == RC_OK ? pg_copy_end(pg, NULL, &count) : rc;
}

static enum rc feed_stage(struct import *im, enum import_sql copy,
			  enum rc (*rows)(struct feed *feed))
{
	struct feed feed = { .im = im };
	buf_init(&feed.out, NULL, BUF_NO_MAX);
	enum rc rc = feed_copy(&feed, copy, rows);
	buf_release(&feed.out);
	return rc == RC_OK ? RC_OK : import_broken(im, rc);
}

enum rc import_stage_tokens(struct import *im)
{
	if (!im->tokens)
		return RC_OK;
	if (spool_sort(im->tokens) != RC_OK)
		return disk_failed(im, im->tokens);
	enum rc rc = feed_stage(im, SQL_import_token_copy, feed_tokens);
	if (rc == RC_OK && spool_error(im->tokens))
		rc = disk_failed(im, im->tokens);
	spool_free(im->tokens);
	im->tokens = NULL;
	return rc;
}

enum rc import_stage_holders(struct import *im)
{
	if (!im->holders)
		return RC_OK;
	enum rc rc = feed_stage(im, SQL_import_owner_copy, feed_holders);
	return rc == RC_OK ? import_holders_checked(im) : rc;
}
