#!/bin/sh
# Alert rules and dashboard against the tables: each metric they name has a row in metrics.def (a
# histogram's also by its _bucket, _sum and _count), and they are what promtool, where it is installed, and
# a JSON parser take them for.  Units of systemd, where it is installed: it has nothing to say about them.
# usage: contrib.sh SRCDIR
top=$1
rules=$top/contrib/prometheus/such-market.rules.yml
dashboard=$top/contrib/grafana/such-market.json
bad=0

offence() { # PLACE TEXT
	echo "$1: $2"
	bad=1
}

table=$(sed -n 's/^[A-Z]*([^"]*"\(such_market_[a-z0-9_]*\)".*/\1/p' "$top/src/base/metrics.def")
histograms=$(sed -n 's/^HISTOGRAM([^"]*"\(such_market_[a-z0-9_]*\)".*/\1/p' "$top/src/base/metrics.def")
for list in "$table" "$histograms"; do
	[ -n "$list" ] || offence metrics.def "no metrics were found"
done

is_known() { # NAME
	echo "$table" | grep -Fqx "$1" && return 0
	case $1 in
	*_bucket | *_sum | *_count) echo "$histograms" | grep -Fqx "${1%_*}" ;;
	*) return 1 ;;
	esac
}

for file in "$rules" "$dashboard"; do
	names=$(grep -o 'such_market_[a-z0-9_]*' "$file" | sort -u)
	[ -n "$names" ] || offence "$file" "names no metric"
	for name in $names; do
		is_known "$name" || offence "$file" "there is no metric $name"
	done
done
if command -v jq >/dev/null; then
	said=$(jq -e '.panels | length > 0' "$dashboard" 2>&1) || offence "$dashboard" "$said"
fi

# The rules, and the panel of hits with its variables filled in, over series that are made up.
test_rules() {
	# shellcheck disable=SC2016 # a variable of the dashboard
	panel=$(jq -re '.panels[] | select(.title == "Reads that found a copy") | .targets[0].expr' "$dashboard" |
		sed -e 's/instance=~"$instance",\{0,1\}//g' -e 's/\$__rate_interval/5m/g' -e 's/[&|\\]/\\&/g')
	[ -n "$panel" ] || offence "$dashboard" "the panel of hits is not there"
	file=$(mktemp)
	sed -e "s|@RULES@|$(cd "$top" && pwd)/contrib/prometheus/such-market.rules.yml|" -e "s|@PANEL@|$panel|" \
		"$top/tests/contrib/rules.test.yml.in" >"$file"
	said=$(promtool test rules "$file" 2>&1) || offence "$rules" "$said"
	rm -f "$file"
}

if command -v promtool >/dev/null; then
	said=$(promtool check rules "$rules" 2>&1) || offence "$rules" "$said"
	! command -v jq >/dev/null || test_rules
fi
if command -v systemd-analyze >/dev/null; then
	units=$(mktemp -d) || exit 2
	trap 'rm -rf "$units"' EXIT
	for file in "$top"/etc/*.service.in "$top"/etc/*.socket.in; do
		name=${file##*/}
		sed 's|@bindir@/such-market|/bin/true|' "$file" >"$units/${name%.in}"
	done
	cp "$top"/etc/*.timer "$units"
	said=$(systemd-analyze verify --man=no "$units"/* 2>&1 | grep -F such-market)
	[ -z "$said" ] || offence etc "$said"
fi
exit $bad
