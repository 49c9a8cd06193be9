# shellcheck shell=bash
# The four servers of a stack: started in the background as the servers' user, remembered by pid
# and start time, so that only processes of this stack are ever ended.

# Field 22 of /proc/PID/stat: when it started.  The name in field 2 may hold anything.
proc_started() { # PID
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	line=${line##*) }
	# shellcheck disable=SC2086 # fields
	set -- $line
	[ "$1" != Z ] || return 1
	echo "${20}"
}

server_pid() { # NAME: prints the pid when it runs
	local pid started
	[ -r "$run/$1.started" ] || return 1
	read -r pid started <"$run/$1.started" || return 1
	[ "$(proc_started "$pid")" = "$started" ] || return 1
	echo "$pid"
}

server_start() { # NAME COMMAND...
	local name=$1 pid
	shift
	as_user touch "$log/$name.log"
	# A session of its own: the terminal's signals are not for it.  9 is the lock of this script.
	(as_user_exec env -i PATH="$PATH" HOME="$state" LC_ALL=C.UTF-8 setsid "$@") \
		</dev/null >>"$log/$name.log" 2>&1 9>&- &
	pid=$!
	disown "$pid"
	printf '%s %s\n' "$pid" "$(proc_started "$pid")" >"$run/$name.started"
}

# Waits until COMMAND succeeds while the server lives.
server_wait() { # NAME SECONDS COMMAND...
	local name=$1 tries=$(($2 * 20))
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ $tries -le 0 ] || ! server_pid "$name" >/dev/null; then
			tail -n 20 "$log/$name.log" >&2
			fail "$name did not come up; its log is $log/$name.log"
		fi
		sleep 0.05
	done
}

