#!/bin/sh
# shellcheck disable=SC2013
# Which room may include which.  Run by `make lint`; prints each offence.
cd "${1:-src}" || exit 2
bad=0
offence() { echo "$1: $2"; bad=1; }

while read -r room may; do
	[ -d "$room" ] || continue
	for file in "$room"/*.[ch]; do
		[ -f "$file" ] || continue
		for other in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
			case " $room $may " in
			*" $other "*) ;;
			*) offence "$file" "may not include $other/" ;;
			esac
		done
		for priv in $(sed -n 's|^#include "\([a-z]*\)/internal\.h".*|\1|p' "$file"); do
			[ "$priv" = "$room" ] || offence "$file" "$priv/internal.h is private"
		done
	done
done <<'END'
base
net    base
cache  base net
http   base
model  base net cache
api    base net cache http model
jobs   base net cache model
app    base net cache http model api jobs
END

# Each foreign library is known to one room.
while read -r header room; do
	for file in $(grep -ls "^#include <$header" ./*/*.[ch]); do
		case $file in ./$room/*) ;; *) offence "$file" "<$header> belongs to $room/" ;; esac
	done
done <<'END'
libpq-fe.h  net
hiredis/    net
curl/       net
fcgiapp.h   http
json-c/     base
openssl/    base
zlib.h      base
xxhash.h    base
xxh_        base
END
exit $bad
