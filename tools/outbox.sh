#!/bin/sh
# Every table that the migrations make is under the outbox, or says why not:
#	SELECT such_market.cache_watch('such_market.NAME', …);
#	-- outbox: not such_market.NAME: reason
# Run by `make lint`; prints each offence.
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
	exit bad
}' ./*.sql
