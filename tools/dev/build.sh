# shellcheck shell=bash
# Builds are out of tree and incremental: build/ for use, build/test and build/asan for tests.

build_tree() { # DIR CONFIGURE-OPTIONS...
	local dir=$top/$1
	shift
	case $top in *[[:space:]\"\'\$\&\#\`\\]*) fail "the build tools cannot work in a folder named: $top" ;; esac
	[ ! -e "$top/config.status" ] || fail "this tree was configured in place: run make distclean first"
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
		say "Preparing the build..."
		(cd "$top" && ./autogen.sh >"$top/autogen.log" 2>&1) ||
			{ cat "$top/autogen.log" >&2; fail "autoreconf failed"; }
		rm -f "$top/autogen.log"
	fi
	mkdir -p "$dir"
	if [ ! -e "$dir/config.status" ] || [ ! -e "$dir/Makefile" ]; then
		(cd "$dir" && "$top/configure" -q "$@" >configure.out 2>&1) ||
			{ cat "$dir/configure.out" >&2; fail "configure failed"; }
	fi
}

build_make() { # DIR MAKE-ARGUMENTS...
	local dir=$top/$1
	shift
	make -C "$dir" -j2 --no-print-directory V=0 "$@"
}
