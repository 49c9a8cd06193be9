#!/bin/sh
# Lines run by the tests, a row a room, from the gcov data of a build configured with
# --enable-coverage.  Run by `make coverage`:
#	coverage.sh SRCDIR
top=$1
find . -name '*.gcda' -path '*src/*' | sort | while read -r data; do
	gcov -n "$data" 2>/dev/null
done | awk -v top="$top/" '
/^File / {
	file = $2
	gsub(/\047/, "", file)
	sub(top, "", file)
	sub(/^.*\/src\//, "src/", file)
	next
}
/^Lines executed:/ && file ~ /^src\/[a-z]+\// {
	split($0, part, /[:% ]+/)
	# A header is seen by many: the best of its rows counts.
	if (!(file in all) || part[3] * part[5] > hit[file]) {
		all[file] = part[5]
		hit[file] = part[3] * part[5]
	}
	file = ""
}
END {
	for (file in all) {
		split(file, dir, "/")
		lines[dir[2]] += all[file]
		run[dir[2]] += hit[file] / 100
		lines["all"] += all[file]
		run["all"] += hit[file] / 100
	}
	for (room in lines)
		printf "%-8s %6d lines  %5.1f %%\n", room, lines[room], 100 * run[room] / lines[room] | "sort"
}'
