#!/bin/sh
# Every table that the migrations make is under the outbox, or says why not:
#	SELECT such_market.cache_watch('such_market.NAME', …);
#	-- outbox: not such_market.NAME: reason
# and the names of those that are stand in src/cache/tables.def too.  Run by `make lint`; prints each
# offence.
cd "${1:-sql/migrations}" || exit 2
awk '
function name_in(line) {
	sub(/.*such_market\./, "", line)
	sub(/[^a-z0-9_].*/, "", line)
	return line
}
function offence(place, text) {
	print place ": " text
	bad = 1
}
/^CREATE (UNLOGGED )?TABLE (IF NOT EXISTS )?such_market\./ { made[name_in($0)] = FILENAME }
/^SELECT such_market\.cache_watch\(/ {
	sub(/.*cache_watch\(/, "")
	watched[name_in($0)] = FILENAME
}
/^TABLE\([a-z_]+,.*\)$/ {
	name = $0
	gsub(/TABLE\(|,.*/, "", name)
	named[name] = FILENAME
}
/^-- outbox: not such_market\.[a-z0-9_]+: [^ ]/ {
	sub(/^-- outbox: not /, "")
	sub(/: .*/, "")
	spared[name_in($0)] = FILENAME
}
END {
	for (name in made)
		if (!(name in watched) && !(name in spared))
			offence(made[name], "such_market." name " is not under the outbox, and nothing says why")
	for (name in watched)
		if (name in spared)
			offence(spared[name], "such_market." name " is under the outbox after all")
	for (name in watched)
		if (!(name in named))
			offence(watched[name], "src/cache/tables.def does not name such_market." name)
	for (name in named)
		if (!(name in watched))
			offence(named[name], "such_market." name " is not under the outbox")
	exit bad
}' ./*.sql ../../src/cache/tables.def
