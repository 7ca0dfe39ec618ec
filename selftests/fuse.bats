#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031,SC2314
#
# phxfuse as somebody uses it who has a shell: options, several servers, devices,
# and what goes wrong. What a mounted file system does is in test_fuse.

bats_require_minimum_version 1.5.0

setup() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	dir='' pids=()
	[ -e /dev/phxport ] || skip "/dev/phxport is not there: load the module phxport"
	[ -w /dev/phxport ] || skip "no permission to open /dev/phxport"
	[ -w /dev/fuse ] || skip "no /dev/fuse to open: load the module fuse, be root"
	[ "$(id -u)" = 0 ] || skip "mounting without fusermount3 needs root"
	for top in "$here/.." "$here/../build"; do
		[ ! -x "$top/examples/ramfs" ] || break
	done
	for phxfuse in "$top/bin/phxfuse" "$top/tools/phxfuse"; do
		[ ! -x "$phxfuse" ] || break
	done
	[ -x "$phxfuse" ] || skip "phxfuse is not built: make tools"
	ramfs=$top/examples/ramfs fileserver=$top/examples/fileserver
	device=$here/phx_device
	[ -x "$device" ] || device=$top/selftests/phx_device
	dir=$(mktemp -d)
	m=$dir/m
	mkdir "$m"
}

teardown() {
	local mountpoint
	[ -n "$dir" ] || return 0
	kill -9 "${pids[@]}" 2>/dev/null || true
	grep -o "${dir}[^ ]*" /proc/mounts | while read -r mountpoint; do
		umount -l "$mountpoint" || true
	done
	rm -rf "$dir"
}

