#include "live/keys.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include "lib/fixture.h"
#include "lib/http.h"
#include "lib/stack.h"

char keys[ROLE_ADMIN + 1][KEY_BYTES];
static int addresses;

void keys_make_one(const char *role, const char *name, char ret[KEY_BYTES])
{
	ck_assert_int_eq(STACK_RUN("key", "create", "--role", role, "--name", name), 0);
	const char *at = strstr(stack_output(), "sm_");
	snprintf(ret, KEY_BYTES, "%.46s", at ? at : "none");
}

void keys_make(void)
{
	for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++)
		keys_make_one(role_name((enum role)r), role_name((enum role)r), keys[r]);
	keys_make_one("admin", "gone", keys[0]);
	ck_assert_int_eq(STACK_RUN("key", "revoke", "--name", "gone"), 0);
}

int keys_ask(struct http *http, const char *method, const char *path, const char *key)
{
	char from[64], with[128] = "X-Nothing: 1";

	snprintf(from, sizeof(from), "X-Real-IP: 198.51.%d.%d", addresses / 250,
		 addresses % 250);
	addresses++;
	if (key)
		snprintf(with, sizeof(with), "X-API-Key: %s", key);
	return http_ask(http, &(struct http_ask){ .method = method,
						  .path = path,
						  .headers = { from, with } });
}

struct row {
	char method[8], path[160], role[16];
	enum role needed;
	bool data; /* public reads of data, not of the machine */
};

/* "/api/collection/{address}" with something in each hole. */
static void fill_holes(char path[160])
{
	static const struct {
		const char *hole, *with;
	} holes[] = { { "{address}", FIXTURE_721 }, { "{tokenId}", "1" }, { NULL, "1" } };
	char *open;

	while ((open = strchr(path, '{'))) {
		char *close = strchr(open, '}'), rest[160];
		size_t i = 0;

		ck_assert_ptr_nonnull(close);
		while (holes[i].hole &&
		       strncmp(open, holes[i].hole, strlen(holes[i].hole)) != 0)
			i++;
		snprintf(rest, sizeof(rest), "%s", close + 1);
		snprintf(open, (size_t)(path + 160 - open), "%s%s", holes[i].with, rest);
	}
}

/* The program's own table: a new route walks by itself. */
static size_t read_routes(struct row *ret, size_t max)
{
	size_t n = 0;

	ck_assert_int_eq(STACK_RUN("routes"), 0);
	for (const char *at = stack_output(); *at && n < max; at = strchr(at, '\n') + 1) {
		struct row row = { .needed = ROLE_PUBLIC };

		if (sscanf(at, "%7s %159s %15s", row.method, row.path, row.role) == 3 &&
		    row.path[0] == '/') {
			role_read(str_of(row.role), &row.needed);
			row.data =
				row.needed == ROLE_PUBLIC && strncmp(row.path, "/api/", 5) == 0;
			fill_holes(row.path);
			ret[n++] = row;
		}
		if (!strchr(at, '\n'))
			break;
	}
	return n;
}

/* Whoever may ask is answered whatever the route says, but not about keys. */
static void walk_route(struct http *http, const struct row *row, enum role needed)
{
	char wrong[KEY_BYTES];

	snprintf(wrong, sizeof(wrong), "%s", keys[ROLE_ADMIN]);
	wrong[10] = wrong[10] == 'A' ? 'B' : 'A';
	const char *refused[] = { NULL, wrong, keys[0], "sm_short" };
	for (size_t i = 0; i < 4; i++) {
		int status = keys_ask(http, row->method, row->path, refused[i]);

		ck_assert_msg((status == 401) == (needed > ROLE_PUBLIC), "%s %s: %d",
			      row->method, row->path, status);
		ck_assert_int_ne(status, 403);
		if (status == 401)
			http_problem_is(http, 401, "unauthenticated");
	}
	for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++) {
		int status = keys_ask(http, row->method, row->path, keys[r]);

		ck_assert_msg((status == 403) == (r < (int)needed), "%s %s as %s: %d",
			      row->method, row->path, role_name((enum role)r), status);
		ck_assert_int_ne(status, 401);
	}
}

void keys_walk(bool private_reads)
{
	static struct row rows[128];
	struct http *http = stack_http();
	size_t n = read_routes(rows, 128);

	ck_assert_uint_ge(n, 24);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].path, "/metrics") != 0)
			walk_route(http, &rows[i],
				   private_reads && rows[i].data ? ROLE_VIEWER
								 : rows[i].needed);
	http_free(http);
}
