#!/bin/sh
# Documentation against the tables: each setting, route, metric, alert, word and older name is in docs/,
# each setting in the sample configuration, each word in the manual page.
# usage: docs.sh SRCDIR PROGRAM
top=$1
program=$2
bad=0

offence() { # NAME WHERE
	echo "$2: $1 is missing"
	bad=1
}

documented() { # NAME: in some page, as a word of its own
	grep -Fqe "\`$1\`" "$top"/docs/*.md
}

settings=$("$program" check-config --describe | sed -n 's/^  \([a-z_]*\) (.*/\1/p')
older_names=$("$program" check-config --describe | sed -n 's/^\([A-Z_]*\)	.*/\1/p')
words=$("$program" help | sed -n 's/^  \([a-z-]*\)  *.*/\1/p')
metrics=$(sed -n 's/^\(COUNTER\|HISTOGRAM\|FAMILY\)([^"]*"\([a-z0-9_]*\)".*/\2/p' \
	"$top/src/base/metrics.def")
alerts=$(sed -n 's/^ALERT(\([a-z0-9_]*\),.*/\1/p' "$top/src/base/alerts.def")
routes=$("$program" routes | sed -n 's/^\([A-Z]*\)  *\([^ ]*\) .*/\1 \2/p')
samples=$(sed -n 's/^#\{0,1\} \{0,1\}\([a-z_]*\) =.*/\1/p' "$top/etc/such-market.conf.sample")

# An empty list would find everything in order.
for list in "$settings" "$older_names" "$words" "$metrics" "$alerts" "$routes" "$samples"; do
	[ -n "$list" ] || offence "a list" docs.sh
done
for name in $settings $older_names $metrics $alerts; do
	documented "$name" || offence "$name" docs
done
for name in $settings; do
	echo "$samples" | grep -Fqx "$name" || offence "$name" etc/such-market.conf.sample
done
for name in $samples; do
	echo "$settings" | grep -Fqx "$name" || offence "$name" "check-config --describe"
done
for name in $words; do
	grep -Fqe "\`such-market $name" "$top"/docs/*.md || offence "$name" docs
	grep -Fqx ".SS $name" "$top/etc/such-market.8" || offence "$name" etc/such-market.8
done
while read -r route; do
	grep -Fqe "\`$route" "$top"/docs/*.md || offence "$route" docs
done <<END
$routes
END
exit $bad
