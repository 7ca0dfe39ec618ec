#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The module by DKMS: built and installed for KERNELS into trees of its own, then
# loaded, upgraded and removed in virtual machines. `make dkms-check`.

bats_require_minimum_version 1.5.0

# The version before this one: the last tag, or, as long as there is none, what the
# module was before buffers could be registered, under a lower version.
previous() {
	local tag
	tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' --exclude "v$(cat VERSION)" 2>/dev/null) ||
		tag=79fca03458c69f3fea2222472f2523b227563608
	git rev-parse --verify --quiet "$tag^{commit}"
}

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	unset MAKEFLAGS MFLAGS
	export KERNELS=${KERNELS:-6.1 6.12 6.12-rt}
	export T=$PWD/build/dkms
	export DKMS_SRC=$T/src
	export DKMS_OPTIONS="--dkmstree $T/tree --sourcetree $T/src --installtree $T/root/lib/modules --no-depmod"
	# DKMS signs with this key instead of one in /var/lib/dkms.
	export mok_signing_key=$T/mok.key mok_certificate=$T/mok.pub
	NEW=$(cat VERSION) OLD=0.0.9 RELEASES=
	for kernel in $KERNELS; do
		RELEASES+="$(selftests/vm/kernel release "$kernel") " || return
	done
	export NEW OLD RELEASES
	rm -rf "$T"
	mkdir -p "$T/src" "$T/tree"
	for release in $RELEASES; do
		mkdir -p "$T/root/lib/modules/$release"
		ln -s "/usr/src/linux-headers-$release" "$T/root/lib/modules/$release/build"
	done
	everything >"$T.before"
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

everything() {
	(cd "$T" && find . ! -name 'mok.*' ! -path './old*' ! -path './broken*' | sort)
}

dkms_() {
	# shellcheck disable=SC2086
	dkms "$@" $DKMS_OPTIONS
}

# ko RELEASE: the installed module; DKMS packs it as that kernel's own ones are.
ko() {
	echo "$T/root/lib/modules/$1"/updates/dkms/phxport.ko*
}

# is_installed VERSION: this one for all kernels, built for them, and none else.
is_installed() {
	local release ko
	for release in $RELEASES; do
		ko=$(ko "$release")
		[[ $(modinfo -F vermagic "$ko") == "$release "* ]] || { echo "not for $release: $(modinfo -F vermagic "$ko")"; return 1; }
		[ "$(modinfo -F version "$ko")" = "$1" ] || { echo "$release: not version $1"; return 1; }
		[ "$(cd "$T/root/lib/modules/$release" && find . -name '*.ko*')" = "./updates/dkms/${ko##*/}" ] || return 1
		[[ $(dkms_ status "phxport/$1" -k "$release") == *": installed" ]] || return 1
	done
}

@test "the previous version is added, built and installed for all kernels" {
	commit=$(previous) || skip "this is no git repository with the previous version in it"
	mkdir "$T/src/phxport-$OLD"
	git archive "$commit" Kbuild VERSION dkms.conf module uapi | tar -x -C "$T/src/phxport-$OLD"
	echo "$OLD" >"$T/src/phxport-$OLD/VERSION"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$OLD\"/" "$T/src/phxport-$OLD/dkms.conf"
	dkms_ add "phxport/$OLD"
	for release in $RELEASES; do
		dkms_ build "phxport/$OLD" -k "$release"
		dkms_ install "phxport/$OLD" -k "$release"
	done
	is_installed "$OLD"
	mkdir "$T/old"
	cp -a "$T/root/." "$T/old"
}

@test "a version that can't be built leaves the previous one as it is" {
	[ -d "$T/old" ] || skip "there is no previous version here"
	mkdir "$T/broken"
	git ls-files -z --cached --others --exclude-standard Kbuild VERSION dkms.conf module uapi LICENSES tools/install |
		xargs -0 cp -t "$T/broken" --parents
	echo 9.9.9 >"$T/broken/VERSION"
	sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="9.9.9"/' "$T/broken/dkms.conf"
	echo "#error not today" >>"$T/broken/module/main.c"
	run -1 "$T/broken/tools/install/dkms" install
	[[ $output == *"could not be built for kernel"* ]]
	is_installed "$OLD"
	# Nor is it in the way of the next one.
	dkms_ remove phxport/9.9.9 --all
	rm -rf "$T/src/phxport-9.9.9"
}

@test "this version is built for the kernels it is told, whatever runs here" {
	mkdir -p "$T/fake"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$1" = -r ] && echo 9.9.9-none || exec %s "$@"\n' "$(command -v uname)" >"$T/fake/uname"
	chmod +x "$T/fake/uname"
	PATH=$T/fake:$PATH make -s dkms-install
	rm -r "$T/fake"
	is_installed "$NEW"
	[ "$(ls "$T/src")" = "phxport-$NEW" ]
	[[ $(dkms_ status) != *"$OLD"* ]]
}

