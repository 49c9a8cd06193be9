/*
 * The shortest way to a page.  Without filters the order's index is walked from the cursor. One
 * trait value, several, or an owner in token order have ordered indexes too.  Any other mixture
 * is gathered through the filter that matches least and sorted, as long as that is a bounded
 * number of tokens; beyond that the order's index is walked and each token held against the
 * filters: then they match so much that a page is found soon.
 */
#include "model/nftpage.h"

#include <inttypes.h>
#include "base/arena.h"
#include "model/env.h"
#include "model/search.h"
#include "model/traitset.h"

#define GATHER_MAX NFT_PAGE_ROWS
#define GATHER_FEW 1000   /* so few that nothing need be known about the search */
#define LOOK_MAX   100000 /* the totals' statements look at so many tokens */
#define LIST_MAX   ((size_t)1 << 20)

/* Before the first row of any order. */
#define FIRST_KEY   "-62135596800000000" /* year 1 in microseconds */
#define LAST_KEY    "253402300800000000" /* year 10000 */
#define FIRST_TOKEN "-1"
#define LAST_TOKEN                                                                             \
	"115792089237316195423570985008687907853269984665640564039457584007913129639936"

struct finder {
	struct env *env;
	const struct nft_query *q;
	bool desc;
	const char *token, *key, *offset, *rows; /* statement parameters */
	struct search search;

	int64_t tokens;       /* of the collection */
	int64_t owner_tokens; /* of the owner, when one is asked for */
	struct trait_set traits;
};

static const enum stmt page_stmt[NFT_SORTS][2] = {
	{ STMT_nft_page_token_asc, STMT_nft_page_token_desc },
	{ STMT_nft_page_rarity_asc, STMT_nft_page_rarity_desc },
	{ STMT_nft_page_updated_asc, STMT_nft_page_updated_desc },
};

static const enum stmt walk_stmt[NFT_SORTS][2] = {
	{ STMT_nft_walk_token_asc, STMT_nft_walk_token_desc },
	{ STMT_nft_walk_rarity_asc, STMT_nft_walk_rarity_desc },
	{ STMT_nft_walk_updated_asc, STMT_nft_walk_updated_desc },
};

static void begin(struct finder *f, struct env *env, const struct nft_query *q)
{
	const struct page *page = &q->page;

	f->env = env;
	f->q = q;
	f->desc = q->descending;
	f->key = f->desc ? LAST_KEY : FIRST_KEY;
	f->token = f->desc ? LAST_TOKEN : FIRST_TOKEN;
	if (page->after) {
		f->key = page->key[0].ptr;
		f->token = page->key[1].ptr;
	}
	f->offset = page_int(env->arena, page_offset(page)).ptr;
	f->rows = page_int(env->arena, page->limit + 1).ptr;
	f->search = search_read(env->arena, q->search);
}

static enum rc take(struct nft_page *page, struct pg_result rows, int64_t total, bool exact)
{
	if (rows.rc != RC_OK) {
		pg_result_done(&rows);
		return rows.rc;
	}
	*page = (struct nft_page){ rows, total, exact };
	return RC_OK;
}

/* The key goes last, and only where the order has one. */
static enum rc find_all(struct finder *f, struct nft_page *ret)
{
	const struct nft_query *q = f->q;
	const struct pg_arg args[] = {
		pg_address(&q->contract), pg_text(f->token), pg_text(f->offset),
		pg_text(f->rows),         pg_text(f->key),
	};
	struct pg_result rows = pg_run(f->env->pg, page_stmt[q->sort][f->desc], args,
				       q->sort == NFT_BY_TOKEN ? 4 : 5);

	if (rows.rc == RC_OK && rows.count == 0) {
		pg_result_done(&rows);
		return RC_NOT_FOUND;
	}
	return take(ret, rows, rows.rc == RC_OK ? pg_i64(&rows, 0, NFT_TOTAL) : 0, true);
}

static void read_filters(struct finder *f, const struct pg_result *rows)
{
	f->tokens = pg_i64(rows, 0, 0);
	f->owner_tokens = pg_i64(rows, 0, 1);
	for (int i = 0; i < rows->count; i++)
		if (!pg_is_null(rows, i, 3))
			trait_set_add(&f->traits, (size_t)pg_i64(rows, i, 2) - 1,
				      pg_i64(rows, i, 3), pg_i64(rows, i, 4));
	trait_set_done(&f->traits);
}

/* Asks what the filters come to; RC_NOT_FOUND: no such collection. */
static enum rc ask_filters(struct finder *f)
{
	const struct nft_query *q = f->q;
	struct arena *arena = f->env->arena;
	struct buf types, values;

	buf_init(&types, arena, LIST_MAX);
	buf_init(&values, arena, LIST_MAX);
	for (size_t i = 0; i < q->trait_count; i++) {
		array_add(&types, q->traits[i].type);
		array_add(&values, q->traits[i].value);
	}
	trait_set_init(&f->traits, arena, q->traits, q->trait_count);

