#!/bin/sh
# Builds fuzz harnesses with clang's libFuzzer, AddressSanitizer and UBSan, seeds them and runs each
# for some seconds.  Called in the build folder: run.sh SRCDIR SECONDS NAME...
# A finding is left in tests/fuzz/built/NAME.found and ends the run with status 1.
set -eu
src=$1 seconds=$2
shift 2
clang=${CLANG:-clang-14}
out=tests/fuzz/built
here=$src/tests/fuzz
needs="fcgi json-c libcrypto libxxhash zlib libpq hiredis"
# shellcheck disable=SC2086
cflags=$(pkg-config --cflags $needs) libs=$(pkg-config --libs $needs)
flags="-std=gnu11 -g -O1 -fno-omit-frame-pointer -include config.h -I. -I$src/src -Isrc -I$src/tests"
sanitize=address,undefined

command -v "$clang" >/dev/null || { echo "fuzz: $clang is not here" >&2; exit 77; }

# One archive a room, made again when a source or header of any room is newer.
build_room() {
	archive=$out/$1.a
	if [ -f "$archive" ] && [ -z "$(find "$src/src" -name '*.[chd]*' -newer "$archive")" ]; then
		return
	fi
	rm -rf "${out:?}/$1" "$archive"
	mkdir -p "$out/$1"
	for file in "$src/src/$1"/*.c; do
		# shellcheck disable=SC2086
		"$clang" $flags $cflags -fsanitize=fuzzer-no-link,$sanitize \
			-fno-sanitize-recover=all -c "$file" -o "$out/$1/$(basename "$file" .c).o"
	done
	ar cr "$archive" "$out/$1"/*.o
}

build() {
	archives=
	rooms=$(sed -n 's/.*Rooms: \([a-z ]*\)\..*/\1/p' "$here/fuzz_$1.c")
	for room in $rooms; do
		build_room "$room"
		archives="$out/$room.a $archives"
	done
	# shellcheck disable=SC2086
	"$clang" $flags $cflags -fsanitize=fuzzer,$sanitize -fno-sanitize-recover=all \
		"$here/fuzz_$1.c" -Wl,--start-group $archives -Wl,--end-group $libs -lm -o "$out/fuzz_$1"
}

status=0
mkdir -p $out
for name; do
	build "$name"
	rm -rf "${out:?}/$name.corpus" "$out/$name.found"
	mkdir -p "$out/$name.corpus" "$out/$name.found"
	sh "$here/seed.sh" "$name" "$out/$name.corpus"
	if ! "$out/fuzz_$name" -max_total_time="$seconds" -max_len=16384 -timeout=5 \
		-rss_limit_mb=1024 -artifact_prefix="$out/$name.found/" \
		"$out/$name.corpus" >"$out/$name.log" 2>&1; then
		tail -n 40 "$out/$name.log" >&2
		status=1
	fi
	echo "fuzz $name: $(grep -o 'Done [0-9]* runs' "$out/$name.log" || echo failed)"
done
exit $status
