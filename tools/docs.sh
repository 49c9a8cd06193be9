#!/bin/sh
# Documentation against the tables: each setting, route, metric, alert, word, older name and problem is in
# docs/, each setting in the sample configuration, each word in the manual page.
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

# Words of problems: of the program (src/base/rc.h, what a handler names, nothing that is missing) and nginx's.
codes=$({
	sed -n 's/^	X([A-Z_]*, "\([a-z_]*\)", .*/\1/p' "$top/src/base/rc.h" | grep -vx ok
	cat "$top"/src/api/*.c "$top"/src/http/*.c "$top"/src/model/*.c | tr '\n\t' '  ' |
		grep -oE '(problem_set|problem_parameter|bad|refuse_at|code =)[^;"]*"[a-z_]+"' |
		grep -v NULL | sed 's/.*"\([a-z_]*\)"$/\1/'
	sed -n 's/.*{ MISSING_[A-Z]*, "\([a-z_]*\)".*/\1/p' "$top/src/api/call.c"
	sed -n 's/.*"code":"\([a-z_]*\)".*/\1/p' "$top/nginx/snippets/such-market-problems.conf"
} | sort -u)

# An empty list would find everything in order.
for list in "$settings" "$older_names" "$words" "$metrics" "$alerts" "$routes" "$samples" "$codes"; do
	[ -n "$list" ] || offence "a list" docs.sh
done
for name in $settings $older_names $metrics $alerts; do
	documented "$name" || offence "$name" docs
done
for name in $codes; do
	grep -Fqe "\`$name\`" "$top/docs/api.md" || offence "$name" docs/api.md
	sed -n '/x-extensible-enum/,/]/p' "$top/docs/openapi.yaml" | grep -Fqwe "$name" ||
		offence "$name" docs/openapi.yaml
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
