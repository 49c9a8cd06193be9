#!/bin/bash
# `make bench`: what copies save and cost, beside bare libfcgi programs and the usual Node stacks
# (bench/peers).  Writes the second table of docs/benchmarks.md; takes about four minutes.
# front() changes run and conf for itself alone; over() reads rates and cpus by name.
# shellcheck disable=SC2031,SC2034
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=${BUILD:-$top/build}
seconds=${SECONDS_EACH:-2} # a round of load; a row has three
tokens=10000
# shellcheck source=bench/lib.sh
. "$top/bench/lib.sh"

address=0x00000000000000000000000000000000000beac4
token_path=/api/collection/$address/nfts/77
page_path="/api/collection/$address/nfts?pageSize=64"
declare -A url=() pids=()

# --- fronts: one nginx each, all of the same configuration

front() { # NAME fcgi|close|http SOCKET
	local name=$1 dir=$state/front-$1 port site
	port=$(free_port $((18200 + ${#url[@]})))
	site=$dir/such-market.site.conf
	mkdir -p "$dir"
	# shellcheck disable=SC2030 # only for nginx_write
	(
		run=$dir conf=$dir
		nginx_write
		mv "$dir/such-market-site.new" "$site"
	)
	sed -i "s|unix:$dir/hot.sock|unix:$3|; s|unix:$dir/slow.sock|unix:$(dirname "$3")/slow.sock|" "$site"
	case $2 in
	close)
		sed -i -e 's/fastcgi_keep_conn on/fastcgi_keep_conn off/' \
			-e '/^\tkeepalive/{/requests 100000;/!d}' "$site" ;;
	http)
		# shellcheck disable=SC2016 # nginx's variable
		sed -i -e 's|fastcgi_pass $such_market_lane;|proxy_pass http://such_market_hot;|' \
			-e 's|^\tfastcgi_keep_conn on;|\tproxy_http_version 1.1; proxy_set_header Connection "";|' \
			-e '/^\tfastcgi_buffer_size/i\	proxy_buffer_size 64k; proxy_buffers 16 64k;' "$site" ;;
	esac
	chmod 700 "$dir"
	[ "$(id -u)" != 0 ] || chown -R "$server_user:" "$dir"
	start "nginx-$name" /usr/sbin/nginx -e "$log/nginx.log" -p "$dir" -c "$dir/nginx.conf"
	server_wait "nginx-$name" 10 port_taken "$port"
	url[$name]=http://127.0.0.1:$port
}

backend() { # NAME fcgi|close|http COMMAND...: COMMAND's SOCKET is $sock
	local name=$1 kind=$2
	shift 2
	start "$name" "$@"
	server_wait "$name" 30 test -S "$run/$name.sock"
	[ -n "${url[$name]:-}" ] || front "$name" "$kind" "$run/$name.sock"
	server_wait "$name" 30 curl -sf -o /dev/null "${url[$name]}$token_path"
	pids[$name]=$(children "$(server_pid "$name")")
}

# --- such-market, several of it on one database

market_up() { # NAME SETTINGS
	local name=$1 dir=$state/run-$1
	mkdir -p "$dir"
	chmod 700 "$dir"
	[ "$(id -u)" != 0 ] || chown "$server_user:" "$dir"
	printf '%s\n' "$2" "run_dir = \"$dir\"" "$(shm_setting "$name")" >"$state/own"
	awk 'NR == FNR { own[$1]; next } !($1 in own)' "$state/own" "$conf/such-market.conf" |
		cat - "$state/own" >"$conf/$name.conf"
	chmod 644 "$conf/$name.conf"
	start "$name" "$state/bin/${program:-such-market}" serve --config="$conf/$name.conf"
	server_wait "$name" 20 test -S "$dir/slow.sock"
	front "$name" fcgi "$dir/hot.sock"
	server_wait "$name" 30 curl -sf -o /dev/null "${url[$name]}/health/ready"
	pids[$name]=$(workers hot "$name" | xargs)
}

market_down() { # NAME
	server_stop "$1" TERM
	server_stop "nginx-$1" TERM
}

metric() { # NAME METRIC
	curl -sf "${url[$1]}/metrics" | awk -v m="such_market_$2" '$1 == m { print $2 }'
}

data_make() {
	printf '{"contract":"%s","name":"Bench","symbol":"B","standard":"ERC721","chain":"eth-mainnet"}\n' \
		"$address" >"$state/meta.json"
	awk -v n=$tokens 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"tokenId\":\"%d\",\"name\":\"Bench #%d\",\"image\":\"ipfs://bench/%d.png\"," \
			"\"attributes\":[{\"trait_type\":\"Hat\",\"value\":\"hat %d\"},{\"trait_type\":\"Eyes\",\"value\":\"eyes %d\"}," \
			"{\"trait_type\":\"Fur\",\"value\":\"fur %d\"},{\"trait_type\":\"Level\",\"value\":%d,\"display_type\":\"number\"}]}\n",
			i, i, i, i % 40, i % 17, i % 9, i % 100 }' >"$state/nfts.jsonl"
	awk -v n=$tokens 'BEGIN { print "token_id,owner_address,balance"; for (i = 1; i <= n; i++)
		printf "%d,0x%040x,1\n", i, 4096 + (i * 7919) % (n / 4) }' >"$state/owners.csv"
	chmod 644 "$state/meta.json" "$state/nfts.jsonl" "$state/owners.csv"
	market import --collection "$state/meta.json" --nfts "$state/nfts.jsonl" \
		--owners "$state/owners.csv" >"$log/import.log" 2>&1 || fail "$(cat "$log/import.log")"
	pg_query "vacuum analyze" such_market
}

