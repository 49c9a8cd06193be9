#include "import_fixture.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "lib/live_pg.h"

static char dir[] = "/tmp/such-market-import-XXXXXX";
static struct arena *arena, *names;
static const struct pg_options options = { .connect_ms = 5000, .deadline_ms = 20000 };

void fixture_start(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	live_pg_start();
	arena = arena_new(64 * 1024);
	names = arena_new(4096);
}

void fixture_done(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
	arena_free(arena);
	arena_free(names);
	live_pg_done();
}

const char *fixture_path(const char *name)
{
	return arena_printf(names, "%s/%s", dir, name).ptr;
}

const char *fixture_file(const char *name, const char *text)
{
	const char *path = fixture_path(name);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

const char *fixture_meta(const char *contract, const char *standard)
{
	char text[256], name[64];
	snprintf(text, sizeof(text), "{\"contract\":\"%s\",\"name\":\"N\",\"standard\":\"%s\"}",
		 contract, standard);
	snprintf(name, sizeof(name), "meta-%s.json", contract);
	return fixture_file(name, text);
}

enum rc fixture_import(const struct import_options *import, struct import_summary *ret)
{
	struct pg *pg = pg_new(&options, live_pg_url());
	arena_reset(arena);
	enum rc rc = import_run(pg, arena, import, NULL, NULL, ret);
	pg_free(pg);
	return rc;
}

struct import_summary fixture_imported(const struct import_options *import)
{
	struct import_summary summary;
	enum rc rc = fixture_import(import, &summary);
	ck_assert_msg(rc == RC_OK, "%s; %s", summary.error ? summary.error : "?",
		      summary.reject_count ? summary.rejects[0].reason : "no reject");
	return summary;
}

const char *fixture_cell(const char *sql)
{
	static char cell[4096];
	struct pg *pg = pg_new(&options, live_pg_super_url());
	{
		SCOPED(pg_result_done) struct pg_result r = pg_exec(pg, sql);
		ck_assert_msg(r.rc == RC_OK, "%s: %s", sql, pg_error(pg));
		ck_assert_int_eq(r.count, 1);
		snprintf(cell, sizeof(cell), STR_FMT, STR_ARG(pg_str(&r, 0, 0)));
	}
	pg_free(pg);
	return cell;
}

void fixture_same(const char *sql, const char *expected)
{
	ck_assert_msg(strcmp(fixture_cell(sql), expected) == 0, "%s\n is  %s\n not %s", sql,
		      fixture_cell(sql), expected);
}

const char *fixture_digest(void)
{
	return fixture_cell(
		"SELECT md5(string_agg(row, E'\\n' ORDER BY row)) FROM ("
		"SELECT concat_ws('|', 'c', contract_address, name, token_type, total_supply) "
		"AS row"
		" FROM such_market.collections"
		" UNION ALL SELECT concat_ws('|', 's', contract_address, token_count, "
		"owner_count,"
		"  balance, transfer_count) FROM such_market.collection_stats"
		" UNION ALL SELECT concat_ws('|', 'n', contract_address, token_id, name, "
		"attributes,"
		"  metadata, rarity_rank, rarity_score) FROM such_market.nfts"
		" UNION ALL SELECT concat_ws('|', 'o', contract_address, token_id, "
		"owner_address, balance)"
		"  FROM such_market.nft_ownership"
		" UNION ALL SELECT concat_ws('|', 'u', contract_address, user_address, "
		"token_count,"
		"  balance) FROM such_market.user_collections"
		" UNION ALL SELECT concat_ws('|', 't', t.contract_address, t.token_id, "
		"c.trait_type,"
		"  c.value, c.kind, c.token_count) FROM such_market.token_traits AS t"
		"  JOIN such_market.collection_traits AS c USING (trait_id)"
		" UNION ALL SELECT concat_ws('|', 'x', contract_address, token_id, "
		"from_address,"
		"  to_address, quantity, origin, log_index, batch_index, block_time)"
		"  FROM such_market.transfers"
		" UNION ALL SELECT concat_ws('|', 'f', fid, username, custody_address,"
		"  verified_addresses) FROM such_market.fc_users) AS rows (row)");
}
