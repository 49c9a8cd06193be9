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
	load 64 /x
	classic=$rps classic_worst=$worst
	if [ "$1" = 700 ]; then
		front keep
		wrk -t2 -c64 -d"$((seconds + 8))"s "$url/x" >/dev/null &
		waited=$(curl -s -o /dev/null -m 10 -w '%{time_total}' "$url/x") || waited="over 10"
		wait $!
		row "classic loop with kept connections, 4 workers, 64 clients: one more client waits" \
			"$waited s" "shown"
	fi
	backend_stop classic

	backend mux "$state/bin/bare" mux "$run/hot.sock" 2 "$1"
	front keep
	load 64 /x
	mux=$rps
	backend_stop mux

	backend const "$state/bin/const_worker" "$run/hot.sock" 2 "$1"
	load 64 /x
	row "constant $1 bytes: worker loop / classic loop [requests a second]" \
		"$rps / $classic = $(ratio "$rps" "$classic")" "$([ "$1" = 700 ] && echo '>= 1.8' || echo '-')"
	row "constant $1 bytes: worker loop / bare multiplexing libfcgi" \
		"$rps / $mux = $(ratio "$rps" "$mux")" "-"
	row "constant $1 bytes: worst wait at 64 clients, worker loop, classic loop" \
		"$worst ms, $classic_worst ms" "no worse"
	backend_stop const
}

# --- the service

address=0x00000000000000000000000000000000000beac4

data_make() {
	printf '{"contract":"%s","name":"Bench","symbol":"B","standard":"ERC721","chain":"eth-mainnet"}\n' \
		"$address" >"$state/meta.json"
	awk 'BEGIN { for (i = 1; i <= 10000; i++)
		printf "{\"tokenId\":\"%d\",\"name\":\"Bench #%d\",\"image\":\"ipfs://bench/%d.png\"," \
			"\"attributes\":[{\"trait_type\":\"Hat\",\"value\":\"hat %d\"},{\"trait_type\":\"Eyes\",\"value\":\"eyes %d\"}," \
			"{\"trait_type\":\"Fur\",\"value\":\"fur %d\"},{\"trait_type\":\"Level\",\"value\":%d,\"display_type\":\"number\"}]}\n",
			i, i, i, i % 40, i % 17, i % 9, i % 100 }' >"$state/nfts.jsonl"
	local n
	for n in 10000 1000000; do
		awk -v n=$n 'BEGIN { print "token_id,owner_address,balance"; for (i = 1; i <= n; i++)
			printf "%d,0x%040x,1\n", i, 4096 + (i * 7919) % (n / 4) }' >"$state/owners-$n.csv"
	done
	chmod 644 "$state"/*.json "$state"/*.jsonl "$state"/*.csv
}

seconds_of() { # COMMAND...
	local begin
	begin=$(now)
	"$@" >"$log/seconds.out" 2>&1 || { cat "$log/seconds.out" >&2; fail "$1 failed"; }
	awk -v a="$begin" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'
}

bench_import() {
	local n copy took
	pg_query "create table raw_line (line text); create table raw_owner (a text, b text, c text)"
	copy=$(seconds_of pg_query "\\copy raw_line from '$state/nfts.jsonl' with (format csv, quote e'\\x01', delimiter e'\\x02')")
	took=$(seconds_of market import --json --collection "$state/meta.json" --nfts "$state/nfts.jsonl")
	row "import of 10,000 tokens with attributes / \\copy" "$took s / $copy s = $(ratio "$took" "$copy")" "<= 15"
	cp "$log/seconds.out" "$log/import-nfts.out"
	for n in 10000 1000000; do
		pg_query "truncate raw_owner"
		copy=$(seconds_of pg_query "\\copy raw_owner from '$state/owners-$n.csv' with (format csv, header)")
		took=$(seconds_of market import --json --collection "$state/meta.json" --owners "$state/owners-$n.csv")
		row "import of $n owners / \\copy" "$took s / $copy s = $(ratio "$took" "$copy")" "<= 15"
	done
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
		"$(ratio "$before" 1024) → $(ratio "$after" 1024) MB" "no growth"
}

bench_loop 700
bench_loop 40960
data_make
pg_start
pg_roles
redis_start
market_settings='workers = 1
slow_workers = 1
max_requests = 0
max_growth = 0
cache_memory = off'
market_install || true
market migrate >"$log/migrate.log" 2>&1 || { cat "$log/migrate.log" >&2; fail "migrate failed"; }
bench_import
market_start
front keep
server_wait such-market 30 curl -sf -o /dev/null "$url/health/ready"
bench_memory
bench_owner
bench_lanes

table_write table "$seconds"
