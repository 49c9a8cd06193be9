# shellcheck shell=bash
# shellcheck disable=SC2154 # top and build
# What the benchmarks share: a stack of their own in a temporary folder, load, processor time of
# processes, and the tables of docs/benchmarks.md.  Sourced with top and build set.
export LC_ALL=C.UTF-8
umask 022
PATH=$PATH:/usr/sbin:/sbin
# shellcheck source=tools/dev/state.sh
. "$top/tools/dev/state.sh"
# shellcheck source=tools/dev/servers.sh
. "$top/tools/dev/servers.sh"

say() { printf '%s\n' "$*"; }
fail() { printf 'bench: %s\n' "$*" >&2; exit 1; }

command -v wrk >/dev/null || fail "wrk is needed (apt: wrk)"

# --- a stack of its own

state=$(mktemp -d /tmp/such-market-bench-XXXXXX)
shm=$(mktemp -d /dev/shm/such-market-bench-XXXXXX 2>/dev/null || mktemp -d "$state/shm-XXXXXX")
run=$state/run log=$state/log conf=$state/conf
state_moved=no
state_user_find
state_user_make
chmod 755 "$state" "$shm"
rows=$state/rows
started=()

start() { # NAME COMMAND...
	started+=("$1")
	server_start "$@"
}

stop_all() {
	local name
	for name in nginx such-market "${started[@]}" redis postgres; do
		case $name in
		postgres) server_stop "$name" INT ;;
		*) server_stop "$name" TERM ;;
		esac
	done
}
trap 'stop_all >/dev/null; rm -rf "$state" "$shm"' EXIT
trap 'exit 1' HUP INT TERM

# Programs are copied: the servers' user may not see the build.
stack_make() {
	state_make
	cp "$build/bench/bare" "$build/bench/const_worker" "$state/bin/"
	say "| what | measured | bound | met |" >"$rows"
	say "|---|--:|---|---|" >>"$rows"
}

# The shared files of a service, where its user may make them.
shm_setting() { # NAME: prints the setting
	mkdir -p "$shm/$1"
	chmod 700 "$shm/$1"
	[ "$(id -u)" != 0 ] || chown "$server_user:" "$shm/$1"
	printf 'shm_dir = "%s"\n' "$shm/$1"
}

free_port() { # FIRST
	local port=$1
	while port_taken "$port"; do port=$((port + 1)); done
	echo "$port"
}

# A bound that begins with <, <= or >= and a number is compared with FIGURE, else with the number after
# the last = of VALUE, else with the first one in it.
met() { # VALUE BOUND FIGURE
	awk -v value="$1" -v bound="$2" -v figure="$3" 'BEGIN {
		if (split(bound, part, " ") < 2 || part[1] !~ /^(<|<=|>=)$/) { print "-"; exit }
		gsub(",", "", part[2])
		sub(/.*= /, "", value)
		if (!match(value, /[0-9.]+/)) { print "skipped"; exit }
		is = (figure == "" ? substr(value, RSTART, RLENGTH) : figure) + 0
		limit = part[2] + 0
		print (part[1] == "<" ? is < limit : part[1] == "<=" ? is <= limit : is >= limit) ? "yes" : "NO"
	}'
}
row() { # WHAT VALUE BOUND [FIGURE]
	printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$(met "$2" "$3" "${4:-}")" | tee -a "$rows"
}
skip() { # WHAT WHY BOUND
	printf '| %s | skipped: %s | %s | skipped |\n' "$@" | tee -a "$rows"
}

# Runs a part of the benchmark, and says how long it took.  ONLY names the parts to run; else all do.
part() { # FUNCTION ARGS...
	local begin=$SECONDS
	case " ${ONLY:-$1} " in *" $1 "*) ;; *) return 0 ;; esac
	"$@"
	say "  ($1: $((SECONDS - begin)) s)" >&2
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
now() { date +%s.%N; }
in_ms() { awk '{ n = $1 + 0; print $1 ~ /us$/ ? n / 1000 : $1 ~ /ms$/ ? n : n * 1000 }'; }

children() { # PID
	cat "/proc/$1/task/$1/children"
}

# Ends a yardstick and its forked workers.
backend_stop() { # NAME
	local pid child all
	pid=$(server_pid "$1")
	all=$(children "$pid")
	for child in $all; do kill "$child" || true; done
	server_gone "$1" 5 || server_stop "$1" TERM
	rm -f "$run/$1.started"
}

# User and system time of processes, in clock ticks.
cpu_of() { # PIDS...
	local pid line sum=0
	for pid in "$@"; do
		read -r line <"/proc/$pid/stat"
		line=${line##*) }
		# shellcheck disable=SC2086 # fields
		set -- $line
		sum=$((sum + ${12} + ${13}))
	done
	echo $sum
}

# Workers of a lane, by their titles.
workers() { # hot|slow [NAME]
	local pid
	for pid in $(children "$(server_pid "${2:-such-market}")"); do
		! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "worker.*$1" || echo "$pid"
	done
}

# A table stands between <!-- NAME --> and the next <!-- end -->.
table_write() { # NAME SECONDS
	local doc=${OUT:-$top/docs/benchmarks.md}
	cp "$rows" "$build/bench/${1// /-}.md"
	[ -z "${ONLY:-}" ] || return 0
	awk -v mark="<!-- $1 -->" -v rows="$rows" -v line="$(nproc) processors, $(awk -F': ' \
		'/model name/ { print $2; exit }' /proc/cpuinfo), $2 s a row, $(date -u +%Y-%m-%d)." '
		$0 == mark { print; print ""; print line; print ""
			while ((getline text < rows) > 0) print text
			print ""; inside = 1 }
		$0 == "<!-- end -->" { inside = 0 }
		!inside' "$doc" >"$state/doc"
	cat "$state/doc" >"$doc"
}
