# shellcheck shell=bash
# The randomized checker of coherence, and that it is not blind.

coherence_build() {
	packages_need up test
	build_tree build/proof --enable-werror --enable-failpoints --enable-mutations
	build_make build/proof all tests/coherence/coherence >/dev/null
}

# Its last line tells counts, seed and verdict; fails on a violation.
coherence_run() { # SECONDS [SEED] [--mutation NAME | --plan NAME]
	top_srcdir=$top top_builddir=$top/build/proof \
		"$top/build/proof/tests/coherence/coherence" "$@"
}

# Short, for every test run: a minute as it is; then guards taken out, which must be seen.
coherence_check() {
	local log=$top/build/proof/coherence.log mutation
	say "coherence in build/proof"
	coherence_build
	if ! coherence_run "${SUCH_MARKET_COHERENCE_SECONDS:-60}" >"$log" 2>&1; then
		tail -n 60 "$log"
		return 1
	fi
	tail -n 1 "$log"
	for mutation in no_gen no_lease; do
		if coherence_run 60 --mutation "$mutation" >"$log" 2>&1; then
			say "the checker does not see that $mutation is missing"
			return 1
		fi
		grep -q ': VIOLATED$' "$log" || { tail -n 20 "$log"; return 1; }
		say "without the guard $mutation: violated within $(sed -n 's/^coherence: .*after \([0-9]*\) s.*/\1/p' "$log") s"
	done
}