# --- load

# Processor time of processes [ns]: finer than the ticks of stat where the kernel tells.
cpu_ns() { # PIDS...
	local pid sum=0 ns
	if [ -r "/proc/$1/schedstat" ]; then
		for pid in "$@"; do
			read -r ns _ <"/proc/$pid/schedstat"
			sum=$((sum + ns))
		done
		echo "$sum"
	else
		echo "$(($(cpu_of "$@") * (1000000000 / $(getconf CLK_TCK))))"
	fi
}

# One round: sets rps, count, p50 (ms) and cpu (µs a request of the contender's workers).
load() { # NAME PATH [WRK-OPTIONS...]
	local name=$1 path=$2 out begin
	shift 2
	# shellcheck disable=SC2086 # a list of pids
	begin=$(cpu_ns ${pids[$name]})
	out=$(wrk -t2 -c64 -d"$seconds"s --latency --timeout 30s -H 'Accept-Encoding: gzip' "$@" \
		"${url[$name]}$path" ${script_args[@]:+-- "${script_args[@]}"})
	! grep -q 'Non-2xx' <<<"$out" || fail "$name did not answer $path well: $out"
	rps=$(awk '/^Requests\/sec/ { print $2 }' <<<"$out")
	count=$(awk '/requests in/ { print $1 }' <<<"$out")
	p50=$(awk '$1 == "50%" { print $2 }' <<<"$out" | in_ms)
	# shellcheck disable=SC2086
	cpu=$(awk -v t="$(($(cpu_ns ${pids[$name]}) - begin))" -v n="$count" \
		'BEGIN { printf "%.2f", t / 1000 / n }')
}
script_args=()

# Three interleaved rounds of all contenders, after one that does not count (compilers warm up):
# medians in rates[NAME], cpus[NAME].
declare -A rates=() cpus=()
compete() { # PATH NAMES...
	local path=$1 name round
	shift
	rm -f "$state"/round-*
	for name in "$@"; do load "$name" "$path"; done
	for round in 1 2 3; do
		for name in "$@"; do
			load "$name" "$path"
			echo "$rps" >>"$state/round-rate-$name"
			echo "$cpu" >>"$state/round-cpu-$name"
			[ -z "${VERBOSE:-}" ] || say "  $round $name $rps/s $cpu µs" >&2
		done
	done
	for name in "$@"; do
		rates[$name]=$(median <"$state/round-rate-$name")
		cpus[$name]=$(median <"$state/round-cpu-$name")
	done
}

over() { # WHAT rates|cpus OURS THEIRS BOUND
	local -n of=$2
	row "$1" "${of[$3]} / ${of[$4]} = $(ratio "${of[$3]}" "${of[$4]}")" "$5"
}

# The hit as it leaves the worker: headers but those of nginx, and the body.
answer_take() { # PATH FILE
	local i
	for i in 1 2; do
		curl -sf -H 'Accept-Encoding: gzip' -D "$state/head" -o "$state/body" "${url[on]}$1"
	done
	grep -q 'detail=memory' "$state/head" || fail "$1 is not kept in memory"
	sed -E '/^(HTTP|Server:|Date:|Connection:|Transfer-Encoding:)/d' "$state/head" |
		cat - "$state/body" >"$2"
	chmod 644 "$2"
	body_bytes=$(stat -c %s "$state/body")
}

