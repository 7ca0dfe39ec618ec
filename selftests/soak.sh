#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything at once, for as long as one likes; made for the virtual machine, as root:
#
#   soak.sh [MINUTES]     1 unless given
#
# In each round phxfuzz, a town of servers and senders (test_stress) that are killed one
# by one, and senders of huge pages (phx_large) run side by side, while memory is taken
# until it is swapped out, moved together, and huge pages are split. Then all of the
# module's counters must be zero, and it is unloaded and loaded again. Prints "key value"
# lines; the exit code is 0 if nothing was lost, and all that this kernel can do has
# happened: soak_pswpout and its like are how much the kernel's own counts in /proc/vmstat
# have grown, soak_huge is how many huge pages were lent as such, by anybody. A kernel that
# can (KERNEL=debug) makes the fuzzer's calls fail inside, too.

cd "$(dirname "$0")" || exit 1
minutes=${1:-1}
module=/opt/phxport/phxport.ko
stats=/sys/kernel/debug/phxport/stats
group=/sys/fs/cgroup/phx_soak
logs=$(mktemp -d)
until=$((SECONDS + minutes * 60))
rounds=0 reloads=0 messages=0 kills=0 faults=0 calls=0 large=0 huge=0 pressed=0 lost=0
# Pages that were swapped out, taken for compaction, moved; huge pages that were split.
counts=(pswpout compact_isolated pgmigrate_success thp_split_page)
declare -A before

[ "$(id -u)" = 0 ] || { echo "soak.sh: it loads and unloads the module: be root" >&2; exit 4; }
[ -e /dev/phxport ] || { echo "soak.sh: /dev/phxport is not there: load the module phxport" >&2; exit 4; }

# problem SENTENCE...: counts as lost, and is told.
problem() {
	echo "soak.sh: round $rounds: $*"
	lost=$((lost + 1))
}

# Files that `press` writes to. What a kernel does not have is said once.
thp=/sys/kernel/mm/transparent_hugepage/enabled
split=/sys/kernel/debug/split_huge_pages
compact=/proc/sys/vm/compact_memory
caches=/proc/sys/vm/drop_caches

# put TEXT FILE: one that is there must take it.
put() {
	[ ! -e "$2" ] || echo "$1" >"$2" || echo "$2" >>"$logs/refused"
}

# Has huge pages while all there are get split.
be_huge() {
	put always $thp
	dd if=/dev/zero of=/dev/null bs=64M count=5 &
	sleep 0.2
	put 1 $split
	wait $!
	put madvise $thp
}

# What memory management can do to pages, one after the other, until killed.
press() {
	local free
	trap 'kill $!; exit' TERM
	while :; do
		free=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
		dd if=/dev/zero of=/dev/shm/press bs=1M count=$((free * 8 / 10 / 1024)) &
		wait $!
		put 1 $compact
		rm -f /dev/shm/press
		# Now there is somewhere to move to.
		put 1 $compact
		be_huge
		put 3 $caches
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
	large=$((large + $(sum "$logs/large" large_messages)))
	huge=$((huge + $(sum "$logs/large" large_huge)))
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
	local town fuzz large_pid
	town &
	town=$!
	./phx_large 12 >"$logs/large" 2>&1 &
	large_pid=$!
	./phxfuzz --others --seed "$rounds" --seconds 15 >"$logs/fuzz" 2>&1 &
	fuzz=$!
	wait $fuzz || { problem "phxfuzz failed"; cat "$logs/fuzz"; }
	wait $town || { problem "the town failed"; cat "$logs/town"; }
	wait $large_pid || { problem "large messages failed"; cat "$logs/large"; }
	count
	nothing_left || problem "left over: $left"
	reload
}

# vmstat KEY: nothing if the kernel does not count that.
vmstat() {
	awk -v key="$1" '$1 == key { print $2 }' /proc/vmstat
}

look_before() {
	local file key
	for file in $thp $split $compact $caches $group/memory.high; do
		[ -e "$file" ] || echo "soak.sh: this kernel has no $file: nothing comes from there"
	done
	for key in "${counts[@]}"; do
		before[$key]=$(vmstat "$key")
	done
	grep -q '^/' /proc/swaps || { echo "soak.sh: there is no swap"; before[pswpout]=; }
}

# Prints what has happened to pages since then. What has not is a problem.
look_after() {
	local key grown
	for key in "${counts[@]}"; do
		[ -n "${before[$key]}" ] || continue
		grown=$(($(vmstat "$key") - before[$key]))
		echo "soak_$key $grown"
		[ $grown -gt 0 ] || problem "the kernel's count $key has not grown"
	done
}

# What each soak has to see.
look_at_counts() {
	[ $messages -gt 0 ] || problem "no message was answered"
	[ $kills -gt 0 ] || problem "nobody was killed"
	[ $large -gt 0 ] || problem "no large message was answered"
	if grep -q '^large_huge none' "$logs/large"; then
		echo "soak_huge none: this kernel lends huge pages as small ones"
	else
		echo "soak_huge $huge"
		[ $huge -gt 0 ] || problem "no huge page was lent"
	fi
	if [ -e /proc/self/fail-nth ]; then
		echo "soak_faults_injected $faults"
		[ $faults -gt 0 ] || problem "no fault was injected"
	else
		echo "soak_faults_injected none: this kernel has no fault injection, KERNEL=debug has"
	fi
	[ ! -e "$logs/refused" ] ||
		problem "could not be written to: $(sort -u "$logs/refused" | paste -sd ' ')"
}

mkdir -p $group
put +memory /sys/fs/cgroup/cgroup.subtree_control
put $((24 << 20)) $group/memory.high
: >"$logs/pressed"
look_before
# Through all rounds: it takes longer than one, at first.
press &
presser=$!
until [ $SECONDS -ge $until ] || [ $lost != 0 ]; do
	rounds=$((rounds + 1))
	round
done
kill $presser
wait $presser 2>/dev/null
rm -f /dev/shm/press
rmdir $group 2>/dev/null
cat <<REPORT
soak_rounds $rounds
soak_messages $messages
soak_large $large
soak_calls $calls
soak_kills $kills
soak_pressures $pressed
soak_reloads $reloads
REPORT
look_after
look_at_counts
echo "soak_lost $lost"
rm -rf "$logs"
[ $lost = 0 ]
