# shellcheck shell=bash
# Where a stack keeps its data and sockets, and who its servers run as.

# The longest socket name is run/.s.PGSQL.5432; sun_path holds 107 bytes.
state_max=$((107 - 18))

state_user_find() {
	server_user=$(id -un)
	[ "$(id -u)" = 0 ] && server_user=${SUCH_MARKET_USER:-such-market}
	return 0
}

state_user_make() {
	[ "$(id -u)" != 0 ] || id "$server_user" >/dev/null 2>&1 ||
		useradd --system --user-group --no-create-home --home-dir /nonexistent \
			--shell /usr/sbin/nologin "$server_user"
}

# Runs a command as the servers' user.
as_user() {
	( as_user_exec "$@" )
}

# The same in the place of this (sub)shell.
as_user_exec() {
	[ "$(id -u)" = 0 ] || exec "$@"
	exec setpriv --reuid "$server_user" --regid "$(id -gn "$server_user")" --init-groups -- "$@"
}

# Can the servers' user get into the folder that will hold the state?
state_reachable() { # DIR
	local dir=$1
	while [ ! -d "$dir" ]; do
		dir=$(dirname "$dir")
	done
	# Its own folder is given to it later; what is above must let it through.
	[ "$dir" = "$1" ] && dir=$(dirname "$dir")
	! id "$server_user" >/dev/null 2>&1 || as_user test -x "$dir"
}

# Sets state, run, log: the wanted folder, or a short one of the same checkout when the servers
# could not reach it or a socket's name would not fit.
state_find() {
	local wanted short
	state_user_find
	wanted=${SUCH_MARKET_STATE:-$top/var}
	case $wanted in /*) ;; *) wanted=$PWD/$wanted ;; esac
	short=/var/tmp/such-market-$(id -u)-$(printf '%s' "$wanted" | cksum | cut -d' ' -f1)
	state=$wanted
	if [ -d "$short/run" ] || [ ${#wanted} -gt $state_max ] || ! state_reachable "$wanted"; then
		state=$short
	fi
	state_moved=no
	[ "$state" = "$wanted" ] || state_moved=yes
	run=$state/run
	log=$state/log
	conf=$state/conf
}

state_make() {
	local dir
	if [ -L "$state" ] || { [ -e "$state" ] && [ ! -O "$state" ] && [ "$(stat -c %U "$state")" != "$server_user" ]; }; then
		fail "$state belongs to somebody else"
	fi
	mkdir -p "$state"
	for dir in "$run" "$log" "$conf" "$state/bin"; do
		mkdir -p "$dir"
		chmod 0700 "$dir"
	done
	[ "$(id -u)" != 0 ] || chown "$server_user:" "$state" "$run" "$log" "$conf" "$state/bin"
	[ "$state_moved" = no ] ||
		say "State and sockets are in $state (the path of this checkout is private or too long)."
}
