#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# phxfuzz with seeds that are the same each time, and with the programs of its corpus;
# for PHX_FUZZ_SECONDS, 60 unless given. It is a program on its own, so that it can run
# for hours: `make fuzz`. Each program of the corpus says what it is about: what was
# wrong once, as far as calls of the device alone show it, and boundaries.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME" || return
	[ -x ./phxfuzz ] || skip "phxfuzz is not built: make selftests"
	[ -d corpus ] || cd fuzz || return
	fuzz=$BATS_TEST_DIRNAME/phxfuzz
}

device() {
	[ -e /dev/phxport ] || skip "/dev/phxport is not there: load the module phxport"
	[ -w /dev/phxport ] || skip "no permission to open /dev/phxport"
}

fuzz() {
	run "$fuzz" "$@"
	echo "$output" >&2
	echo "$output" | grep '^fuzz_' | sed 's/^/# /' >&3
	[ "$status" = 0 ]
}

@test "each program of the corpus says what it is about, and finds nothing" {
	device
	answered=0
	programs=(corpus/*.fz)
	# In one round of seven a world has no windows.
	for program in "${programs[@]}"; do
		[[ "$(sed -n 2p "$program")" == "# "[A-Z]* ]]
		run -0 "$fuzz" --replay "$program" --no-kill --rounds 7
		[[ "$output" != *"fuzz_calls 0"* ]]
		answered=$((answered + $(sed -n 's/^fuzz_messages //p' <<<"$output")))
	done
	echo "$answered messages were answered" >&2
	[ "$answered" -ge ${#programs[@]} ]
}

@test "changes calls in flight" {
	device
	fuzz --replay corpus/changed_in_flight.fz --rounds 20
	[[ "$output" =~ fuzz_mutations\ [1-9] ]]
}

@test "nothing is found with seed 1" {
	device
	fuzz --corpus corpus --seed 1 --seconds "${PHX_FUZZ_SECONDS:-60}"
	[[ "$output" == *fuzz_calls* ]]
	[[ "$output" != *"fuzz_messages 0"* ]]
	[[ "$output" != *"fuzz_compared 0"* ]]
	[[ "$output" =~ fuzz_mutations\ [1-9] ]]
}

@test "memory that is spoiled is noticed" {
	device
	run -1 "$fuzz" --seed 1 --rounds 6 --spoil
	[[ "$output" == *"FAILED: lane "*" was written to after its call was over, in round 3"* ]]
}

@test "its limits and the device are as they were before" {
	device
	[ "$(id -u)" = 0 ] || skip "it changes them as root only"
	before=$(grep . /sys/module/phxport/parameters/*; stat -c %a /dev/phxport)
	fuzz --rounds 1
	[ "$before" = "$(grep . /sys/module/phxport/parameters/*; stat -c %a /dev/phxport)" ]
}

@test "what is no program is refused with its line" {
	device
	echo "0 send what=1" >"$BATS_TEST_TMPDIR/wrong.fz"
	run -2 "$fuzz" --replay "$BATS_TEST_TMPDIR/wrong.fz"
	[[ "$output" == *"line 1 is no call"* ]]
	run -2 "$fuzz" --corpus "$BATS_TEST_TMPDIR"
	run -2 "$fuzz" --corpus "$BATS_TEST_TMPDIR/none"
	run -2 "$fuzz" nonsense
}
