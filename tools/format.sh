#!/bin/sh
# C sources are as clang-format writes them (.clang-format).  Run by `make lint`; with "fix" as the
# second argument the files are rewritten instead.
cd "$1" || exit 2
tool=$(command -v clang-format-14 || command -v clang-format) ||
	{ echo "lint: clang-format is needed (apt: clang-format)"; exit 1; }
find src tests bench -name '*.[ch]' | sort |
	if [ "${2:-}" = fix ]; then
		xargs "$tool" -i
	else
		xargs "$tool" --dry-run --Werror
	fi
