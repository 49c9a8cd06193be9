#!/bin/sh
# Check programs fork by child_fork() alone (tests/lib/child.h says why). The servers' keepers and
# the coherence checker never assert.
# Run by `make lint`; prints each offence.
cd "${1:-.}" || exit 2
! grep -rnE --include='*.c' '(^|[^_a-z])v?fork\(\)' tests |
	grep -vE '^tests/(coherence/|lib/(child|keeper|machine)\.c:)'