	SCOPED(pg_result_done)
	struct pg_result rows =
		pg_run(f->env->pg, STMT_nft_filters,
		       PG_ARGS(pg_address(&q->contract),
			       q->by_owner ? pg_address(&q->owner) : pg_text(NULL),
			       pg_text(array_end(&types)), pg_text(array_end(&values))));
	if (rows.rc != RC_OK)
		return rows.rc;
	if (rows.count == 0)
		return RC_NOT_FOUND;
	read_filters(f, &rows);
	return RC_OK;
}

static struct pg_arg owner_arg(const struct finder *f)
{
	return f->q->by_owner ? pg_address(&f->q->owner) : pg_text(NULL);
}

static enum rc find_value(struct finder *f, struct nft_page *ret)
{
	/* The list of one: "{7" without its brace. */
	const char *list = trait_set_ids(&f->traits, 0);
	struct str id = { list + 1, strlen(list) - 2 };

	return take(ret,
		    pg_run(f->env->pg, f->desc ? STMT_nft_trait_desc : STMT_nft_trait_asc,
			   PG_ARGS(pg_address(&f->q->contract), pg_text(f->token),
				   pg_text(f->offset), pg_text(f->rows),
				   pg_text(arena_strz(f->env->arena, id)))),
		    f->traits.group[0].tokens, true);
}

/* A count that was cut at one more than is told. */
static void set_total(struct nft_page *page, int64_t count, bool complete)
{
	page->total = count > NFT_PAGE_ROWS ? NFT_PAGE_ROWS : count;
	page->exact = complete && count <= NFT_PAGE_ROWS;
}

static enum rc count_total(struct nft_page *page, struct pg_result row, bool complete)
{
	enum rc rc = row.rc;

	if (rc == RC_OK)
		set_total(page, pg_i64(&row, 0, 0), complete);
	else
		pg_result_done(&page->rows);
	pg_result_done(&row);
	return rc;
}

static enum rc find_merged(struct finder *f, struct nft_page *ret)
{
	const struct pg_arg contract = pg_address(&f->q->contract);
	const char *driver = trait_set_ids(&f->traits, f->traits.rarest);

	trait_set_probe(&f->traits, f->traits.rarest);
	enum rc rc =
		take(ret,
		     pg_run(f->env->pg, f->desc ? STMT_nft_traits_desc : STMT_nft_traits_asc,
			    PG_ARGS(contract, pg_text(f->token), pg_text(f->offset),
				    pg_text(f->rows), pg_text(driver), pg_text(f->traits.ids),
				    pg_text(f->traits.first), pg_text(f->traits.last))),
		     0, false);
	if (rc != RC_OK)
		return rc;
	return count_total(ret,
			   pg_run(f->env->pg, STMT_nft_traits_total,
				  PG_ARGS(contract, pg_text(driver), pg_text(f->traits.ids),
					  pg_text(f->traits.first), pg_text(f->traits.last))),
			   trait_set_least(&f->traits) <= LOOK_MAX);
}

static enum rc find_owned(struct finder *f, struct nft_page *ret)
{
	return take(ret,
		    pg_run(f->env->pg, f->desc ? STMT_nft_owner_desc : STMT_nft_owner_asc,
			   PG_ARGS(pg_address(&f->q->contract), pg_text(f->token),
				   pg_text(f->offset), pg_text(f->rows), owner_arg(f))),
		    f->owner_tokens, true);
}

/* driver: a group of traits, or NULL when the statement drives by owner or search. */
static enum rc gather(struct finder *f, enum stmt stmt, const char *driver,
		      struct nft_page *ret)
{
	static const char *const sorts[NFT_SORTS] = { "0", "1", "2" };
	const struct pg_arg args[] = {
		pg_address(&f->q->contract),
		pg_text(f->token),
		pg_text(f->offset),
		pg_text(f->rows),
		owner_arg(f),
		pg_text(f->search.pattern),
		pg_text(f->search.words),
		pg_text(f->traits.ids),
		pg_text(f->traits.first),
		pg_text(f->traits.last),
		pg_text(f->key),
		pg_text(sorts[f->q->sort]),
		pg_text(f->desc ? "-1" : "1"),
		pg_text(driver),
	};
	enum rc rc = take(ret, pg_run(f->env->pg, stmt, args, driver ? 14 : 13), 0, true);

	if (rc == RC_OK)
		ret->total = pg_i64(&ret->rows, 0, NFT_TOTAL);
	return rc;
}

static bool drives_by_owner(const struct finder *f)
{
	return f->q->by_owner && f->owner_tokens <= trait_set_least(&f->traits);
}

/* Tokens that the least matching filter but the search matches; all without one. */
static int64_t least_match(const struct finder *f)
{
	return drives_by_owner(f) ? f->owner_tokens : trait_set_least(&f->traits);
}

