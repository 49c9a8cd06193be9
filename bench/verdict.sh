#!/bin/bash
# Which bounds of a benchmark's tables were met.
# usage: verdict.sh TABLE...
set -euo pipefail

awk -F ' [|] ' '
	function list(title, lines, n, i) {
		if (n)
			printf "\n%s: %d\n", title, n
		for (i = 1; i <= n; i++)
			print "  " lines[i]
	}
	{ sub(/^[|] /, ""); sub(/ [|]$/, "") }
	NF != 4 || $1 == "what" { next }
	{ line = $1 ": " $2 " (" $3 ")" }
	$4 == "yes" { good[++goods] = line }
	$4 == "NO" { bad[++bads] = line }
	$4 == "skipped" { left[++lefts] = line }
	END {
		list("Bounds met", good, goods)
		list("Skipped", left, lefts)
		list("Bounds missed", bad, bads)
	}' "$@"
