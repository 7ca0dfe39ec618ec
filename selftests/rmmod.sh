#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads and unloads the module, prints TAP. Whatever uses the module must keep it
# from being unloaded, and nothing of it may stay behind when it is.
#
#   rmmod.sh [FILE]     FILE is phxport.ko; /opt/phxport/phxport.ko
#
# It needs root, phx_hold beside it, and a module that nobody else uses.
# shellcheck disable=SC2317,SC2086,SC2001

cd "$(dirname "$0")" || exit 1
module=${1:-/opt/phxport/phxport.ko}
uses="file window recv send held traffic"
cycles=20
number=0 bad=0

skip() {
	echo "1..0 # SKIP $1"
	exit 4
}

echo "TAP version 13"
[ "$(id -u)" = 0 ] || skip "only root may unload modules"
[ -f "$module" ] || skip "there is no module at $module"
[ -x phx_hold ] || skip "there is no program phx_hold"
echo "1..14"

# verdict SENTENCE COMMAND...
verdict() {
	local sentence=$1 problem
	shift
	number=$((number + 1))
	if problem=$("$@" 2>&1); then
		echo "ok $number $sentence"
	else
		echo "not ok $number $sentence"
		[ -z "$problem" ] || echo "$problem" | sed 's/^/# /'
		bad=1
	fi
}

loaded() { [ -d /sys/module/phxport ]; }

load() { loaded || insmod "$module"; }

# Those who used it may still be on their way out.
unload() {
	local try
	for ((try = 0; try < 100; try++)); do
		rmmod phxport 2>/dev/null && ! loaded && return
		sleep 0.1
	done
	echo "it can not be unloaded; in use $(cat /sys/module/phxport/refcnt) times"
	return 1
}

slabs() {
	ls -d /sys/kernel/slab/phx_* 2>/dev/null
	grep -o '^phx_[^ ]*' /proc/slabinfo
}

nothing_left() {
	local left
	left=$(slabs)
	[ -z "$left" ] || { echo "slab caches are left: $left"; return 1; }
	[ ! -e /dev/phxport ] || { echo "the device is left"; return 1; }
	[ ! -e /sys/kernel/debug/phxport ] || { echo "its debugfs directory is left"; return 1; }
	! grep -q phxport /proc/filesystems || { echo "a file system is left"; return 1; }
}

# Waits until a process sleeps; it says that it is ready before it does.
asleep() {
	local try
	for ((try = 0; try < 100; try++)); do
		! grep -q '^State:[[:space:]]*[SDI]' "/proc/$1/status" || return 0
		sleep 0.1
	done
	return 1
}

answered() { sed -n 's/^messages_answered //p' /sys/kernel/debug/phxport/stats; }

# The module is in use in one way. It may be removed neither now nor by force of
# trying, and goes when that process does, however it ends.
busy() {
	local pid status=0 try before
	load || return
	coproc HOLD { exec ./phx_hold "$1"; }
	pid=$HOLD_PID
	read -r -u "${HOLD[0]}" || { echo "phx_hold did not start"; return 1; }
	[ "$1" = traffic ] || asleep "$pid" || { echo "phx_hold does not wait"; status=1; }
	before=$(answered)
	for ((try = 0; try < 20; try++)); do
		! ./phx_hold unload || { echo "it was unloaded while in use"; status=1; }
		! rmmod phxport 2>/dev/null || { echo "rmmod unloaded it while in use"; status=1; }
	done
	[ "$1" != traffic ] || [ "$(answered)" != "$before" ] ||
		{ echo "no message was answered meanwhile"; status=1; }
	loaded || { echo "it is gone"; status=1; }
	kill -0 "$pid" || { echo "phx_hold is gone"; status=1; }
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	unload || status=1
	return $status
}

once() {
	load || return
	./phx_hold message || { echo "a message did not get through"; return 1; }
	unload && nothing_left
}

many() {
	local i
	for ((i = 0; i < cycles; i++)); do
		once || return
	done
}

# Opening races with unloading: either is refused, and neither does harm.
racing() {
	local i pid
	load || return
	(while :; do
		: 2>/dev/null </dev/phxport
	done) 2>/dev/null &
	pid=$!
	for ((i = 0; i < cycles; i++)); do
		rmmod phxport 2>/dev/null
		load || break
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	[ "$i" = $cycles ]
}

parameter_out_of_range() {
	! insmod "$module" max_ports=-1 2>/dev/null || { unload; return 1; }
	! insmod "$module" lend_min=all 2>/dev/null || { unload; return 1; }
	! insmod "$module" copy_words=2 2>/dev/null || { unload; return 1; }
	! insmod "$module" copy_words=-2 2>/dev/null || { unload; return 1; }
	nothing_left
}

# What test_copy does not: each copy fails, where the kernel can have it do that.
copies_that_fail() {
	[ -e /proc/self/fail-nth ] || return 0
	./test_fault_send -v copied -v bounced_and_copied && ./test_fault_recv -v copied
}

# Buffers are copied right in either way, and if nobody chose there is a choice.
ways_to_copy() {
	local way chosen
	for way in 0 1; do
		insmod "$module" copy_words=$way || return
		[ "$(cat /sys/module/phxport/parameters/copy_words)" = $way ] ||
			{ echo "copy_words=$way is not what it was set to"; return 1; }
		./test_copy || return
		copies_that_fail || return
		unload || return
	done
	load
	chosen=$(cat /sys/module/phxport/parameters/copy_words)
	unload
	case $chosen in
	0 | 1) ;;
	*) echo "copy_words is $chosen"; return 1 ;;
	esac
}

was_loaded=
! loaded || was_loaded=1
verdict "it loads" load
verdict "it unloads" unload
verdict "it leaves nothing" nothing_left
verdict "parameters that are none are refused" parameter_out_of_range
verdict "buffers are copied right in either way" ways_to_copy
for use in $uses; do
	verdict "it stays while in use: $use" busy "$use"
done
verdict "it loads and unloads $cycles times, with a message in between" many
verdict "opening and unloading at one time" racing
unload >/dev/null
verdict "it leaves nothing at last" nothing_left
[ -z "$was_loaded" ] || load
exit $bad
