#!/bin/sh
# Every shell script passes shellcheck.  Run by `make lint`.
cd "$1" || exit 2
command -v shellcheck >/dev/null || { echo "lint: shellcheck is needed (apt: shellcheck)"; exit 1; }
shellcheck -x -a dev .ci/run autogen.sh || exit 1
find tools bench tests etc -path tools/dev -prune -o -name '*.sh' -print0 | xargs -0 -r shellcheck -x