static enum rc gather_least(struct finder *f, struct nft_page *ret)
{
	if (drives_by_owner(f)) {
		trait_set_probe(&f->traits, -1);
		return gather(f, STMT_nft_gather_owner, NULL, ret);
	}
	trait_set_probe(&f->traits, f->traits.rarest);
	return gather(f, STMT_nft_gather_traits, trait_set_ids(&f->traits, f->traits.rarest),
		      ret);
}

/* Sets *ret_cut (and answers nothing) when the search matches too much to be gathered. */
static enum rc gather_search(struct finder *f, struct nft_page *ret, bool *ret_cut)
{
	trait_set_probe(&f->traits, -1);
	enum rc rc =
		gather(f, f->search.words ? STMT_nft_gather_words : STMT_nft_gather_pattern,
		       NULL, ret);

	*ret_cut = rc == RC_OK && pg_i64(&ret->rows, 0, NFT_SEEN) > GATHER_MAX;
	if (*ret_cut)
		pg_result_done(&ret->rows);
	return rc;
}

/* What a summary tells of a lone filter; -1: it takes counting. */
static int64_t known_total(const struct finder *f)
{
	if (f->search.pattern || f->search.words)
		return -1;
	if (!f->traits.count)
		return f->owner_tokens;
	return trait_set_is_one_value(&f->traits) && !f->q->by_owner ? f->traits.group[0].tokens
								     : -1;
}

static enum rc walk_total(struct finder *f, struct nft_page *page)
{
	page->total = known_total(f);
	page->exact = true;
	if (page->total >= 0)
		return RC_OK;
	return count_total(page,
			   pg_run(f->env->pg, STMT_nft_walk_total,
				  PG_ARGS(pg_address(&f->q->contract), owner_arg(f),
					  pg_text(f->search.pattern), pg_text(f->search.words),
					  pg_text(f->traits.ids), pg_text(f->traits.first),
					  pg_text(f->traits.last))),
			   f->tokens <= LOOK_MAX);
}

static enum rc walk(struct finder *f, struct nft_page *ret)
{
	const struct nft_query *q = f->q;

	trait_set_probe(&f->traits, -1);
	const struct pg_arg args[] = {
		pg_address(&q->contract), pg_text(f->token),      pg_text(f->offset),
		pg_text(f->rows),         owner_arg(f),           pg_text(f->search.pattern),
		pg_text(f->search.words), pg_text(f->traits.ids), pg_text(f->traits.first),
		pg_text(f->traits.last),  pg_text(f->key),
	};
	enum rc rc = take(ret,
			  pg_run(f->env->pg, walk_stmt[q->sort][f->desc], args,
				 q->sort == NFT_BY_TOKEN ? 10 : 11),
			  0, false);

	return rc == RC_OK ? walk_total(f, ret) : rc;
}

/* When nothing need be counted: are the tokens to the end of this page, of which `least` in all
 * of the collection match, fewer than those to be gathered?  Four times fewer: matches may lie
 * late in the order, and a walk does more for each. */
static bool walks_sooner(const struct finder *f, int64_t least)
{
	int64_t rows = page_offset(&f->q->page) + f->q->page.limit + 1;

	return known_total(f) >= 0 && least > GATHER_FEW &&
	       f->tokens / least * rows * 4 < least;
}

/* Any mixture in any order. */
static enum rc find_mixed(struct finder *f, struct nft_page *ret)
{
	int64_t least = least_match(f);

	if (least > GATHER_FEW && (f->search.pattern || f->search.words)) {
		bool cut;
		enum rc rc = gather_search(f, ret, &cut);

		if (!cut)
			return rc;
	}
	if (least > GATHER_MAX || walks_sooner(f, least))
		return walk(f, ret);
	return gather_least(f, ret);
}

static bool matches_nothing(const struct finder *f)
{
	return trait_set_least(&f->traits) == 0 || (f->q->by_owner && f->owner_tokens == 0);
}

static enum rc find_filtered(struct finder *f, struct nft_page *ret)
{
	bool by_token = f->q->sort == NFT_BY_TOKEN;
	bool searched = f->search.pattern || f->search.words;
	enum rc rc = ask_filters(f);

	if (rc != RC_OK)
		return rc;
	if (matches_nothing(f)) {
		*ret = (struct nft_page){ .rows = { .rc = RC_OK }, .exact = true };
		return RC_OK;
	}
	if (by_token && !searched && !f->q->by_owner && trait_set_is_one_value(&f->traits))
		return find_value(f, ret);
	if (by_token && !searched && !f->traits.count)
		return find_owned(f, ret);
	if (by_token && !searched && !f->q->by_owner &&
	    trait_set_least(&f->traits) > GATHER_MAX)
		return find_merged(f, ret);
	return find_mixed(f, ret);
}

enum rc nft_page_find(struct env *env, const struct nft_query *query, struct nft_page *ret)
{
	struct finder *f = arena_zalloc(env->arena, sizeof(*f));

	begin(f, env, query);
	if (!query->by_owner && !query->trait_count && !query->search.len)
		return find_all(f, ret);
	return find_filtered(f, ret);
}
