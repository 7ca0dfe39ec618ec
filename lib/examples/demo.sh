#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Shows a directory with the file server, copies it with several clients at
# once, compares every file with the original, and then compares phxport with
# pipes and binder on this machine.
#
#   demo.sh [DATA]	a directory to copy, default /data
#
# Exits with 0 only if the copy is the same as the original in every respect:
# contents, types, modes, targets of symlinks.

set -u
here=$(cd "$(dirname "$0")" && pwd)
data=${1:-/data}
name=/demo
server=

die() {
	echo "demo: $*" >&2
	exit 1
}

cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf "$tmp"
}

start_server() {
	"$here/fileserver" --name "$name" --threads 4 "$data" >"$tmp/server" 2>&1 &
	server=$!
	for _ in {1..100}; do
		grep -q ' serves ' "$tmp/server" && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	die "the file server did not start: $(cat "$tmp/server")"
}

# It counts what it did and says so at its end.
stop_server() {
	kill -TERM "$server"
	wait "$server" || die "the file server failed: $(cat "$tmp/server")"
	server=
	grep ' messages: ' "$tmp/server" || die "the file server's totals are missing"
}

# Type, mode, size and name of all there is, for a symlink its target.
list() {
	(cd "$1" && find . -type l -exec stat -c '%F %N' {} + -o \
		-type d -exec stat -c '%F %a %n' {} + -o \
		-exec stat -c '%F %a %s %n' {} + | sort)
}

sums() {
	(cd "$1" && find . -type f -exec sha256sum {} + | sort -k 2)
}

# same WHAT FUNCTION: what it prints of original and copy must be equal.
same() {
	"$2" "$data" >"$tmp/original" || die "$1 of $data can't be read"
	"$2" "$tmp/copy" >"$tmp/copied" || die "$1 of the copy can't be read"
	[ -s "$tmp/original" ] || die "there is nothing in $data"
	cmp -s "$tmp/original" "$tmp/copied" && return
	diff "$tmp/original" "$tmp/copied" | grep '^[-+<>]' | head -n 10 >&2
	die "$1 of the copy differ from those of $data (the first are above)"
}

[ -d "$data" ] || die "there is no directory $data"
tmp=$(mktemp -d) || die "no temporary directory"
trap cleanup EXIT
trap 'exit 1' INT TERM

echo "== $data, copied through a port by 4 clients at once"
start_server
"$here/fileget" --jobs 4 "$name" "$tmp/copy" || die "the copy failed"
stop_server
same "the types, modes and sizes" list
same "the SHA-256 sums" sums
echo "compared: $(grep -c . "$tmp/original") files have the same SHA-256 as the original;" \
	"all types, modes and symlinks are the same"

echo
echo "== A server reads every byte of a message: phxport, binder, pipe"
[ -e /dev/binder ] || modprobe binder_linux devices=binder 2>/dev/null
"$here/pingpong" || die "pingpong failed"
"$here/pingpong" --same-cpu || die "pingpong failed"
echo
echo "demo: passed"
