#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything at once, for as long as one likes; made for the virtual machine, as root:
#
#   soak.sh [MINUTES]     1 unless given
#
# In each round phxfuzz and a town of servers and senders (test_stress) that are
# killed one by one run side by side, while memory is taken until it is swapped out,
# moved together, and huge pages are split. Then all of the module's counters must be
# zero, and it is unloaded and loaded again. Prints "key value" lines; the exit code is
# 0 if nothing was lost.

cd "$(dirname "$0")" || exit 1
minutes=${1:-1}
module=/opt/phxport/phxport.ko
stats=/sys/kernel/debug/phxport/stats
group=/sys/fs/cgroup/phx_soak
logs=$(mktemp -d)
until=$((SECONDS + minutes * 60))
rounds=0 reloads=0 messages=0 kills=0 faults=0 calls=0 pressed=0 lost=0

[ "$(id -u)" = 0 ] || { echo "soak.sh: it loads and unloads the module: be root" >&2; exit 4; }
[ -e /dev/phxport ] || { echo "soak.sh: /dev/phxport is not there: load the module phxport" >&2; exit 4; }

# problem SENTENCE...: counts as lost, and is told.
problem() {
	echo "soak.sh: round $rounds: $*"
	lost=$((lost + 1))
}

put() {
	# shellcheck disable=SC2320
	[ ! -w "$2" ] || echo "$1" >"$2"
} 2>/dev/null

# What memory management can do to pages, one after the other, until killed.
press() {
	local free
	while :; do
		free=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
		dd if=/dev/zero of=/dev/shm/press bs=1M count=$((free * 8 / 10 / 1024)) 2>/dev/null
		put 1 /proc/sys/vm/compact_memory
		rm -f /dev/shm/press
		put always /sys/kernel/mm/transparent_hugepage/enabled
		put 1 /sys/kernel/debug/split_huge_pages
		put 3 /proc/sys/vm/drop_caches
		put madvise /sys/kernel/mm/transparent_hugepage/enabled
		echo >>"$logs/pressed"
		sleep 0.2
	done
} 2>/dev/null

# The town has less memory than it needs, so that its own is swapped out, too.
town() {
	[ ! -d $group ] || echo $BASHPID >$group/cgroup.procs
	./test_stress >"$logs/town" 2>&1
}

sum() {
	sed -n "s/^$2 //p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

count() {
	local answers died
	read -r answers died < <(sed -n 's/.*[: ]\([0-9]*\) answers, \([0-9]*\) were killed.*/\1 \2/p' "$logs/town")
	messages=$((messages + ${answers:-0} + $(sum "$logs/fuzz" fuzz_messages)))
	kills=$((kills + ${died:-0} + $(sum "$logs/fuzz" fuzz_kills)))
	faults=$((faults + $(sum "$logs/fuzz" fuzz_faults)))
	calls=$((calls + $(sum "$logs/fuzz" fuzz_calls)))
	pressed=$(wc -l <"$logs/pressed")
}

nothing_left() {
	local try
	for ((try = 0; try < 100; try++)); do
		left=$(awk '$1 ~ /_live$/ && $2 != 0 { printf "%s is %s ", $1, $2 }' $stats)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	return 1
}

reload() {
	local try
	for ((try = 0; try < 100; try++)); do
		rmmod phxport 2>/dev/null && break
		sleep 0.1
	done
	[ ! -d /sys/module/phxport ] || { problem "the module can't be unloaded"; return; }
	insmod $module || { problem "the module can't be loaded again"; return; }
	reloads=$((reloads + 1))
}

round() {
	local presser town fuzz
	press &
	presser=$!
	town &
	town=$!
	./phxfuzz --others --seed "$rounds" --seconds 15 >"$logs/fuzz" 2>&1 &
	fuzz=$!
	wait $fuzz || { problem "phxfuzz failed"; cat "$logs/fuzz"; }
	wait $town || { problem "the town failed"; cat "$logs/town"; }
	kill $presser
	wait $presser 2>/dev/null
	rm -f /dev/shm/press
	count
	nothing_left || problem "left over: $left"
	reload
}

mkdir -p $group
put +memory /sys/fs/cgroup/cgroup.subtree_control
put $((24 << 20)) $group/memory.high
: >"$logs/pressed"
until [ $SECONDS -ge $until ] || [ $lost != 0 ]; do
	rounds=$((rounds + 1))
	round
done
rmdir $group 2>/dev/null
cat <<REPORT
soak_rounds $rounds
soak_messages $messages
soak_calls $calls
soak_kills $kills
soak_faults_injected $faults
soak_pressures $pressed
soak_reloads $reloads
soak_lost $lost
REPORT
rm -rf "$logs"
[ $lost = 0 ]
