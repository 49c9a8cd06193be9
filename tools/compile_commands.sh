#!/bin/sh
# compile_commands.json on stdout, for editors and clang tools: all sources are compiled alike.
#	compile_commands.sh SRCDIR COMPILER FLAGS...
top=$(cd "$1" && pwd) || exit 1
shift
sep='['
find "$top/src" "$top/tests" "$top/bench" "$top/tools" -name '*.c' | sort | while read -r file; do
	printf '%s\n  {"directory": "%s", "file": "%s", "arguments": [' "$sep" "$PWD" "$file"
	printf '"%s", ' "$@"
	printf '"-c", "%s"]}' "$file"
	sep=,
done
printf '\n]\n'