server_gone() { # NAME SECONDS: waits
	local tries=$(($2 * 20))
	while server_pid "$1" >/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

server_stop() { # NAME SIGNAL
	local pid
	pid=$(server_pid "$1") || { rm -f "$run/$1.started"; return 0; }
	kill -s "$2" "$pid"
	if ! server_gone "$1" 20 && pid=$(server_pid "$1"); then
		say "$1 ($pid) did not stop; killing it"
		kill -s KILL "$pid"
		server_gone "$1" 5 || true
	fi
	rm -f "$run/$1.started"
}

# --- PostgreSQL

pg_bin() { # PROGRAM
	local all
	mapfile -t all < <(compgen -G "/usr/lib/postgresql/*/bin/$1" | sort -V)
	echo "${all[-1]}"
}

pg_url() { # ROLE
	echo "postgresql://$1@/such_market?host=$(uri_part "$run")"
}

uri_part() { # TEXT: percent-encoded where a URI needs it
	local text=$1 out='' c i
	for ((i = 0; i < ${#text}; i++)); do
		c=${text:i:1}
		case $c in
		[a-zA-Z0-9/._~-]) out+=$c ;;
		*) out+=$(printf '%s' "$c" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g') ;;
		esac
	done
	printf '%s' "$out"
}

pg_query() { # SQL [DATABASE]
	"$(pg_bin psql)" -X -q -A -t -v ON_ERROR_STOP=1 -h "$run" -U postgres -d "${2:-postgres}" -c "$1"
}

pg_start() {
	if [ ! -d "$state/pg" ]; then
		say "Making the database..."
		rm -rf "$state/pg.new"
		(cd / && as_user env -i PATH="$PATH" "$(pg_bin initdb)" -D "$state/pg.new" -U postgres \
			--encoding=UTF8 --locale=C.UTF-8 --auth=trust >"$log/initdb.log" 2>&1 </dev/null) ||
			{ cat "$log/initdb.log" >&2; fail "initdb failed"; }
		mv "$state/pg.new" "$state/pg"
	fi
	server_pid postgres >/dev/null && return
	server_start postgres "$(pg_bin postgres)" -D "$state/pg" -k "$run" -c listen_addresses= \
		-c jit=off -c unix_socket_permissions=0700 -c timezone=UTC
	server_wait postgres 60 pg_query 'select 1'
}

pg_roles() {
	local role
	for role in such_market_owner such_market_app such_market_maintenance; do
		[ -n "$(pg_query "select 1 from pg_roles where rolname = '$role'")" ] ||
			pg_query "create role $role login"
	done
	[ -n "$(pg_query "select 1 from pg_database where datname = 'such_market'")" ] ||
		pg_query "create database such_market owner such_market_owner"
}

# --- Redis

redis_start() {
	server_pid redis >/dev/null && return
	server_start redis "$(command -v redis-server)" --port 0 --unixsocket "$run/redis.sock" \
		--unixsocketperm 700 --daemonize no --dir "$run" --save '' --appendonly no \
		--maxmemory 128mb --maxmemory-policy volatile-ttl # counters are in it, too
	server_wait redis 10 test -S "$run/redis.sock"
}

# --- such-market

# A copy of what was built: the servers' user may not see the checkout, and a build while it runs
# must not change it.  True when something changed.
market_install() {
	local changed=1
	if ! cmp -s "${build:-$top/build}/such-market" "$state/bin/such-market"; then
		cp "${build:-$top/build}/such-market" "$state/bin/such-market.new"
		chmod 755 "$state/bin/such-market.new"
		mv "$state/bin/such-market.new" "$state/bin/such-market"
		changed=0
	fi
	rm -rf "$state/sql.new"
	mkdir -p "$state/sql.new"
	cp -R "$top/sql/migrations" "$state/sql.new/"
	chmod -R go=rX "$state/sql.new"
	rm -rf "$state/sql"
	mv "$state/sql.new" "$state/sql"
	cat >"$conf/such-market.conf.new" <<END
# Made by ./dev up, again and again: changes are lost.
database_url = "$(pg_url such_market_app)"
direct_database_url = "$(pg_url such_market_owner)"
maintenance_database_url = "$(pg_url such_market_maintenance)"
redis_url = "unix://$run/redis.sock"
run_dir = "$run"
migrations_dir = "$state/sql/migrations"
chain_id = 1
${market_settings:-}
END
	if ! cmp -s "$conf/such-market.conf.new" "$conf/such-market.conf"; then
		changed=0
	fi
	mv "$conf/such-market.conf.new" "$conf/such-market.conf"
	chmod 644 "$conf/such-market.conf"
	return $changed
}

# The environment of whoever calls is not passed on: a DATABASE_URL in it is not this stack's.
market() { # WORDS...
	local word=$1
	shift
	env -i PATH="$PATH" HOME="$HOME" TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		"$state/bin/such-market" "$word" --config="$conf/such-market.conf" "$@"
}

market_start() {
	server_pid such-market >/dev/null && return
	server_start such-market "$state/bin/such-market" serve --config="$conf/such-market.conf"
	server_wait such-market 20 test -S "$run/slow.sock"
}

# --- nginx

port_taken() { # PORT: somebody listens there, on whatever address
	local hex
	hex=$(printf '%04X' "$1")
	grep -Eqs "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F:]+ 0A " /proc/net/tcp /proc/net/tcp6
}

nginx_file() { # NAME.in > file
	sed -e "s|@LISTEN@|127.0.0.1:$port|" -e "s|@SERVER_NAME@|_|" -e "s|@ACCESS_LOG@|off|" \
		-e "s|@SOCKET_HOT@|$run/hot.sock|" -e "s|@SOCKET_SLOW@|$run/slow.sock|" \
		-e "s|@RUN@|$run|" -e "s|@LOG@|$log|" -e "s|@CONF@|$conf|" \
		-e "s|@SNIPPETS@|$conf/snippets|" -e "s|@ENABLED@|$conf/enabled|" "$top/nginx/$1"
}

nginx_write() {
	rm -rf "$conf/snippets"
	mkdir -p "$conf/snippets" "$conf/enabled"
	cp "$top"/nginx/snippets/*.conf "$conf/snippets/"
	nginx_file such-market.conf.in >"$conf/such-market-site.new"
	nginx_file nginx.conf.in >"$conf/nginx.conf"
	chmod -R a+rX "$conf"
	chmod 0700 "$conf"
}

# Uses port; true when the running one already fits.
nginx_start() {
	nginx_write
	if server_pid nginx >/dev/null; then
		cmp -s "$conf/such-market-site.new" "$conf/such-market.site.conf" && return
		server_stop nginx QUIT
	fi
	mv "$conf/such-market-site.new" "$conf/such-market.site.conf"
	server_start nginx /usr/sbin/nginx -e "$log/nginx.log" -p "$run" -c "$conf/nginx.conf"
	server_wait nginx 10 curl -s -o /dev/null "http://127.0.0.1:$port/health/live"
}
