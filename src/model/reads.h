/* The read models: one row of reads.def each.  Nouns fill them, read_through() gets them. */
#ifndef MODEL_READS_H
#define MODEL_READS_H

#include "base/answer.h"
#include "base/hex.h"
#include "base/rc.h"
#include "base/u256.h"
#include "cache/cache.h"

struct env;
struct pg;
struct pg_result;

/* Arguments of reads of one token; those of a collection are its address, those of a user the
 * fid (uint64_t), those of lists the list's query. */
struct token_args {
	struct address contract;
	struct u256 token;
};

enum read {
#define READ(name, tier, filler, key, tags, stored, words) READ_##name,
#include "model/reads.def"
	READ_COUNT
};
extern const struct read_model reads[READ_COUNT];
extern const char *const read_names[READ_COUNT];

#define READ(name, tier, filler, key, tags, stored, words)                                     \
	enum rc filler(void *ctx, const void *args, struct answer *ret);
#include "model/reads.def"

/* args must be complete: no padding of theirs is looked at. */
enum rc read_through(struct env *env, enum read read, const void *args, struct answer *ret);

/* cache_set_replicas: the statements of a filler whose ctx is this env go to pg. */
void reads_ask(void *ctx, struct pg *pg);

/* What fillers add: the tokens (with their collections) and the collections of rows 0 … n-1. */
void tag_tokens(struct answer *answer, const struct pg_result *rows, int n);
void tag_collections(struct answer *answer, const struct pg_result *rows, int n, int col);
void tag_wallets(struct answer *answer, const struct pg_result *rows, int n, int col);

#endif
