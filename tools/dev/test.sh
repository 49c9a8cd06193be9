# shellcheck shell=bash
# Tests, lint and benchmarks of a checkout.

# What runs again with AddressSanitizer and UBSan: whatever reads bytes from outside or from the mapping, and with failpoints what
# says who dies where.
test_asan_folders='base|http|net|model|api|fuzz|cache/test_(entry|map|memory|redis_tier|write)|live/test_bad'

test_run() {
	local failed=0
	packages_need up test
	build_tree build/test --enable-werror
	build_make build/test all >/dev/null
	test_check build/test || failed=1
	build_tree build/asan --enable-werror --enable-sanitizers --enable-failpoints
	# shellcheck disable=SC2046 # a list of words
	test_check build/asan "TESTS=$(test_names build/asan "$test_asan_folders" | tr '\n' ' ')" || failed=1
	test_sum build/test build/asan
	coherence_check || failed=1
	[ $failed -eq 0 ] || fail "tests failed"
	say "All tests passed."
}

test_names() { # DIR FOLDERS
	# shellcheck disable=SC2016 # make's variable
	make -C "$top/$1" -s --no-print-directory -f Makefile -f - list-tests <<<'list-tests: ; @printf "%s\n" $(TESTS)' |
		grep -E "^tests/($2)"
}

# Runs make check; then prints Check's own summary line of every program, and the log of failures.
test_check() { # DIR MAKE-ARGUMENTS...
	local dir=$top/$1 rc=0 trs name
	say "make check in $1"
	touch "$dir/check.begun"
	build_make "$@" check >"$dir/check.out" 2>&1 || rc=$?
	while read -r trs; do
		name=${trs%.trs}
		[ -r "$name.log" ] || continue
		if grep -q '^:test-result: \(FAIL\|ERROR\)' "$trs"; then
			printf '\n--- %s failed:\n' "${name#"$dir"/}"
			cat "$name.log"
		else
			say "${name#"$dir"/}:"
			grep -E '^[0-9]+%: Checks:|^SKIP' "$name.log" | tail -n 1 || true
		fi
	done < <(find "$dir/tests" -name '*.trs' -newer "$dir/check.begun" | sort)
	[ $rc -eq 0 ] || tail -n 30 "$dir/check.out"
	return $rc
}

# Of all programs that ran.
test_sum() { # DIRS...
	local dir
	for dir in "$@"; do
		find "$top/$dir/tests" -name '*.log' -newer "$top/$dir/check.begun" \
			-exec grep -hE '^[0-9]+%: Checks:' {} + || true
	done | awk -F'[:,] *' '{ n += $3; bad += $5 + $7 } END { printf "%d passed, %d failed\n", n - bad, bad }'
}

test_lint() {
	packages_need up test lint
	build_tree build/test --enable-werror
	build_make build/test -k lint
}

test_bench() {
	packages_need up bench
	build_tree build
	build_make build all >/dev/null
	build_make build bench
}