peers_install() {
	mkdir -p "$build/peers"
	cp "$top/bench/peers/package.json" "$build/peers/"
	if ! command -v node >/dev/null || ! command -v npm >/dev/null ||
		! (cd "$build/peers" && npm install --no-audit --no-fund --no-package-lock \
			--ignore-scripts >"$log/npm.log" 2>&1); then
		return 1
	fi
	cp -R "$build/peers" "$state/peers"
	cp "$top"/bench/peers/*.js "$state/peers/"
	chmod -R go=rX "$state/peers"
}

peers=no
peers_find() {
	if peers_install; then
		peers=yes
	else
		skip "hit / Fastify + lru-cache" "npm is not reachable" ">= 1.6; page >= 1.2"
		skip "hit / NestJS + cache-manager + Redis" "npm is not reachable" ">= 5"
	fi
}

bench_hit() { # LABEL PATH FASTIFY-BOUND
	local label=$1 path=$2 answer=$state/answer.http all=(on mux batch classic) plain
	plain=$(curl -sf --compressed "${url[on]}$path" | wc -c)
	answer_take "$path" "$answer"
	label="$label, $plain bytes"
	[ "$body_bytes" = "$plain" ] || label="$label ($body_bytes compressed)"
	backend mux fcgi "$state/bin/bare" mux "$run/mux.sock" 2 "$answer"
	backend batch fcgi chrt -b 0 "$state/bin/bare" mux "$run/batch.sock" 2 "$answer"
	backend classic close "$state/bin/bare" classic "$run/classic.sock" 4 "$answer"
	if [ $peers = yes ]; then
		redis-cli -s "$run/redis.sock" flushall >/dev/null
		backend fastify http node "$state/peers/fastify.js" "$run/fastify.sock" 2 "$answer"
		backend nest http node "$state/peers/nest.js" "$run/nest.sock" 2 "$answer" "$run/redis.sock"
		all+=(fastify nest)
	fi
	compete "$path" "${all[@]}"
	over "$label: processor time of the workers, hit / bare multiplexing libfcgi [µs a request]" cpus on mux "<= 1.25"
	over "$label: hit / bare multiplexing libfcgi [requests a second]" rates on mux ">= 0.9"
	over "$label: processor time of the workers, hit / bare multiplexing libfcgi, that under SCHED_BATCH too" cpus on batch "shown"
	over "$label: hit / classic loop" rates on classic ">= 1.8"
	if [ $peers = yes ]; then
		over "$label: hit / Fastify + lru-cache" rates on fastify ">= $3"
		over "$label: hit / NestJS + cache-manager + Redis" rates on nest ">= 5"
		over "$label: processor time of the workers, Fastify + lru-cache / hit" cpus fastify on "shown"
		over "$label: processor time of the workers, NestJS (Redis's own not counted) / hit" cpus nest on "shown"
	fi
	for plain in "${all[@]:1}"; do
		backend_stop "$plain"
		rm -f "$run/$plain.sock"
	done
}

bench_calls() {
	local pid=${pids[on]%% *} out=$state/calls calls
	if ! command -v strace >/dev/null; then
		skip "system calls of a hit" "no strace" "<= 0 others"
		return
	fi
	wrk -t1 -c8 -d4s "${url[on]}$token_path" >/dev/null &
	sleep 1
	timeout -s INT 2 strace -c -f -U name,calls -o "$out" -p "$pid" 2>/dev/null || true
	wait $!
	if [ ! -s "$out" ]; then
		skip "system calls of a hit" "strace may not attach" "<= 0 others"
		return
	fi
	calls=$(awk '$2 ~ /^[0-9]+$/ && $1 != "total" { c[$1] = $2 }
		END { answers = c["sendto"] + c["sendmsg"] + c["writev"]
			for (n in c) if (c[n] > answers / 100) {
				printf "%s %.2f, ", n, c[n] / answers
				if (n !~ /^(read|recvfrom|sendto|sendmsg|writev|epoll_p?wait)$/) others += c[n] / answers
			}
			printf "others %.2f", others }' "$out")
	row "system calls of a hit but FastCGI's read and write and epoll" "$calls" "<= 0 others" "${calls##* }"
}

# Everything is read once, in turns, by a client that waits between requests.
bench_miss() { # LABEL NAME SCRIPT STEP
	local round name order
	rm -f "$state"/round-*
	for round in 0 1 2; do
		order=(off "$2")
		[ $((round % 2)) = 0 ] || order=("$2" off)
		for name in "${order[@]}"; do
			script_args=("$address" $((round * $4)) 2)
			load "$name" / -t1 -c1 -s "$top/bench/$3"
			[ "$count" -lt "$4" ] || fail "the rounds of $3 meet"
			echo "$p50" >>"$state/round-p50-$name"
		done
	done
	script_args=()
	rates[$2]=$(median <"$state/round-p50-$2") rates[off]=$(median <"$state/round-p50-off")
	over "$1: requester's latency, database miss / without the cache [ms, median]" rates "$2" off "<= 1.4"
}

bench_misses() {
	market_up off 'workers = 2
redis = off
cache_memory = off'
	clear_all
	bench_miss "token, Redis asked first" on tokens.lua 3300
	clear_all
	bench_miss "page of 51 to 100 tokens, Redis asked first" on pages.lua 1600
	market_up alone 'workers = 2
redis = off'
	bench_miss "token, no Redis" alone tokens.lua 3300
	market_down off
	market_down alone
}

# A copy that another machine left in Redis: each is read once, since then it is in memory too.
bench_redis() {
	local round hits answer=$state/answer.http
	answer_take "$token_path" "$answer"
	rm -f "$state"/round-*
	awk -v n=$tokens -v p="${token_path%/*}" 'BEGIN { for (i = 1; i <= n; i++) print p "/" i }' >"$state/keys"
	# An answer below cache_compress_above is text.
	awk -v bytes="$(stat -c %s "$answer")" -v RS='\001' 'NR == FNR { text = $0; next }
		{ n = split($0, key, "\n"); for (i = 1; i < n; i++)
			printf "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", length(key[i]), key[i], bytes, text }' \
		"$answer" "$state/keys" | redis-cli -s "$run/redis.sock" --pipe >"$log/pipe.log"
	backend get fcgi "$state/bin/bare" redis "$run/get.sock" 2 "$run/redis.sock"
	# It has been running for a while: its memory was full already, so no page of it is touched for the first time.
	market_up second 'workers = 2
cache_memory_bytes = 16m
warm_start = off'
	for round in 1 2 3; do
		clear_all
		script_args=("$address" 0 0)
		seconds=4 load second / -t1 -c8 -s "$top/bench/tokens.lua"
	done
	for round in 1 2 3 4 5; do
		# A machine trusts no copy from before it began to listen.
		clear_all
		script_args=("$address" 0 0)
		seconds=4 load on / -t1 -c8 -s "$top/bench/tokens.lua"
		script_args=("$address" 0 1)
		hits=$(metric second cache_redis_hits_total)
		seconds=1 load get / -t1 -c8 -s "$top/bench/tokens.lua"
		echo "$cpu" >>"$state/round-cpu-get"
		seconds=1 load second / -t1 -c8 -s "$top/bench/tokens.lua"
		hits=$(($(metric second cache_redis_hits_total) - hits))
		[ -z "${VERBOSE:-}" ] || say "  $round: $count reads, $hits from Redis, $cpu µs; yardstick $(tail -n 1 "$state/round-cpu-get") µs" >&2
		[ $hits -ge $((count * 9 / 10)) ] || fail "copies are not in Redis"
		echo "$cpu" >>"$state/round-cpu-second"
	done
	market_down second
	script_args=()
	cpus[second]=$(median <"$state/round-cpu-second") cpus[get]=$(median <"$state/round-cpu-get")
	over "token: processor time of the workers, hit in Redis / bare libfcgi + hiredis GET [µs a request]" cpus second get "<= 1.3"
	backend_stop get
}

clear_all() {
	pg_query "select such_market.cache_clear_all()" such_market >/dev/null
	sleep 0.5
}

bench_ratio() {
	local h m hits misses
	h=$(awk -F'[ ,]+' '/^hit ratio of/ { print $9, $11 }' <<<"$("$build/tests/cache/test_memory" 2>/dev/null || true)")
	[ -n "$h" ] || fail "tests/cache/test_memory prints no hit ratio"
	row "hit ratio, Zipf(0.9) with a scan through it: ours / exact LRU of the same bytes" \
		"${h% *} / ${h#* } = $(ratio "${h% *}" "${h#* }")" ">= 1"
	script_args=("$address" "$tokens")
	seconds=4 load on / -s "$top/bench/zipf.lua"
	load on / -s "$top/bench/zipf.lua"
	cat >"$state/write.sql" <<END
\\set id random_zipfian(1, $tokens, 1.001)
update such_market.nfts set updated_at = now() where contract_address = '\\x${address#0x}' and token_id = :id;
END
	chmod 644 "$state/write.sql"
	h=$(metric on cache_memory_hits_total) m=$(metric on cache_memory_misses_total)
	"$(pg_bin pgbench)" -n -h "$run" -U postgres -c 4 -f "$state/write.sql" -T "$((seconds + 1))" \
		-R "$(awk -v r="$rps" 'BEGIN { print int(r / 100) + 1 }')" such_market >"$log/pgbench.log" 2>&1 &
	seconds=$((seconds + 1)) load on / -s "$top/bench/zipf.lua"
	wait $!
	hits=$(($(metric on cache_memory_hits_total) - h))
	misses=$(($(metric on cache_memory_misses_total) - m))
	script_args=()
	row "hit ratio, Zipf(0.9), $((hits + misses)) reads and $(awk '/actually processed/ { print $NF }' "$log/pgbench.log") writes beside them" \
		"$(ratio $((hits * 100)) $((hits + misses))) %" ">= 95 %"
}

# The same program without its counters, built for this row.
bench_counted() {
	local tree=$state/uncounted
	mkdir "$tree"
	if ! (cd "$tree" && "$top/configure" -q CPPFLAGS=-DDISABLE_COUNTERS && make -j2) \
		>"$log/uncounted-build.log" 2>&1; then
		skip "token: processor time of a hit, counters on / compiled out" "it does not build" "shown"
		return
	fi
	cp "$tree/such-market" "$state/bin/such-market-uncounted"
	market_up counted 'workers = 2'
	program=such-market-uncounted market_up uncounted 'workers = 2'
	compete "$token_path" counted uncounted
	over "token: processor time of a hit, counters on / compiled out [µs]" cpus counted uncounted "shown"
	market_down counted
	market_down uncounted
}

# The mapping's pages, as each process of a stack holds its share of them.
mapping_kb() { # NAME FIELD
	local pid
	for pid in $(server_pid "$1") $(children "$(server_pid "$1")"); do
		awk -v f="$2:" '/^[0-9a-f]+-/ { in_map = /such-market.*cache/ } in_map && $1 == f { n += $2 }
			END { print n + 0 }' "/proc/$pid/smaps"
	done
}

bench_eight() {
	local i before worst=0 got share most
	market_up eight 'workers = 8'
	script_args=("$address" "$tokens")
	load eight / -s "$top/bench/zipf.lua"
	script_args=()
	share=$(mapping_kb eight Pss | awk '{ n += $1 } END { printf "%.1f", n / 1024 }')
	most=$(mapping_kb eight Rss | sort -n | awk 'END { printf "%.1f", $1 / 1024 }')
	row "one mapping, 8 workers and their neighbours: what all hold of it / the most that one sees [MB]" \
		"$share / $most = $(ratio "$share" "$most")" "<= 1.1"
	for i in 1 2 3; do
		wrk -t2 -c64 -d3s "${url[eight]}$token_path" >/dev/null &
		sleep 1
		before=$(metric eight cache_fills_total)
		pg_query "update such_market.nfts set updated_at = now() where token_id = 77" such_market
		wait $!
		got=$(($(metric eight cache_fills_total) - before))
		[ "$got" -gt 0 ] || fail "the write was not seen"
		[ "$got" -le "$worst" ] || worst=$got
	done
	row "database reads after a write to a token that 64 clients ask 8 workers for; worst of 3" "$worst" "<= 2"
	market_down eight
}

# Two machines of their own: acknowledged by one until it is seen on the other.
bench_seen() {
	local words median worst
	local -A bound=([with]="< 10 ms" [without]="< 110 ms")
	top_srcdir=$top top_builddir=$build "$build/bench/seen" 60 >"$state/seen" 2>"$log/seen.log" || fail "$(cat "$log/seen.log")"
	while read -r words median worst; do
		row "acknowledged write to visible on another machine, $words Redis [ms, median; 95 of 100]" \
			"$median; $worst" "${bound[$words]}"
	done <"$state/seen"
}

# --- single transfers

wallets=8 # connections of pgbench, and workers of the slow lane

# Collections of editions: holder 1 has plenty of each token, holder 2 some.
transfers_make() {
	pg_query "
		create temp table c as select n, decode(lpad(to_hex(n), 40, '0'), 'hex') as a
			from (select x'be00'::integer + g as n from generate_series(0, 63) as g) as s;
		insert into such_market.collections (contract_address, token_type) select a, 'ERC1155' from c;
		insert into such_market.nfts (contract_address, token_id)
			select a, t from c, generate_series(1, 160) as t;
		insert into such_market.nft_ownership (contract_address, token_id, owner_address, balance)
			select a, t, decode(lpad(h::text, 40, '0'), 'hex'), 1000000000
			from c, generate_series(1, 160) as t, generate_series(1, 2) as h" such_market
	pg_query "vacuum analyze" such_market
}

# What a worker sends to the database, without the worker.
transfers_script() { # COLLECTIONS
	cat <<END
\\set n :n + 1
\\set token 81 + :client_id * 10 + mod(:n, 10)
\\set collection mod(:n * 13 + :client_id, $1)
begin;
select w.outcome, w.place, w.held, w.answer, w.earlier from such_market.record_transfers_once(
	:run::text || '.' || :client_id::text || '.' || :n::text, false, 'POST transfers',
	sha256(:n::text::bytea), decode(lpad(to_hex(x'be00'::integer + :collection), 40, '0'), 'hex'),
	('[{"i":0,"token":"' || :token::text || '","from":"0000000000000000000000000000000000000001",'
	'"to":"0000000000000000000000000000000000000002","quantity":"1","origin":"'
	|| lpad(:run::text || lpad(:client_id::text, 4, '0') || lpad(:n::text, 16, '0'), 64, 'f')
	|| '","synthetic": false,"log":0,"batch":0}]')::json) as w;
commit;
END
}

transfers_pgbench() { # RUN: prints transactions a second
	"$(pg_bin pgbench)" -n -M prepared -h "$run" -U such_market_app -c $wallets -j 2 -D n=0 -D "run=$1" \
		-f "$state/transfers.sql" -T "$seconds" such_market >"$log/pgbench.log" 2>&1 ||
		fail "pgbench: $(cat "$log/pgbench.log")"
	awk '/^tps/ { printf "%.2f\n", $3 }' "$log/pgbench.log"
}

bench_transfers() { # COLLECTIONS LABEL
	local round before key
	key=$(market key create --role operator --name "bench $1" 2>/dev/null | grep -o 'sm_[0-9A-Za-z_-]*' | head -n 1)
	transfers_script "$1" >"$state/transfers.sql"
	chmod 644 "$state/transfers.sql"
	rm -f "$state"/round-*
	before=$(pg_query "select count(*) from such_market.transfers" such_market)
	for round in 0 1 2 3; do
		script_args=("$key" "$1" 80 "$(($1 * 10 + round))")
		load wallets / -c$wallets -s "$top/bench/transfers.lua"
		[ $round = 0 ] || echo "$rps" >>"$state/round-rate-wallets"
		rps=$(transfers_pgbench "$(($1 * 10 + round))")
		[ $round = 0 ] || echo "$rps" >>"$state/round-rate-pgbench"
	done
	script_args=()
	[ "$(pg_query "select count(*) from such_market.transfers" such_market)" -gt $((before + 8)) ] ||
		fail "no transfer was recorded"
	rates[wallets]=$(median <"$state/round-rate-wallets")
	rates[pgbench]=$(median <"$state/round-rate-pgbench")
	over "single transfers, $wallets connections, $2: requests a second / pgbench's BEGIN, statement, COMMIT" \
		rates wallets pgbench ">= 0.5"
}

bench_write() {
	transfers_make
	market_up wallets "workers = 1
slow_workers = $wallets"
	bench_transfers 1 "one collection"
	bench_transfers 64 "64 collections"
	market_down wallets
}

stack_make
pg_start
pg_roles
redis_start
market_settings="slow_workers = 1
max_requests = 0
max_growth = 0
$(shm_setting base)"
market_install || true
market migrate >"$log/migrate.log" 2>&1 || fail "migrate failed: $(cat "$log/migrate.log")"
data_make
market_up on 'workers = 2'
part peers_find
part bench_hit "one token" "$token_path" 1.6
part bench_hit "page of 64 tokens" "$page_path" 1.2
part bench_calls
part bench_misses
part bench_redis
part bench_counted
part bench_ratio
part bench_eight
part bench_seen
part bench_write
table_write "table of copies" "$seconds"
