#!/bin/bash
# `make bench`: measures on private servers and writes docs/benchmarks.md's table.  Ratios of one
# run are what counts; absolute numbers are this machine's.  Needs wrk; takes about five minutes.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=${BUILD:-$top/build}
seconds=${SECONDS_EACH:-5}   # a row of load
growth=${GROWTH:-1000000}    # requests in which memory may not grow
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

stack_make
port=$(free_port 18100)
url=http://127.0.0.1:$port

# wrk CONNECTIONS PATH: sets rps, p99 and worst (ms), count
load() {
	local out
	out=$(wrk -t2 -c"$1" -d"$seconds"s --latency --timeout 30s "$url$2")
	rps=$(awk '/^Requests\/sec/ { print $2 }' <<<"$out")
	count=$(awk '/requests in/ { print $1 }' <<<"$out")
	p99=$(awk '$1 == "99%" { print $2 }' <<<"$out" | in_ms)
	worst=$(awk '$1 == "Latency" && NF > 3 { print $4 }' <<<"$out" | in_ms)
	! grep -q 'Non-2xx' <<<"$out" || fail "$2 was not answered well: $out"
}
# The same three times: the medians, since the worst wait of a round is a single request's.
load_thrice() { # CONNECTIONS PATH
	local i
	rm -f "$state"/round-*
	for i in 1 2 3; do
		load "$@"
		echo "$rps" >>"$state/round-rate"
		echo "$worst" >>"$state/round-worst"
	done
	# shellcheck disable=SC2046 # lists of numbers
	rps=$(median $(<"$state/round-rate")) worst=$(median $(<"$state/round-worst"))
}
front() { # keep|close: nginx in front of $run/hot.sock
	server_stop nginx TERM
	nginx_write
	cp "$conf/such-market-site.new" "$conf/such-market.site.conf"
	[ "$1" = keep ] || sed -i -e 's/fastcgi_keep_conn on/fastcgi_keep_conn off/' \
		-e '/^\tkeepalive/{/requests 100000;/!d}' "$conf/such-market.site.conf"
	server_start nginx /usr/sbin/nginx -e "$log/nginx.log" -p "$run" -c "$conf/nginx.conf"
	server_wait nginx 10 port_taken "$port"
}

backend() { # NAME COMMAND...: something that listens on hot.sock
	rm -f "$run/hot.sock"
	start "$@"
	server_wait "$1" 10 test -S "$run/hot.sock"
}

# --- the worker loop

bench_loop() { # BYTES
	local classic classic_worst mux waited
	backend classic "$state/bin/bare" classic "$run/hot.sock" 4 "$1"
	front close
	load_thrice 64 /x
	classic=$rps classic_worst=$worst
	if [ "$1" = 700 ]; then
		front keep
		wrk -t2 -c64 -d"$((seconds + 8))"s "$url/x" >/dev/null &
		sleep 1
		waited=$(for _ in {1..16}; do
			curl -s -o /dev/null -m 10 -w '%{time_total}\n' "$url/x" &
		done | sort -n | tail -n 1)
		wait $!
		row "classic loop with kept connections, 4 workers, 64 clients: the longest of 16 more waits (at most 10)" \
			"$waited s" "shown"
	fi
	backend_stop classic

	backend mux "$state/bin/bare" mux "$run/hot.sock" 2 "$1"
	front keep
	load_thrice 64 /x
	mux=$rps
	backend_stop mux

	backend const "$state/bin/const_worker" "$run/hot.sock" 2 "$1"
	load_thrice 64 /x
	row "constant $1 bytes: worker loop / classic loop [requests a second]" \
		"$rps / $classic = $(ratio "$rps" "$classic")" "$([ "$1" = 700 ] && echo '>= 1.8' || echo '-')"
	row "constant $1 bytes: worker loop / bare multiplexing libfcgi" \
		"$rps / $mux = $(ratio "$rps" "$mux")" "-"
	row "constant $1 bytes: worst wait at 64 clients, worker loop / classic loop" \
		"$worst ms / $classic_worst ms = $(ratio "$worst" "$classic_worst")" \
		"$([ "$1" = 700 ] && echo '<= 1' || echo '-')"
	backend_stop const
}

# --- the service

address=0x00000000000000000000000000000000000beac4

