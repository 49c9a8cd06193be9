#!/bin/sh
# Nothing commits a change of what answers are made of but src/cache/write.c, whose order makes the
# change known to the copies before it is acknowledged.  Run by `make lint`; prints each offence:
#
#  - a transaction elsewhere: tx_run(), or BEGIN and COMMIT as text; but for the import, whose word
#    settles with cache_settle() before it ends, and audit_run(), whose bodies the next rule looks at
#  - a statement of sql/queries that changes a table under the outbox (or calls a function that
#    does, or adds an event) and is not called write_…
#  - such a statement in a file that does not go through cache/write.h
top=${1:-.}
cd "$top" || exit 2
bad=$(mktemp) || exit 2
trap 'rm -f "$bad"' EXIT

{
	grep -nE '\<tx_run\(|"(BEGIN|COMMIT)' -r src --include='*.c' |
		grep -vE '^src/(net/tx|net/migrate|cache/write|model/audit|jobs/import_[a-z]+)\.c:' |
		sed 's/:.*//; s/$/: a transaction that does not go through cache\/write.h/' | sort -u
	grep -L '\<cache_settle(' src/app/cmd_import.c |
		sed 's/$/: ends without cache_settle()/'
	grep -lE '\<STMT_write_' -r src --include='*.c' | xargs grep -L '"cache/write.h"' |
		sed 's/$/: STMT_write_… without cache\/write.h/'
} >"$bad"

# Functions of the migrations are read first, then the statements.
awk '
function changes(line,    name) {
	if (match(line, /(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|TRUNCATE)( ONLY)? +(such_market\.)?[a-z_]+/)) {
		name = substr(line, RSTART, RLENGTH)
		sub(/.*[ .]/, "", name)
		return name in watched
	}
	return 0
}
function calls(line,    name) {
	for (name in writer)
		if (line ~ ("(^|[^a-z_])" name "\\("))
			return 1
	return 0
}
BEGIN {
	writer["cache_invalidate"] = writer["cache_clear_all"] = writer["cache_retry"] = 1
}
FILENAME ~ /migrations/ && /^SELECT such_market\.cache_watch\(/ {
	name = $0
	sub(/.*cache_watch\(.such_market\./, "", name)
	sub(/[^a-z_].*/, "", name)
	watched[name] = 1
}
/^ *--/ && !/^-- name:/ { next }
pass == 2 && /^CREATE (OR REPLACE )?FUNCTION such_market\./ {
	name = $0
	sub(/.*FUNCTION such_market\./, "", name)
	sub(/\(.*/, "", name)
	next
}
pass == 2 && /\$\$;/ { if (changes($0) || calls($0)) writer[name] = 1; name = ""; next }
pass == 2 && name != "" && (changes($0) || calls($0)) { writer[name] = 1 }
pass == 3 && /^-- name: / { name = $3 }
pass == 3 && name !~ /^write_/ && (changes($0) || calls($0)) && !told[name]++ {
	print FILENAME ": " name " changes what answers are made of: call it write_…"
}' sql/migrations/*.sql pass=2 sql/migrations/*.sql sql/migrations/*.sql pass=3 sql/queries/*.sql >>"$bad"
cat "$bad"
[ ! -s "$bad" ]
