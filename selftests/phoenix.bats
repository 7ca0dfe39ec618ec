#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031
#
# Servers and a client in the way of Phoenix-RTOS, compiled by phx-cc: a file
# system, a driver of a device in it, and a server that passes messages on.

bats_require_minimum_version 1.5.0

setup() {
	[ -e /dev/phxport ] || skip "/dev/phxport is not there: load the module phxport"
	[ -w /dev/phxport ] || skip "no permission to open /dev/phxport"
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for bin in "$here/../examples" "$here/../build/examples"; do
		[ ! -x "$bin/flatfs" ] || break
	done
	[ -x "$bin/flatfs" ] || skip "the examples are not built: make examples"
	dir=$(mktemp -d)
	servers=()
}

teardown() {
	local pid
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ -z "$dir" ] || rm -rf "$dir"
}

# start PROGRAM [ARG...]: in the background, until it serves.
start() {
	local program=$1 out=$dir/$1.${#servers[@]} try
	shift
	"$bin/$program" "$@" >"$out" 2>&1 3>&- &
	servers+=($!)
	for ((try = 0; try < 300; try++)); do
		! grep -q ' serves ' "$out" || return 0
		kill -0 "${servers[-1]}" || break
		sleep 0.1
	done
	cat "$out"
	return 1
}

files() {
	"$bin/files" "$@"
}

@test "what is written into a file is read again, small, large and in between" {
	start flatfs
	for size in 0 1 40 41 64 65 4096 100000 1048577; do
		head -c $size /dev/urandom >"$dir/in"
		files put "/f$size" <"$dir/in"
		files cat "/f$size" >"$dir/out"
		cmp "$dir/in" "$dir/out"
		[ "$(files stat "/f$size")" = "100644 $size" ]
	done
	[ "$(files ls / | wc -l)" = 9 ]
}

@test "directories are made, listed and removed" {
	start flatfs
	files mkdir /a
	files mkdir /a/b
	echo text | files put /a/b/c
	[ "$(files ls /a)" = b ]
	[ "$(files ls /a/b)" = c ]
	[ "$(files cat /a/../a/./b/c)" = text ]
	run -1 files rmdir /a/b
	[ "$output" = "files: rmdir /a/b: Directory not empty" ]
	files rm /a/b/c
	files rmdir /a/b
	run -1 files ls /a/b
	[ "$output" = "files: ls /a/b: No such file or directory" ]
	run -1 files mkdir /a
	[ "$output" = "files: mkdir /a: File exists" ]
}

@test "files of Linux are reached where the servers have none" {
	start flatfs
	echo here >"$dir/linux"
	[ "$(files cat "$dir/linux")" = here ]
	files cp "$dir/linux" /copy
	[ "$(files cat /copy)" = here ]
	files cp /copy "$dir/back"
	cmp "$dir/linux" "$dir/back"
	run -1 files mv /copy "$dir/moved"
	[ "$output" = "files: mv /copy: Invalid cross-device link" ]
	[ "$(files cat /proc/self/comm)" = files ]
	echo gone | files put /dev/null
	[ -c /dev/null ]
}

@test "a driver makes its node and understands reads, writes and ioctls" {
	start flatfs
	start counter
	[ "$(files ls /dev)" = counter ]
	[ "$(files stat /dev/counter)" = "20666 0" ]
	[ "$(files cat /dev/counter)" = 0 ]
	[ "$(files cat /dev/counter)" = 1 ]
	echo 41 | files put /dev/counter
	[ "$(files cat /dev/counter)" = 41 ]
	[ "$(files counter /dev/counter)" = "was 42, 3 reads, 1 writes" ]
	[ "$(files cat /dev/counter)" = 1000 ]
	[ "$(files cat /dev/counter)" = 993 ]
	run -1 files put /dev/counter <<<"no number"
	[ "$output" = "files: put /dev/counter: Invalid argument" ]
}

@test "a driver without any file system is reached by its path" {
	start counter
	[ "$(files cat /dev/counter)" = 0 ]
	[ "$(files stat /dev/counter)" = "20666 0" ]
	[ "$(files counter /dev/counter)" = "was 1, 1 reads, 0 writes" ]
}

@test "many clients at one driver" {
	start flatfs
	start counter /dev/bus/0/many
	for ((i = 0; i < 20; i++)); do
		files cat /dev/bus/0/many >"$dir/n$i" &
		clients[i]=$!
	done
	for ((i = 0; i < 20; i++)); do
		wait "${clients[i]}"
	done
	[ "$(cat "$dir"/n* | sort -n | paste -sd ' ')" = "$(seq 0 19 | paste -sd ' ')" ]
}

@test "a server that passes on shows what is behind it, buffers included" {
	start flatfs /behind
	start relay /front /behind
	start relay /far /front
	head -c 3000000 /dev/urandom >"$dir/in"
	files put /far/large <"$dir/in"
	files cat /behind/large | cmp - "$dir/in"
	files cat /far/large | cmp - "$dir/in"
	files mkdir /front/d
	echo deep | files put /far/d/e
	[ "$(files cat /behind/d/e)" = deep ]
	[ "$(files ls /far)" = "$(files ls /behind)" ]
	files rm /far/large
	run -1 files cat /behind/large
}

@test "a server that is killed is an error, and its name is free" {
	start flatfs /once
	echo text | files put /once/f
	kill -9 "${servers[0]}"
	wait "${servers[0]}" || true
	run -1 files cat /once/f
	[ "$output" = "files: cat /once/f: No such file or directory" ]
	start flatfs /once
	run -1 files cat /once/f
	start relay /front /once
	kill -9 "${servers[1]}"
	wait "${servers[1]}" || true
	run -1 files ls /front
	[[ $output == "files: ls /front: "* ]]
}

@test "two servers can't have one name" {
	start flatfs
	run -1 "$bin/flatfs"
	[ "$output" = "flatfs: /: File exists" ]
}
