#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031
#
# The example programs as somebody uses them who has a shell.

bats_require_minimum_version 1.5.0

setup() {
	[ -e /dev/phxport ] || skip "/dev/phxport is not there: load the module phxport"
	[ -w /dev/phxport ] || skip "no permission to open /dev/phxport"
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for bin in "$here/../examples" "$here/../build/examples"; do
		[ ! -x "$bin/fileserver" ] || break
	done
	[ -x "$bin/fileserver" ] || skip "the examples are not built: make examples"
	device=$here/phx_device
	[ -x "$device" ] || device=$here/../build/selftests/phx_device
	dir=$(mktemp -d)
	server=
}

teardown() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$dir" ] || rm -rf "$dir"
}

# start PROGRAM NAME [ARG...]: in the background, until its port has the name.
start() {
	local program=$1 try
	shift
	"$bin/$program" "$@" >"$dir/$program.out" 2>&1 3>&- &
	server=$!
	for ((try = 0; try < 100; try++)); do
		! grep -q ' serves ' "$dir/$program.out" || return 0
		kill -0 "$server" || break
		sleep 0.1
	done
	cat "$dir/$program.out"
	return 1
}

make_tree() {
	mkdir -p "$dir/tree/a/b/c" "$dir/tree/empty directory"
	: >"$dir/tree/empty"
	head -c 100 /dev/urandom >"$dir/tree/a/small"
	head -c 300000 /dev/urandom >"$dir/tree/a/b/large"
	head -c 4096 /dev/urandom >"$dir/tree/a/b/c/page"
	ln -s ../small "$dir/tree/a/b/link"
	chmod 640 "$dir/tree/a/small"
}

@test "echo answers in capitals" {
	"$bin/echo" >/dev/null 2>&1 3>&- &
	server=$!
	for ((try = 0; try < 100; try++)); do
		run "$bin/echo" "Hello, port"
		[ "$status" -ne 0 ] || break
		sleep 0.1
	done
	[ "$output" = "11 bytes: HELLO, PORT" ]
}

@test "echo without a server says so" {
	run -1 "$bin/echo" hello
	[ "$output" = "echo: No such file or directory" ]
}

@test "a tree is copied as it is" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	run -0 "$bin/fileget" --quiet --jobs 3 /bats "$dir/copy"
	diff -r "$dir/tree" "$dir/copy"
	[ "$(readlink "$dir/copy/a/b/link")" = ../small ]
	[ "$(stat -c %a "$dir/copy/a/small")" = 640 ]
	[ -d "$dir/copy/empty directory" ]
}

@test "a part of a tree can be had, and odd sizes of reads" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	run -0 "$bin/fileget" --quiet --chunk 4097 /bats/a "$dir/copy"
	diff -r "$dir/tree/a" "$dir/copy"
}

@test "nothing above the tree can be had" {
	make_tree
	start fileserver --name /bats "$dir/tree/a"
	run -1 "$bin/fileget" --quiet /bats/../a "$dir/copy"
	run -1 "$bin/fileget" --quiet /bats/b/link/.. "$dir/copy2"
}

@test "a name of the server does not command the terminal" {
	make_tree
	mkfifo "$dir/tree/"$'clear\e[2J\xc2\x9b2J'
	start fileserver --name /bats "$dir/tree"
	run -0 --separate-stderr "$bin/fileget" --quiet /bats "$dir/copy"
	# shellcheck disable=SC2154 # set by run
	[ "$stderr" = "fileget: clear?[2J??2J: skipped, a special file" ]
}

@test "what is not there is an error with its name" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	run -1 "$bin/fileget" --quiet /bats/nowhere "$dir/copy"
	[[ $output == *nowhere* ]]
}

@test "two servers can't have one name" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	run -1 "$bin/fileserver" --name /bats "$dir/tree"
	[[ $output == fileserver:* ]]
}

@test "a name is free again at once when its server is killed" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	kill -9 "$server"
	wait "$server" || true
	start fileserver --name /bats "$dir/tree"
	run -0 "$bin/fileget" --quiet /bats "$dir/copy"
	diff -r "$dir/tree" "$dir/copy"
}

@test "a server that is stopped ends well and says what it did" {
	make_tree
	start fileserver --name /bats "$dir/tree"
	run -0 "$bin/fileget" --quiet /bats "$dir/copy"
	kill -TERM "$server"
	wait "$server"
	grep -q ' messages: ' "$dir/fileserver.out"
	server=
}

@test "a server that says it read a link and did not learns nothing" {
	"$device" /mute mute >"$dir/mute.out" 3>&- &
	server=$!
	for ((try = 0; try < 100; try++)); do
		! grep -q ready "$dir/mute.out" || break
		sleep 0.1
	done
	run -1 "$bin/fileget" --quiet --jobs 1 /mute "$dir/copy"
	[ "$output" = "fileget: link: make symlink: No such file or directory
fileget: the copy in $dir/copy is not complete" ]
	run -0 sort "$dir/mute.out"
	echo "$output"
	[ "$(uniq -c <<<"$output" | sed 's/^ *//')" = "1 ready
3 the client is careful" ]
}

@test "wrong usage is told apart and changes nothing" {
	run -2 "$bin/fileserver"
	[[ $output == usage:* ]]
	run -2 "$bin/fileget" /only-one
	[[ $output == usage:* ]]
	run -2 "$bin/fileserver" --no-such-option "$dir"
	run -1 "$bin/fileserver" --name /bats "$dir/nowhere"
	[[ $output == *nowhere* ]]
	run -0 "$bin/fileserver" --help
	run -0 "$bin/fileget" --help
}
