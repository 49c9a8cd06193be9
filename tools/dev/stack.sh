# shellcheck shell=bash
# The words of ./dev that work on a stack.

stack_lock() {
	mkdir -p "$state"
	exec 9>"$state/lock"
	flock -w 600 9 || fail "another ./dev works on $state"
}

stack_up() {
	local wish=''
	while [ $# -gt 0 ]; do
		case $1 in
		--port) [ $# -ge 2 ] || fail "--port needs a number"; wish=$2; shift 2 ;;
		--port=*) wish=${1#--port=}; shift ;;
		*) fail "up: what is $1?" ;;
		esac
	done
	case $wish in *[!0-9]* | ??????*) fail "--port needs a number from 1 to 65535" ;; esac
	[ -z "$wish" ] || { [ "$((10#$wish))" -ge 1 ] && [ "$((10#$wish))" -le 65535 ]; } ||
		fail "--port needs a number from 1 to 65535"

	packages_need up
	state_user_find
	state_user_make
	state_find
	state_make
	stack_lock
	stack_port "$wish"
	build_tree build
	build_make build all >"$log/build.log" 2>&1 ||
		{ tail -n 40 "$log/build.log" >&2; fail "the build failed; its log is $log/build.log"; }

	pg_start
	pg_roles
	redis_start
	if market_install; then
		server_stop such-market TERM
	fi
	market migrate >"$log/migrate.log" 2>&1 || { cat "$log/migrate.log" >&2; fail "migrate failed"; }
	market_start
	nginx_start
	echo "$port" >"$state/port"
	server_wait such-market 30 curl -sf -o /dev/null "http://127.0.0.1:$port/health/ready"
	stack_sample
	stack_key_make
	stack_greet
}

# Sets port: the wish (an error when somebody else has it), else the last one, else 8080 or the
# next that is free.
stack_port() { # WISH
	local mine='' i
	[ -r "$state/port" ] && read -r mine <"$state/port"
	server_pid nginx >/dev/null || mine=''
	port=${1:-${mine:-8080}}
	[ "$port" != "$mine" ] || return 0
	if [ -n "$1" ]; then
		port=$((10#$1))
		! port_taken "$port" || fail "port $port is taken"
		return
	fi
	for ((i = 0; i < 1000; i++)); do
		port_taken "$port" || return 0
		port=$((port + 1))
	done
	fail "no free port from 8080 on"
}

# The sample collections, once: a database with a collection of anybody's is left alone.
stack_sample() {
	[ ! -e "$state/sample.done" ] || return 0
	if [ "$(pg_query 'select count(*) from such_market.collections' such_market)" = 0 ] ||
		[ -e "$state/sample.begun" ]; then
		say "Loading the sample collections..."
		: >"$state/sample.begun"
		stack_sample_load >"$log/sample.log" 2>&1 ||
			{ tail -n 20 "$log/sample.log" >&2; fail "loading the sample failed"; }
		rm -f "$state/sample.begun"
	fi
	: >"$state/sample.done"
}

# Two made-up collections: ERC-721, then a small ERC-1155.
stack_sample_load() {
	local standard tokens dir
	while read -r standard tokens; do
		dir=$state/sample-$standard
		"$top/build/tools/sample" --standard "$standard" --tokens "$tokens" --out "$dir"
		market import --collection "$dir/meta.json" --nfts "$dir/nfts.jsonl" \
			--owners "$dir/owners.csv" --transfers "$dir/transfers.csv" \
			--users "$dir/users.jsonl" </dev/null
		rm -rf "$dir"
	done <<<$'ERC721 1000\nERC1155 250'
}

stack_key_make() {
	[ ! -s "$state/admin.key" ] || return 0
	local name
	name=development-$(date +%Y%m%d%H%M%S)
	(umask 077 && market key create --role admin --name "$name" >"$state/admin.key.new" 2>"$log/key.log") ||
		fail "no key could be made"
	mv "$state/admin.key.new" "$state/admin.key"
}

# The key is the last word that looks like one.
stack_key() {
	[ -s "$state/admin.key" ] || fail "no key yet: run ./dev up"
	grep -Eo 'sm_[A-Za-z0-9_-]{43}' "$state/admin.key" | tail -n 1
}

stack_greet() {
	local url=http://127.0.0.1:$port key first token
	key=$(stack_key)
	first=$(pg_query "select '0x' || encode(contract_address, 'hex') from such_market.collections
		order by created_at, contract_address limit 1" such_market)
	token=$(pg_query "select token_id from such_market.nfts
		where contract_address = decode(substr('$first', 3), 'hex') order by 1 limit 1" such_market)
	cat <<END

such-market is up: $url
Admin key:         $key

curl -s $url/api/collection/$first
curl -s '$url/api/collection/$first/nfts?pageSize=5&sort=rarity'
curl -s $url/api/collection/$first/nfts/$token/owner
END
}

stack_down() {
	server_stop nginx QUIT
	server_stop such-market TERM
	server_stop redis TERM
	server_stop postgres INT
	say "such-market is down."
}

stack_status() {
	local name pid up=0
	for name in nginx such-market redis postgres; do
		if pid=$(server_pid "$name"); then
			printf '%-12s running, pid %s\n' "$name" "$pid"
			up=$((up + 1))
		else
			printf '%-12s not running\n' "$name"
		fi
	done
	say "state        $state"
	[ ! -r "$state/port" ] || [ $up -eq 0 ] || say "url          http://127.0.0.1:$(cat "$state/port")"
	[ $up -eq 4 ]
}

stack_running() {
	server_pid postgres >/dev/null || fail "nothing runs: ./dev up first"
}

stack_logs() {
	local files
	mapfile -t files < <(compgen -G "$log/*.log")
	[ ${#files[@]} -gt 0 ] || fail "no logs yet: ./dev up first"
	tail -n 20 "$@" -- "${files[@]}"
}

stack_psql() {
	stack_running
	exec "$(pg_bin psql)" "$(pg_url such_market_owner)" "$@"
}

stack_import() {
	stack_running
	market import "$@"
}

stack_clean() {
	state_find
	if [ -d "$state" ]; then
		stack_lock
		stack_down
		rm -rf "$state" "/dev/shm/such-market-$(printf '%s' "$run" | sha256sum | cut -c1-16)"
	fi
	rm -rf "$top/build"
}
