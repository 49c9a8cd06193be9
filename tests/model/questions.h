/* Questions to every read model, asked of the world of fixture.h and what tests add to it. */
#ifndef MODEL_QUESTIONS_H
#define MODEL_QUESTIONS_H

#include "base/answer.h"
#include "model/fixture.h"
#include "model/reads.h"

/* filter is of the list: an order ("-": descending), an owner, a text; "": none. */
struct question {
	enum read read;
	const char *of;     /* address or fid */
	const char *token;  /* token id, or NULL */
	const char *filter; /* "rarity", "updated-", "owner=0x…", "search=…", "trait=a=b" */
	int page;
	int limit;
};

/* Through the env's cache.  The answer is the env's arena's. */
enum rc question_ask(struct env *env, const struct question *q, struct answer *ret);
/* "nft_list 0x…aa rarity page 1"; static text. */
const char *question_text(const struct question *q);

#endif
