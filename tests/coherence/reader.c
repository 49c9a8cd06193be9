/* Reads over kept connections to both machines, and judges what it reads. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/jsonin.h"
#include "base/scope.h"
#include "coherence/parts.h"
#include "lib/http.h"

#define PATH_BYTES 256
#define FORMS      9
#define RARELY     5 /* of FORMS + RARELY reads, those of RARE objects */
#define OF         "/api/collection/" CONTRACT

struct reader {
	struct stage *stage;
	struct http *http[MACHINES];
	struct reading reading; /* of the answer that is looked at */
	uint32_t last[MACHINES][OBJECTS];
};

/* "v17", "17" and "0x…00000011" are versions 17. */
static uint32_t version_of(const char *text)
{
	if (strncmp(text, "0x", 2) == 0)
		return (uint32_t)strtoul(text + strlen(text) - 8, NULL, 16);
	return (uint32_t)strtoul(*text == 'v' ? text + 1 : text, NULL, 10);
}

static void see(struct reader *r, int object, const char *text)
{
	if (!text)
		return;
	r->reading.object = object;
	r->reading.version = version_of(text);
	account_judge(r->stage->account, &r->reading);
	uint32_t *last = &r->last[r->reading.machine][object];
	if (!r->reading.flagged && r->reading.version < *last)
		r->stage->account->backward++;
	if (!r->reading.flagged)
		*last = r->reading.version;
}

/* Tokens between are nobody's object. */
static void see_name(struct reader *r, int token, const char *text)
{
	if (token > 200)
		see(r, FIRST_RARE + token - 201, text);
	else if (token <= 8)
		see(r, FIRST_NAME + token - 1, text);
	else if (token <= 10)
		see(r, FIRST_SLOW + token - 9, text);
	else if (token == 11)
		see(r, FIRST_MUTE, text);
}

static void see_token(struct reader *r, const struct http *http, int token)
{
	see_name(r, token, http_text((struct http *)http, "name"));
	if (token <= 8)
		see(r, FIRST_OWNER + token - 1, http_text((struct http *)http, "owner"));
}

static void see_page(struct reader *r, struct http *http)
{
	char path[64];

	for (int i = 0;; i++) {
		snprintf(path, sizeof(path), "nfts.%d.tokenId", i);
		const char *id = http_text(http, path);
		if (!id)
			return;
		int token = (int)strtol(id, NULL, 10);
		snprintf(path, sizeof(path), "nfts.%d.name", i);
		see_name(r, token, http_text(http, path));
		snprintf(path, sizeof(path), "nfts.%d.owner", i);
		if (token <= 8)
			see(r, FIRST_OWNER + token - 1, http_text(http, path));
	}
}

/* One collection has a name. */
static void see_list(struct reader *r, struct http *http)
{
	char path[64];

	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "collections.%d.name", i);
		see(r, FIRST_TITLE, http_text(http, path));
	}
}

static void see_count(struct reader *r, struct http *http, int which)
{
	char text[32];
	int64_t n;

	if (!jsonin_i64(http_at(http, "transferCount"), &n))
		return;
	snprintf(text, sizeof(text), "%ld", (long)n);
	see(r, FIRST_COUNTED + which, text);
}

static void see_all(struct reader *r, struct http *http, int form, int token)
{
	switch (form) {
	case 0:
		see_token(r, http, token);
		break;
	case 1:
		if (token <= 8)
			see(r, FIRST_OWNER + token - 1, http_text(http, "owner"));
		break;
	case 2:
	case 3:
		see_page(r, http);
		break;
	case 4:
		see(r, FIRST_TITLE, http_text(http, "name"));
		break;
	case 5:
		see_list(r, http);
		break;
	case 6:
		see(r, FIRST_MANY, http_text(http, "name"));
		break;
	case 7:
		see_count(r, http, token % 4);
		break;
	default:
		see(r, FIRST_USER, http_text(http, "username"));
	}
}

/* What may be asked; see_all() knows what is where in the answers. */
static void write_path(int form, int token, char ret[PATH_BYTES])
{
	switch (form) {
	case 0:
		snprintf(ret, PATH_BYTES, OF "/nfts/%d", token);
		break;
	case 1:
		snprintf(ret, PATH_BYTES, OF "/nfts/%d/owner", token);
		break;
	case 2:
		snprintf(ret, PATH_BYTES, OF "/nfts?pageSize=%d&page=%d", 3 + token % 3,
			 token % 4);
		break;
	case 3:
		snprintf(ret, PATH_BYTES, OF "/nfts?sort=updatedAt&pageSize=10");
		break;
	case 4:
		snprintf(ret, PATH_BYTES, OF);
		break;
	case 5:
		snprintf(ret, PATH_BYTES, "/api/collections");
		break;
	case 6:
		snprintf(ret, PATH_BYTES, "/api/collection/" MANY_OF "/nfts/%d", token);
		break;
	case 7:
		snprintf(ret, PATH_BYTES, "/api/collection/" COUNT_IN "/stats", token % 4);
		break;
	default:
		snprintf(ret, PATH_BYTES, "/api/users/1");
	}
}

static void ask(struct reader *r, int form, int token, int machine)
{
	struct account *a = r->stage->account;
	struct http *http = r->http[machine];
	char path[PATH_BYTES];

	write_path(form, token, path);
	r->reading = (struct reading){ .machine = machine,
				       .what = path,
				       .start_ns = clock_mono_ns() };
	if (!http_try(http, &(struct http_ask){ .path = path }) || http->status != 200) {
		a->failed++;
		poll(NULL, 0, 5);
		return;
	}
	const char *status = http_header(http, "Cache-Status");
	r->reading.flagged = status && strstr(status, "detail=stale");
	a->reads++;
	a->flagged += r->reading.flagged;
	a->hits += status && strstr(status, "; hit");
	a->redis += status && strstr(status, "detail=redis");
	a->stored += status && strstr(status, "detail=stored");
	a->replica += status && strstr(status, "detail=replica");
	see_all(r, http, form, token);
}

void run_reader(struct stage *s, uint32_t seed)
{
	struct reader r = { .stage = s };

	for (int i = 0; i < MACHINES; i++)
		r.http[i] = machine_http(&s->machine[i]);
	while (!s->account->stop) {
		uint32_t form = dice(&seed) % (FORMS + RARELY);
		int token = form >= FORMS ? (int)(dice(&seed) % 100) + 201
					  : (int)(dice(&seed) % 11) + 1;

		ask(&r, form >= FORMS ? 0 : (int)form, token,
		    (int)(dice(&seed) >> 8) % MACHINES);
	}
	for (int i = 0; i < MACHINES; i++)
		http_free(r.http[i]);
}
