#!/bin/sh
# Every header stands alone: it compiles without another one before it.  Run by `make lint`:
#	headers.sh SRCDIR COMPILER FLAGS...
top=$1
shift
bad=0
for header in "$top"/src/*/*.h "$top"/tests/lib/*.h; do
	[ -f "$header" ] || continue
	"$@" -fsyntax-only -Wno-unused -x c "$header" || { echo "$header: does not stand alone"; bad=1; }
done
exit $bad