@test "the modules are signed with DKMS' key" {
	for release in $RELEASES; do
		ko=$(ko "$release")
		[ "$(modinfo -F signer "$ko")" = "DKMS module signing key" ]
	done
}

@test "installed once more, it is for the kernels that are named; one that is too old is left out" {
	old=$T/root/lib/modules/5.10.0-1-amd64
	mkdir -p "$old"
	ln -s "/usr/src/linux-headers-${RELEASES%% *}" "$old/build"
	run -0 make -s dkms-install KERNELRELEASE="${RELEASES%% *} 5.10.0-1-amd64"
	[[ $output == *"Kernel 5.10.0-1-amd64 is older than what phxport is for"* ]]
	run -77 dkms_ build "phxport/$NEW" -k 5.10.0-1-amd64
	rm -r "$old"
	run -0 dkms_ status
	[ "$(grep -c ': installed' <<<"$output")" = 1 ]
}

@test "a kernel that comes later gets it by DKMS itself" {
	for release in $RELEASES; do
		dkms_ autoinstall -k "$release"
	done
	is_installed "$NEW"
}

@test "what a Debian package brought is left to apt-get" {
	mkdir -p "$T/fake"
	printf '#!/bin/sh\n' >"$T/fake/dpkg-query"
	chmod +x "$T/fake/dpkg-query"
	for action in install uninstall; do
		PATH=$T/fake:$PATH run -2 make -s dkms-$action
		[[ $output == *"belongs to a Debian package; run: apt-get purge phxport-dkms"* ]]
	done
	rm -r "$T/fake"
	is_installed "$NEW"
}

@test "all supported kernels are for DKMS, and no others" {
	# shellcheck source=dkms.conf disable=SC2154
	. ./dkms.conf
	for release in 6.1.0-56-amd64 6.2.0 6.9.1 6.10.0 6.12.117+deb12-rt-amd64 6.19.3 7.0.0 10.1.0; do
		[[ $release =~ $BUILD_EXCLUSIVE_KERNEL ]] || { echo "$release is excluded"; false; }
	done
	for release in 2.6.32 3.6.1 4.19.0 5.6.1 5.10.0-1 6.0.9 16; do
		[[ ! $release =~ $BUILD_EXCLUSIVE_KERNEL ]] || { echo "$release is not excluded"; false; }
	done
}

# in_the_guest KERNEL: see guest-dkms.
in_the_guest() {
	local release
	release=$(selftests/vm/kernel release "$1")
	[ -d "$T/old" ] || skip "there is no previous version here to upgrade from"
	for version in old root; do
		for list in modules.order modules.builtin modules.builtin.modinfo; do
			cp -n "$(selftests/vm/kernel root "$1")/lib/modules/$release/$list" "$T/$version/lib/modules/$release"
		done
		depmod -b "$T/$version" "$release"
	done
	make -s install DESTDIR="$T/installed"
	mkdir -p "$T/guest/$1/"{old,new}/lib/modules
	cp -a "$T/old/lib/modules/$release" "$T/guest/$1/old/lib/modules"
	cp -a "$T/root/lib/modules/$release" "$T/guest/$1/new/lib/modules"
	find "$T/guest" -type l -name build -delete
	selftests/vm/run -k "$1" --no-module --log "$PWD/build/vm/dkms-$1" --tap \
		--tool /sbin/modprobe --tool /sbin/modinfo --tool udevadm --tool systemd-sysusers \
		--add "$T/guest/$1:/dkms" --add "$T/installed/usr/local:/usr/local" \
		--add "$PWD/selftests/install:/opt/phxport/install" \
		"install/guest-dkms $OLD $NEW"
}

@test "6.1: loaded by modprobe, used by its group, upgraded, removed" {
	[[ " $KERNELS " == *" 6.1 "* ]] || skip "not among KERNELS"
	in_the_guest 6.1
}

@test "6.12: loaded by modprobe, used by its group, upgraded, removed" {
	[[ " $KERNELS " == *" 6.12 "* ]] || skip "not among KERNELS"
	in_the_guest 6.12
}

@test "6.12-rt: loaded by modprobe, used by its group, upgraded, removed" {
	[[ " $KERNELS " == *" 6.12-rt "* ]] || skip "not among KERNELS"
	in_the_guest 6.12-rt
}

@test "removed, nothing of it is left" {
	make -s dkms-uninstall
	rm -rf "$T/guest" "$T/installed"
	find "$T/root/lib/modules" -name 'modules.*' -delete
	diff "$T.before" <(everything)
	run -2 make -s dkms-uninstall
	[[ $output == *"DKMS knows no version of phxport"* ]]
}
