# shellcheck shell=bash
# What has to be installed, how to see that it is, and how apt installs it without any service
# being made or started.

# set  package  how to see it (cmd:NAME, pc:MODULE, file:GLOB)
packages_table() {
	cat <<'END'
up    gcc                   cmd:gcc
up    libc6-dev             file:/usr/include/stdio.h
up    make                  cmd:make
up    autoconf              cmd:autoreconf
up    automake              cmd:automake
up    pkg-config            cmd:pkg-config
up    libfcgi-dev           pc:fcgi
up    libpq-dev             pc:libpq
up    libhiredis-dev        pc:hiredis
up    libjson-c-dev         pc:json-c
up    libssl-dev            pc:libcrypto
up    zlib1g-dev            pc:zlib
up    libxxhash-dev         pc:libxxhash
up    nginx                 file:/usr/sbin/nginx
up    postgresql            file:/usr/lib/postgresql/*/bin/postgres
up    redis-server          cmd:redis-server
up    curl                  cmd:curl
test  check                 pc:check
test  libcurl4-openssl-dev  pc:libcurl
lint  clang-format          cmd:clang-format
lint  shellcheck            cmd:shellcheck
bench wrk                   cmd:wrk
END
}

packages_have() { # HOW
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	file:*) compgen -G "${1#file:}" >/dev/null ;;
	esac
}

packages_missing() { # SETS...
	local set package how
	while read -r set package how; do
		case " $* " in *" $set "*) packages_have "$how" || echo "$package" ;; esac
	done < <(packages_table)
}

# Installs what the sets need; root, or through sudo; says what to run otherwise.
packages_need() { # SETS...
	local missing
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		packages_as_root "$@"
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		sudo -n "$top/dev" packages "$@"
	elif command -v sudo >/dev/null && [ -t 0 ] && sudo "$top/dev" packages "$@"; then
		:
	else
		say "Missing: $missing"
		say "Run this once as root, then try again:"
		say "    $(printf '%q' "$top/dev") packages $*"
		exit 1
	fi
	missing=$(packages_missing "$@" | tr '\n' ' ')
	[ -z "$missing" ] || fail "still missing after installing: $missing"
}

packages_as_root() { # SETS...
	[ "$(id -u)" = 0 ] || fail "packages: must be root"
	local missing
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "Installing: ${missing[*]}"
	# A subshell, so that its EXIT trap puts everything back whatever happens.
	( packages_install "${missing[@]}" )
}

policy=/usr/sbin/policy-rc.d
cluster_conf=/etc/postgresql-common/createcluster.conf
aside=.such-market-aside # what was there before
absent=.such-market-absent # nothing was there before

# FILE keeps its old self beside it, to be put back by aside_restore, also by a later run.
aside_put() { # FILE
	aside_restore "$1"
	if [ -e "$1" ] || [ -L "$1" ]; then
		cp -a "$1" "$1$aside.new"
		mv "$1$aside.new" "$1$aside"
	else
		: >"$1$absent"
	fi
}

aside_restore() { # FILE
	if [ -e "$1$aside" ] || [ -L "$1$aside" ]; then
		mv "$1$aside" "$1"
	elif [ -e "$1$absent" ]; then
		rm -f "$1" "$1$absent"
	fi
}

packages_services() {
	local name
	for name in nginx redis-server postgresql; do
		if [ -e "/etc/init.d/$name" ] || [ -e "/lib/systemd/system/$name.service" ]; then
			echo "$name"
		fi
	done
}

packages_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}

packages_install() { # PACKAGES...
	local before name
	trap 'aside_restore "$policy"; aside_restore "$cluster_conf"' EXIT
	trap 'exit 1' HUP INT TERM
	before=" $(packages_services | tr '\n' ' ') "

	# Nothing that apt installs may start...
	aside_put "$policy"
	rm -f "$policy"
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	packages_apt update || say "apt-get update failed; trying with the lists that are there"

	# ... nor make a database cluster.
	case " $* " in
	*" postgresql "*)
		[ -e "$cluster_conf" ] || packages_apt install -y --no-install-recommends postgresql-common
		aside_put "$cluster_conf"
		echo 'create_main_cluster = false' >"$cluster_conf"
		;;
	esac
	packages_apt install -y --no-install-recommends "$@"

	# A service that came with a package of ours is not wanted at the next boot either.
	for name in $(packages_services); do
		case $before in *" $name "*) continue ;; esac
		deb-systemd-helper disable "$name.service" >/dev/null 2>&1 || true
		update-rc.d "$name" disable >/dev/null 2>&1 || true
	done
}
