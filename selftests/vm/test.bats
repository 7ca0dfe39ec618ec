#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests `run` itself on this machine: whatever goes wrong in the guest must come
# out as a failure with its reason.

setup_file() {
	export K=${KERNEL:-6.12}
}

setup() {
	cd "$BATS_TEST_DIRNAME" || return
	log=$BATS_TEST_TMPDIR/log
}

vm() {
	run ./run -k "$K" --no-module --log "$log" "$@" </dev/null
	echo "$output"
}

@test "a command that succeeds passes, and its output comes through" {
	vm 'echo hello; su alice -c "id -un"; grep -c . /proc/mounts'
	[ "$status" = 0 ]
	[[ "$output" == *hello*alice* ]]
}

@test "a command that fails fails" {
	vm 'exit 7'
	[ "$status" = 1 ]
	[[ "$output" == *"the command ended with exit code 7"* ]]
}

@test "a failed test in TAP fails" {
	vm 'echo TAP version 13; echo 1..2; echo ok 1 - a; echo not ok 2 - b'
	[ "$status" = 1 ]
	[[ "$output" == *"FAILED on $K: b"* ]]
}

@test "a skipped test in TAP passes" {
	vm 'echo TAP version 13; echo 1..2; echo ok 1 - a; echo "not ok 2 - b # TODO later"'
	[ "$status" = 0 ]
}

@test "a plan that is not kept fails" {
	vm 'echo TAP version 13; echo 1..2; echo ok 1 - a'
	[ "$status" = 1 ]
	[[ "$output" == *"2 tests were planned, 1 ran"* ]]
}

@test "a kernel panic fails" {
	vm 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
	[ "$status" = 1 ]
	[[ "$output" == *"the kernel complained"* ]]
}

@test "a complaint of the kernel fails" {
	vm 'echo "<3>BUG: unable to be content" >/dev/kmsg'
	[ "$status" = 1 ]
	[[ "$output" == *"the kernel complained"*"unable to be content"* ]]
}

# As if the kernel had met a breakpoint: what it says of the code there, and what it said before.
int3_with() {
	vm "echo '${2-}'
		echo '<1>int3: 0000 [#1] PREEMPT SMP PTI' >/dev/kmsg
		echo '<1>Code: 48 89 e5 $1 00 00 5d c3' >/dev/kmsg
		echo '<1>Kernel panic - not syncing' >/dev/kmsg; poweroff -f"
}

@test "what an emulated CPU stumbles over is tried once more, and then fails" {
	[ "${PHX_ACCEL:-tcg}" = tcg ] || skip "it is not emulated"
	int3_with "e9 <1f>"
	[ "$status" = 1 ]
	[ "$(grep -c 'emulator stumbled over' <<<"$output")" = 1 ]
	[[ "$output" == *"the kernel complained"*panic* ]]
	[ -s "$log/stumbled.log" ]
}

@test "a breakpoint that is still there fails at once, and so does one after a failure" {
	int3_with "cc <cc>"
	[ "$status" = 1 ]
	[[ "$output" != *"emulator stumbled"* && "$output" == *"the kernel complained"*panic* ]]
	int3_with "e9 <1f>" "not ok 1 - something"
	[ "$status" = 1 ]
	[[ "$output" != *"emulator stumbled"* && "$output" == *"the kernel complained"*panic* ]]
}

@test "a machine that stops early fails" {
	vm 'echo ok; poweroff -f'
	[ "$status" = 1 ]
	[[ "$output" == *"stopped without a verdict"* ]]
}

@test "a verdict that the command prints does not count" {
	vm 'echo "# vm-exit: 0"; poweroff -f'
	[ "$status" = 1 ]
	[[ "$output" == *"the checks after the command did not run"* ]]
}

@test "a command that does not end fails" {
	vm --timeout 25 'sleep 1000'
	[ "$status" = 1 ]
	[[ "$output" == *"no end within 25 seconds"* ]]
}

@test "leftovers of the module fail" {
	module=../../build/module/$K/phxport.ko
	[ -e "$module" ] || skip "phxport.ko for $K is not built"
	run ./run -k "$K" --log "$log" 'umount /sys/kernel/tracing /sys/kernel/debug
		mount -t tmpfs tmpfs /sys/kernel/debug && mkdir /sys/kernel/debug/phxport
		echo "ports_live 3" >/sys/kernel/debug/phxport/stats' </dev/null
	echo "$output"
	[ "$status" = 1 ]
	[[ "$output" == *"something was left over: ports_live is 3"* ]]
}

@test "a module that cannot be unloaded fails" {
	module=../../build/module/$K/phxport.ko
	[ -e "$module" ] || skip "phxport.ko for $K is not built"
	run ./run -k "$K" --log "$log" 'mount --bind /dev/null /bin/rmmod' </dev/null
	echo "$output"
	[ "$status" = 1 ]
	[[ "$output" == *"phxport could not be unloaded"* ]]
}

@test "a kernel that does not find all CPUs fails" {
	vm --append nr_cpus=1 true
	[ "$status" = 1 ]
	[[ "$output" == *"the kernel has found 1 of 2 CPUs"* ]]
}

@test "an option that wants a number says so" {
	for option in --mem --cpus --swap --disk --timeout; do
		for value in abc 0 -1 1.5 "" 12345678; do
			run ./run -k "$K" --no-module $option "$value" true
			[ "$status" = 2 ]
			[[ "$output" == *"$option wants a whole number"*"not '$value'"* ]]
		done
	done
}

@test "the cache keeps what is used, and nothing else for more than 14 days" {
	export PHX_CACHE=$BATS_TEST_TMPDIR/cache
	used=$(./initramfs base)
	touch -d '20 days ago' "$used" "$PHX_CACHE/base-old.cpio.gz" "$PHX_CACHE/debian-old.tar" "$PHX_CACHE/lock"
	touch -d '10 days ago' "$PHX_CACHE/base-new.cpio.gz"
	mkdir "$PHX_CACHE"/{copy.abcdef,copy.ghijkl,linux-image-1}
	touch -d '2 days ago' "$PHX_CACHE"/copy.abcdef "$PHX_CACHE/linux-image-1"
	[ "$(./initramfs base)" = "$used" ]
	./initramfs base env >/dev/null
	[ -e "$used" ]
	run ls "$PHX_CACHE"
	[[ $output != *base-old* && $output != *debian-old* && $output != *copy.abcdef* ]]
	[[ $output == *base-new*copy.ghijkl*linux-image-1*lock* ]]
}

@test "a kernel that is not there is said to be missing" {
	run ./run -k 5.10 --no-module true
	[ "$status" = 4 ]
	[[ "$output" == *"apt-get install linux-headers-5.10-amd64"* ]]
}

@test "a stock module that is not there is said to be missing" {
	vm --modprobe no_such_module true
	[ "$status" = 4 ]
	[[ "$output" == *"has no module 'no_such_module'"* ]]
}