# Wallets are spread over all addresses, as real ones are.
owners_make() { # ROWS WALLETS TOKENS (0: a token a row)
	awk -v n="$1" -v wallets="$2" -v tokens="$3" 'BEGIN {
		print "token_id,owner_address,balance"
		for (i = 0; i < n; i++) {
			w = (i * 7919) % wallets + 1
			printf "%d,0x%08x%08x%024x,1\n", tokens ? int(i * tokens / n) + 1 : i + 1,
				(w * 2654435761) % 4294967296, (w * 69069) % 4294967296, w
		}
	}'
}

data_make() {
	printf '{"contract":"%s","name":"Bench","symbol":"B","standard":"ERC721","chain":"eth-mainnet"}\n' \
		"$address" >"$state/meta.json"
	awk 'BEGIN { for (i = 1; i <= 10000; i++)
		printf "{\"tokenId\":\"%d\",\"name\":\"Bench #%d\",\"image\":\"ipfs://bench/%d.png\"," \
			"\"attributes\":[{\"trait_type\":\"Hat\",\"value\":\"hat %d\"},{\"trait_type\":\"Eyes\",\"value\":\"eyes %d\"}," \
			"{\"trait_type\":\"Fur\",\"value\":\"fur %d\"},{\"trait_type\":\"Level\",\"value\":%d,\"display_type\":\"number\"}]}\n",
			i, i, i, i % 40, i % 17, i % 9, i % 100 }' >"$state/nfts.jsonl"
	sed 's/ERC721/ERC1155/' "$state/meta.json" >"$state/meta-editions.json"
	owners_make 10000 2500 0 >"$state/owners-10000.csv"
	owners_make 1000000 250000 0 >"$state/owners-1000000.csv"
	owners_make 1000000 294000 1000 >"$state/owners-editions.csv"
	chmod 644 "$state"/*.json "$state"/*.jsonl "$state"/*.csv
}

seconds_of() { # COMMAND...
	local begin
	begin=$(now)
	"$@" >"$log/seconds.out" 2>&1 || { cat "$log/seconds.out" >&2; fail "$1 failed"; }
	awk -v a="$begin" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'
}

fresh_base() {
	pg_query "drop database if exists such_market"
	pg_roles
	market migrate >"$log/migrate.log" 2>&1 || { cat "$log/migrate.log" >&2; fail "migrate failed"; }
}

copies='' takes='' # seconds, a run each
copy_of() { # TABLE FILE OPTIONS
	pg_query "truncate $1"
	copies+=" $(seconds_of pg_query "\\copy $1 from '$2' with ($3)")"
}
import_of() { # ARGS...
	takes+=" $(seconds_of market import --json "$@")"
}
median() { # NUMBERS...
	printf '%s\n' "$@" | sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'
}
import_row() { # WHAT BOUND
	local copy took
	# shellcheck disable=SC2086 # lists of numbers
	copy=$(median $copies) took=$(median $takes)
	row "import of $1 / \\copy" "$took s / $copy s = $(ratio "$took" "$copy")" "$2"
	copies='' takes=''
}

# Each run has a base of its own; the last one stays for the service.
bench_import() {
	local csv="format csv, header"
	pg_query "create table raw_line (line text); create table raw_owner (a text, b text, c text)"
	for _ in 1 2 3; do
		fresh_base
		copy_of raw_owner "$state/owners-editions.csv" "$csv"
		import_of --collection "$state/meta-editions.json" --owners "$state/owners-editions.csv"
	done
	import_row "1,000,000 owners: 1,000 tokens of an ERC-1155, 294,000 wallets" "<= 15"
	fresh_base
	copy_of raw_owner "$state/owners-1000000.csv" "$csv"
	import_of --collection "$state/meta.json" --owners "$state/owners-1000000.csv"
	import_row "1,000,000 owners of as many new tokens (one run)" "shown"
	for _ in 1 2 3; do
		fresh_base
		copy_of raw_owner "$state/owners-10000.csv" "$csv"
		import_of --collection "$state/meta.json" --owners "$state/owners-10000.csv"
	done
	import_row "10,000 owners of as many new tokens" "<= 15"
	for _ in 1 2 3; do
		fresh_base
		copy_of raw_line "$state/nfts.jsonl" "format csv, quote e'\\x01', delimiter e'\\x02'"
		import_of --collection "$state/meta.json" --nfts "$state/nfts.jsonl"
	done
	import_row "10,000 tokens with attributes" "<= 15"
}

data_import() {
	market import --collection "$state/meta.json" --nfts "$state/nfts.jsonl" \
		--owners "$state/owners-10000.csv" >/dev/null
	pg_query "vacuum analyze" such_market
}

private_kb() { # PIDS...: the largest
	local pid
	for pid in "$@"; do
		awk '/^Private_/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup"
	done | sort -n | tail -n 1
}

# CPU of a process group a request, in microseconds, for owner reads.
owner_cpu() { # PIDS...
	local begin
	begin=$(cpu_of "$@")
	load 8 "/api/collection/$address/nfts/77/owner"
	awk -v t="$(($(cpu_of "$@") - begin))" -v n="$count" -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%.2f", t / hz * 1e6 / n }'
}

bench_owner() {
	local ours bare pids
	mapfile -t pids < <(workers hot)
	ours=$(owner_cpu "${pids[@]}")
	server_stop such-market TERM
	backend owner "$state/bin/bare" owner "$run/hot.sock" 1 "$(pg_url such_market_app)"
	front keep
	# shellcheck disable=SC2046 # a list of pids
	bare=$(owner_cpu $(children "$(server_pid owner)"))
	backend_stop owner
	market_start
	front keep
	row "owner read, CPU of the worker / of bare libfcgi with the same statement [µs a request]" \
		"$ours / $bare = $(ratio "$ours" "$bare")" "<= 1.6"
}

# Reading a user takes nearly two seconds: a view that sleeps stands in for the table.
slow_users() {
	pg_query "alter table such_market.fc_users rename to users;
		create view such_market.fc_users as
			select u.* from (select pg_sleep(1.9)) s, such_market.users u;
		grant select on such_market.fc_users to such_market_app;
		insert into such_market.users (fid) values (1)" such_market
}

bench_keys() {
	local ns
	ns=$("$build/bench/key_check" "$(pg_url such_market_app)")
	row "check of a remembered key, 10,000,000 in one process" "$ns ns" "<= 2,000 ns"
}

bench_counters() {
	local values
	mapfile -t values < <("$build/bench/counters" "unix://$run/redis.sock")
	row "counting one request, 10,000,000 in one process" "${values[0]} ns" "<= 200 ns"
	row "a full minute of counters to Redis, every cell" "${values[1]} ms" "shown"
	row "/metrics of 64 process slots" "${values[2]} ms" "shown"
}

bench_lanes() {
	local free slow
	load 8 "/api/collection/$address/nfts/77/owner"
	free=$p99
	slow_users
	wrk -t1 -c8 -d"$((seconds + 4))"s --timeout 30s "$url/api/users/1" >"$log/slow.out" &
	slow=$!
	sleep 1
	load 8 "/api/collection/$address/nfts/77/owner"
	wait $slow
	row "hot lane p99 while queries of 2 s occupy the slow lane; without them" \
		"$p99 ms; $free ms" "shown"
}

bench_memory() {
	local pids before after total=0 s=$seconds
	mapfile -t pids < <(workers hot)
	before=$(private_kb "${pids[@]}")
	row "private memory of an idle worker" "$(ratio "$before" 1024) MB" "< 12 MB"
	load 16 "/api/collection/$address/nfts/77/owner"
	before=$(private_kb "${pids[@]}")
	seconds=15
	while [ $total -lt "$growth" ]; do
		load 16 "/api/collection/$address/nfts/77/owner"
		total=$((total + count))
	done
	seconds=$s
	after=$(private_kb "${pids[@]}")
	row "private memory after $total more requests, recycling off" \
		"$(ratio "$before" 1024) → $(ratio "$after" 1024) MB, $((after - before)) kB more" \
		"<= 64 kB more" "$((after - before))"
}

part bench_loop 700
part bench_loop 40960
data_make
pg_start
pg_roles
redis_start
market_settings="workers = 1
slow_workers = 1
max_requests = 0
max_growth = 0
cache_memory = off
redis = off
$(shm_setting hot)"
market_install || true
market migrate >"$log/migrate.log" 2>&1 || { cat "$log/migrate.log" >&2; fail "migrate failed"; }
part bench_import
data_import
market_start
front keep
server_wait such-market 30 curl -sf -o /dev/null "$url/health/ready"
part bench_keys
part bench_counters
part bench_memory
part bench_owner
part bench_lanes

table_write table "$seconds"
