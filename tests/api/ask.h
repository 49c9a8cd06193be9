/* Requests made by hand and the gate's answers, without FastCGI. */
#ifndef API_ASK_H
#define API_ASK_H

#include "api/gate.h"
#include "base/str.h"
#include "model/fixture.h"

/* One request: what is not set is absent. */
struct ask {
	const char *method; /* NULL: GET */
	const char *path, *query;
	const char *if_none_match, *authorization, *api_key, *origin, *accept, *remote;
	const char *content_type, *body, *idempotency_key;
};

struct reply {
	int status;
	struct str head, body;
	bool bodyless;
};

/* In the env's arena. */
struct reply ask(struct env *env, const struct ask *what);
struct reply get(struct env *env, const char *path, const char *query);
/* A header's value; absent: STR_NONE. */
struct str header(const struct reply *reply, const char *name);
/* The reply is problem+json of this status and code. */
void ck_problem(struct env *env, const struct reply *reply, int status, const char *code);

#define BODY(env, reply, path) body_at(env, (reply).body, path)
#define ALPHA_PATH             "/api/collection/" ALPHA

#endif
