#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031,SC2154
#
# phxctl where the module is not loaded, and doctor in systems that lack one thing
# each, which are directories here.

bats_require_minimum_version 1.5.0

setup() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for phxctl in "$here/../bin/phxctl" "$here/../build/tools/phxctl"; do
		[ ! -x "$phxctl" ] || break
	done
	[ -x "$phxctl" ] || skip "phxctl is not built: make tools"
	root=$(mktemp -d)
	release=$(uname -r)
	modules=$root/lib/modules/$release
	mkdir -p "$modules/updates/dkms" "$root/usr/src" "$root/sys"
}

teardown() {
	[ -z "${root:-}" ] || rm -rf "$root"
}

doctor() {
	PHXCTL_ROOT=$root run -1 "$phxctl" doctor
}

installed() {
	echo module >"$modules/updates/dkms/phxport.ko"
	echo "updates/dkms/phxport.ko:" >"$modules/modules.dep"
}

secure_boot() {
	mkdir -p "$root/sys/firmware/efi/efivars"
	printf '\6\0\0\0%b' "\\$1" >"$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
}

@test "without the module every object says so" {
	local object
	[ ! -e /sys/module/phxport ] || skip "the module is loaded"
	for object in port client message "message chain" name buffer limit stats monitor "top --batch"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr "$phxctl" $object
		[[ $stderr == *"not loaded"*"modprobe phxport"* ]]
		[ -z "$output" ]
	done
	run -0 "$phxctl" report
	[[ $output == *FAIL* ]]
}

@test "help and version need no module" {
	run -0 "$phxctl" --help
	[[ $output == *"message abort MESSAGE [force]"* ]]
	run -0 "$phxctl" help
	run -0 "$phxctl" limit help
	[[ $output == *"limit set LIMIT MAX"* ]]
	run -0 "$phxctl" -V
	[[ $output == "phxctl "[0-9]* ]]
	run -0 "$phxctl" complete ""
	[[ $output == *doctor* ]]
	while IFS= read -r line; do
		[ "${#line}" -le 110 ]
	done < <("$phxctl" --help)
}

@test "output that can't be written is an error" {
	[ -e /dev/full ] || skip "there is no /dev/full"
	run -1 bash -c "$phxctl --help >/dev/full"
}

@test "doctor: not installed" {
	doctor
	[[ $output == *"not installed"*"phxport-dkms"* ]]
}

@test "doctor: not built, as the headers are missing" {
	mkdir "$root/usr/src/phxport-0.1.0"
	doctor
	[[ $output == *"headers are missing"*"apt-get install linux-headers-$release"* ]]
}

@test "doctor: not built, though it could be" {
	mkdir -p "$root/usr/src/phxport-0.1.0" "$modules/build"
	touch "$modules/build/Makefile"
	doctor
	[[ $output == *"not built for kernel $release"*"dkms autoinstall -k $release"* ]]
}

@test "doctor: not signed where Secure Boot wants that" {
	installed
	secure_boot 1
	doctor
	[[ $output == *"Secure Boot"*"mokutil --import /var/lib/dkms/mok.pub"* ]]
}

@test "doctor: signed, or Secure Boot is off, and not loaded" {
	installed
	secure_boot 0
	doctor
	[[ $output == *"not loaded"*"modprobe phxport"* ]]
	secure_boot 1
	printf '~Module signature appended~\n' >>"$modules/updates/dkms/phxport.ko"
	doctor
	[[ $output == *"not loaded"*"modprobe phxport"* ]]
	[[ $output == *"Key was rejected"* ]]
}

@test "doctor: another version is loaded" {
	mkdir -p "$root/sys/module/phxport"
	echo 0.0.1 >"$root/sys/module/phxport/version"
	doctor
	[[ $output == *"of version 0.0.1"*"rmmod phxport && modprobe phxport"* ]]
}

@test "doctor: JSON has a cure for what fails" {
	PHXCTL_ROOT=$root run -1 "$phxctl" -j doctor
	[[ $output == '[{"check":"built","ok":false,"text":'*'"cure":'* ]]
	if command -v jq >/dev/null; then
		jq -e '.[-1].cure' <<<"$output"
	fi
}