# eventually COMMAND...: waits until it succeeds, for a minute at most.
eventually() {
	local try
	for ((try = 0; try < 600; try++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "never: $*"
	return 1
}

# serve PROGRAM ARG...: in the background, until it is ready; $server is its pid.
serve() {
	local log=$dir/log-${#pids[@]}
	"$@" >"$log" 2>&1 3>&- &
	server=$!
	pids+=("$server")
	eventually grep -q 'serves\|ready' "$log"
}

# get DEVICE...: what they give, by read(2); busybox' cat would use sendfile(2).
get() {
	local device
	for device; do
		dd if="$device" bs=64k 2>/dev/null || return
	done
}

@test "help, version and wrong usage" {
	run -0 "$phxfuse" --help
	[[ $output == "usage: phxfuse "*"allow_other"* ]]
	run -0 "$phxfuse" --version
	[[ $output == "phxfuse "*"FUSE library version"* ]]
	run -2 "$phxfuse"
	[[ $output == *"give a server and a directory"* ]]
	run -1 "$phxfuse" /nobody "$m"
	[[ $output == *"no server has that name"* ]]
	run -1 "$phxfuse" 999999 "$m"
	[[ $output == *"there is no such port"* ]]
	serve "$ramfs" --name /fuse
	run ! "$phxfuse" /fuse "$dir/nowhere"
	: >"$dir/file"
	run -1 "$phxfuse" /fuse "$dir/file"
	[[ $output == *"mount it on a directory"* ]]
	run -1 "$phxfuse" -o nonsense=1 /fuse "$m"
}

@test "mounted by name, by port and by path" {
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	mkdir -p "$m/a/b"
	echo text >"$m/a/b/file"
	grep -q "^/fuse $m fuse.phxfuse " /proc/mounts
	mkdir "$dir/n" "$dir/p"
	"$phxfuse" "$(sed -n 's/.*port //p' "$dir"/log-0)" "$dir/n"
	"$phxfuse" -o ro,umask=077,uid=1000,gid=1001 /fuse/a/b "$dir/p"
	cmp "$m/a/b/file" "$dir/n/a/b/file"
	[ "$(cat "$dir/p/file")" = text ]
	[ "$(stat -c '%a %u %g' "$dir/p/file")" = "600 1000 1001" ]
	run -1 touch "$dir/p/new"
	# two mounts of one server see what the other did, at the latest a second after
	echo more >>"$dir/n/a/b/file"
	eventually grep -q more "$m/a/b/file"
	echo third >>"$m/a/b/file"
	eventually grep -q third "$dir/n/a/b/file"
	[ "$(cat "$dir/n/a/b/file")" = "$(printf 'text\nmore\nthird')" ]
	umount "$dir/p" "$dir/n" "$m"
}

@test "a mount that is in use, lazily, and by a signal" {
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	echo text >"$m/file"
	exec 5<"$m/file"
	run -1 umount "$m"
	umount -l "$m"
	[ ! -e "$m/file" ]
	[ "$(cat <&5)" = text ]
	exec 5<&-
	"$phxfuse" -f /fuse "$m" 3>&- &
	pids+=($!)
	eventually [ -e "$m/file" ]
	kill -TERM $!
	wait $!
	[ ! -e "$m/file" ]
}

@test "a server that is killed under load" {
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	exec 5>"$m/open"
	for i in 1 2 3 4; do
		(while dd if=/dev/zero of="$m/f$i" bs=64k count=4; do cat "$m/f$i"; done) >/dev/null 2>&1 3>&- 5>&- &
		load[i]=$!
	done
	sleep 1
	kill -9 "$server"
	wait "${load[@]}" || true
	run -1 ls "$m"
	[[ $output == *"not connected"* || $output == *"Input/output error"* ]]
	run -1 touch "$m/new"
	run ! bash -c 'echo text >&5'
	exec 5>&-
	umount "$m"
	# and another one of that name can be mounted
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	echo text >"$m/file"
	umount "$m"
}

@test "who is interrupted while the server does not listen goes on at once" {
	serve "$ramfs" --name /fuse
	serve "$device" /deaf deaf /fuse dev
	"$phxfuse" /fuse "$m"
	dd if="$m/dev" 2>"$dir/err" 3>&- &
	reader=$!
	pids+=("$reader")
	sleep 0.5
	echo "others are served meanwhile" >"$m/file"
	kill -0 "$reader"
	kill -TERM "$reader"
	! wait "$reader" || false
	umount "$m"
}

@test "a server that hangs holds up who asked it, and nobody else" {
	serve "$ramfs" --name /fuse
	serve "$device" /hang hang /fuse dev
	"$phxfuse" -o timeout=1 /fuse "$m"
	run -1 dd if="$m/dev"
	[[ $output == *"timed out"* ]]
	echo text >"$m/file"
	[ "$(cat "$m/file")" = text ]
	umount "$m"
}

@test "devices are files" {
	serve "$ramfs" --name /fuse
	serve "$device" /memory memory /fuse dev
	serve "$device" /clone clone /fuse many
	"$phxfuse" /fuse "$m"
	[ "$(stat -c '%F %s' "$m/dev")" = "regular empty file 0" ]
	echo "hello, device" >"$m/dev"
	[ "$(get "$m/dev")" = "hello, device" ]
	[ -z "$(get "$m/dev")" ]
	[ "$(get "$m/many" "$m/many")" = "$(printf 'clone\nclone')" ]
	head -c 20000 /dev/urandom >"$dir/data"
	cat "$dir/data" >"$m/dev"
	cmp "$m/dev" "$dir/data"
	mv "$m/dev" "$m/moved"
	echo again >"$m/moved"
	[ "$(get "$m/moved")" = again ]
	rm "$m/moved"
	[ ! -e "$m/moved" ]
	umount "$m"
	# one device alone, on a file
	: >"$dir/file"
	"$phxfuse" /memory "$dir/file"
	echo direct >"$dir/file"
	[ "$(get "$dir/file")" = direct ]
	umount "$dir/file"
	run -1 "$phxfuse" /memory "$m"
	[[ $output == *"mount it on a regular file"* ]]
}

@test "a file system that is mounted in another" {
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	mkdir "$m/sub"
	echo covered >"$m/sub/covered"
	umount "$m"
	serve "$ramfs" --mount /fuse/sub
	"$phxfuse" /fuse "$m"
	[ ! -e "$m/sub/covered" ]
	mkdir "$m/sub/d"
	echo inner >"$m/sub/d/file"
	echo outer >"$m/file"
	[ "$(stat -c %i "$m/file")" != "$(stat -c %i "$m/sub/d/file")" ]
	run -1 ln "$m/file" "$m/sub/file"
	mv "$m/file" "$m/sub/d/moved"
	[ "$(cat "$m/sub/d/moved")" = outer ]
	rm -r "$m/sub/d"
	run -1 rmdir "$m/sub"
	kill "$server"
	eventually run -1 ls "$m/sub"
	echo text >"$m/file"
	[ "$(cat "$m/file")" = text ]
	umount "$m"
}

@test "a server that lies" {
	serve "$device" /liar liar
	"$phxfuse" /liar "$m"
	[ -z "$(ls "$m")" ]
	run -1 cat "$m/file"
	run ! dd if=/dev/zero of="$m/file" bs=4k count=1 conv=notrunc
	run -1 ls "$m/strange-error"
	[[ $output == *"Input/output error"* ]]
	run -1 ls "$m/no-error"
	run -1 ls "$m/longer"
	run -1 ls "$m/root"
	rm -f "$m/file"
	stat "$m/file"
	umount "$m"
}

@test "a server that says it wrote what it did not, and shows what it sees" {
	local i
	serve "$ramfs" --name /fuse
	serve "$device" /liar liar /fuse dev
	"$phxfuse" -s /fuse "$m"
	yes secret | head -c 65536 >"$m/file"
	for i in 1 2 3; do
		get "$m/file" | grep -q secret
		[ -z "$(dd if="$m/dev" bs=64k count=1 2>/dev/null | tr -d '\0')" ]
	done
	umount "$m"
	"$phxfuse" -s /liar "$m"
	ls -l "$m/file"
	[ -z "$(readlink "$m/link" | tr -d 'x\n')" ]
	for i in 1 2 3; do
		rm -f "$m/file"
		[ -z "$(ls "$m/name" | tr -d 'x\n')" ]
	done
	umount "$m"
}

@test "a directory without an end" {
	serve "$device" /liar liar
	"$phxfuse" /liar "$m"
	ls "$m/dots" >"$dir/out" 2>&1 3>&- &
	reader=$!
	pids+=("$reader")
	sleep 0.5
	kill -0 "$reader"
	kill -TERM "$reader"
	eventually run ! kill -0 "$reader"
	! wait "$reader" || false
	# busybox' ls tells of no error; here it is that it ends, whenever that is
	ls "$m/slashes" >"$dir/out" 2>&1 3>&- || true
	umount "$m"
}

@test "a server that keeps the old name beside the new one" {
	serve "$device" /twins twins
	"$phxfuse" -o attr_timeout=0,entry_timeout=0 /twins "$m"
	[ "$(ls "$m" | tr '\n' ' ')" = "a b " ]
	mv -f "$m/a" "$m/b"
	[ "$(ls "$m")" = b ]
	[ "$(stat -c %i "$m/b")" = 1 ]
	mv "$m/b" "$m/c"
	[ "$(ls "$m")" = c ]
	umount "$m"
}

@test "a server where a new name takes the old one away" {
	serve "$device" /mover mover
	"$phxfuse" -o attr_timeout=0,entry_timeout=0 /mover "$m"
	mv "$m/a" "$m/c"
	[ "$(ls "$m" | tr '\n' ' ')" = "b c " ]
	[ "$(stat -c %i "$m/c")" = 1 ]
	umount "$m"
}

@test "a server that only reads" {
	mkdir -p "$dir/data/a"
	head -c 300000 /dev/urandom >"$dir/data/a/file"
	ln -s a/file "$dir/data/link"
	serve "$fileserver" --name /files "$dir/data"
	"$phxfuse" /files "$m"
	diff -r "$dir/data" "$m"
	run -1 touch "$m/new"
	run -1 rm "$m/link"
	run -1 mkdir "$m/d"
	umount "$m"
}

@test "other users" {
	serve "$ramfs" --name /fuse
	"$phxfuse" /fuse "$m"
	chmod 755 "$dir"
	chmod 777 "$m"
	run ! su alice -c "ls $m"
	umount "$m"
	"$phxfuse" -o allow_other /fuse "$m"
	su alice -c "echo mine >$m/file && mkdir $m/d && ln -s x $m/l"
	[ "$(stat -c %U "$m/file" "$m/d" "$m/l" | uniq)" = alice ]
	chmod 600 "$m/file"
	run ! su bob -c "cat $m/file"
	run ! su bob -c "chmod 777 $m/d"
	su alice -c "cat $m/file"
	# a write by another takes the set-user-ID bit away
	: >"$m/suid"
	chmod 4777 "$m/suid"
	su alice -c "echo text >>$m/suid"
	[ "$(stat -c %a "$m/suid")" = 777 ]
	umount "$m"
}

@test "many at once" {
	serve "$ramfs" --name /fuse --threads 3
	"$phxfuse" /fuse "$m"
	for i in 1 2 3 4 5 6; do
		(
			mkdir "$m/$i" && cd "$m/$i" || exit 1
			for j in 1 2 3 4 5 6 7 8 9 10; do
				head -c $((j * 7001)) /dev/urandom >"f$j" && cp "f$j" g && mv g "h$j" &&
					cmp "f$j" "h$j" && rm "f$j" || exit 1
			done
			[ "$(echo ./* | wc -w)" = 10 ]
		) 3>&- &
		load[i]=$!
	done
	for i in 1 2 3 4 5 6; do
		wait "${load[i]}"
	done
	rm -r "$m"/[1-6]
	[ -z "$(ls "$m")" ]
	umount "$m"
}
