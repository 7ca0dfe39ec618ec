#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The Debian packages: built twice, checked, then installed in a chroot with the
# headers of a kernel, used there and in a virtual machine, and purged.
# `make deb-check`.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	unset MAKEFLAGS MFLAGS
	[ "$(id -u)" = 0 ] || { echo "this needs root; run: sudo make deb-check"; return 1; }
	export T=$PWD/build/deb-check ROOT=$PWD/build/deb-check/root
	VERSION=$(cat VERSION) CACHE=$(. selftests/common.sh && echo "$cache")
	RELEASES="$(selftests/vm/kernel release 6.1) $(selftests/vm/kernel release 6.12)"
	export VERSION RELEASES CACHE
	rm -rf "$T"
	mkdir -p "$T"
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# in_root COMMAND...: in the chroot, with nothing of this machine's processes.
in_root() {
	# shellcheck disable=SC2016
	unshare --mount --pid --fork bash -c 'mount -t proc proc "$0/proc" && exec chroot "$0" env -i \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' \
		"$ROOT" "$@" </dev/null
}

# is_installed: the module, for both kernels.
is_installed() {
	local release
	for release in $RELEASES; do
		[[ $(in_root dkms status "phxport/$VERSION" -k "$release") == *": installed" ]] || return 1
		[[ $(in_root modinfo -k "$release" -F vermagic phxport) == "$release "* ]] || return 1
	done
}

depmod_all() {
	local release
	for release in $RELEASES; do
		in_root depmod "$release"
	done
}

# Everything in the chroot, without what dpkg, apt and ldconfig keep for themselves.
everything() {
	(cd "$ROOT" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./run -o -path ./var/log -o -path ./var/cache \
		-o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./debs \) -prune -o -printf '%P %y %m %U:%G %l\n' | sort)
}

# packages: those that are installed in the chroot.
packages() {
	in_root dpkg-query -W -f '${binary:Package}\n' | sort
}

@test "the packages are built" {
	[ -e build/deb ] || mkdir build/deb
	tools/install/deb build/deb
	for package in "phxport-dkms_${VERSION}_all" "libphxport0_${VERSION}_amd64" \
		"libphxport-dev_${VERSION}_amd64" "phxport-tools_${VERSION}_amd64"; do
		[ -f "build/deb/$package.deb" ]
	done
}

@test "lintian finds nothing" {
	run -0 lintian --info --display-info --fail-on error,warning,info --allow-root build/deb/*.changes
	[ -z "$output" ]
}

@test "built once more elsewhere, they are the same to the byte" {
	tools/install/deb "$T/again"
	for deb in build/deb/*.deb build/deb/*.tar.xz; do
		cmp "$deb" "$T/again/${deb##*/}"
	done
}

@test "each file is in the package it belongs to, and none may be written by others" {
	for deb in build/deb/*.deb; do
		run ! sh -c "dpkg-deb -c $deb | grep -vE '^(lrwxrwxrwx|[d-]rwxr-xr-x|-rw-r--r--) root/root '"
	done
	dpkg-deb -c build/deb/phxport-dkms_*.deb | grep -q ' ./usr/lib/udev/rules.d/60-phxport.rules'
	[ "$(dpkg-deb -f build/deb/libphxport-dev_*.deb Depends)" = "libphxport0 (= $VERSION)" ]
	dpkg-deb -f build/deb/phxport-tools_*.deb Depends | grep -q "libphxport0 (>= 0.1.0)"
	[ "$(dpkg-deb -f build/deb/phxport-dkms_*.deb Architecture)" = all ]
}

@test "they install in a minimal system, and DKMS builds the module for its kernels" {
	base=$CACHE/debian-${RELEASES// /-}.tar
	if [ ! -e "$base" ] || [ -n "$(find "$base" -mtime +14)" ]; then
		# Headers want their kernel; an initramfs for it nobody wants.
		# shellcheck disable=SC2016,SC2086
		mmdebstrap --mode=root --variant=minbase --dpkgopt=force-unsafe-io \
			--essential-hook='chroot "$1" dpkg-divert --quiet --local --rename --add /usr/sbin/update-initramfs' \
			--essential-hook='ln -s /bin/true "$1/usr/sbin/update-initramfs"' \
			--aptopt='Acquire::Languages "none"' --format=tar \
			--include="ca-certificates,dkms,openssl,systemd,udev,kmod,libc6-dev,pkg-config$(printf ',linux-headers-%s' $RELEASES)" \
			bookworm "$base.part"
		mv "$base.part" "$base"
	fi
	mkdir "$ROOT"
	tar -xf "$base" -C "$ROOT" --numeric-owner
	cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
	depmod_all
	in_root apt-get -qq update
	packages >"$T/packages"
	everything >"$T/before"
	cp "$ROOT/etc/group" "$T/group"
	mkdir "$ROOT/debs"
	cp build/deb/*.deb "$ROOT/debs"
	in_root sh -c 'apt-get install -qq -y --no-install-recommends /debs/phxport-dkms_*.deb /debs/phxport-tools_*.deb /debs/libphxport0_*.deb /debs/libphxport-dev_*.deb'
	is_installed
	in_root getent group phxport
	[ ! -e "$ROOT/dev/phxport" ]
}

@test "the examples build with the development package" {
	[ -d "$ROOT/debs" ] || skip "the packages were not installed"
	in_root sh -c 'cp -r /usr/share/doc/libphxport-dev/examples /tmp/examples && make -s -C /tmp/examples'
	run -1 in_root /tmp/examples/echo
	[[ $output == *"run 'modprobe phxport' as root"* ]]
	run -0 in_root ldd /tmp/examples/echo /usr/bin/phxbench
	[ "$(grep -c 'libphxport.so.0 => /lib/' <<<"$output")" = 2 ]
	in_root sh -c 'test -e /usr/share/man/man3/phx_send.3.gz && test -e /usr/share/man/man7/phxport.7.gz'
}

@test "booted, the module is loaded and its group may use it" {
	[ -x "$ROOT/tmp/examples/echo" ] || skip "the packages were not installed"
	cp -a "$ROOT" "$T/target"
	install -m 755 "$T/target/tmp/examples/echo" "$T/target/usr/local/bin/echo-example"
	(cd "$T/target" && rm -rf debs tmp/* usr/src usr/include usr/lib/gcc usr/share/doc usr/share/man usr/share/locale \
		var/cache/* var/lib/apt boot/* usr/lib/modules/*/kernel usr/lib/linux-kbuild* usr/bin/x86_64-linux-gnu-* usr/lib/x86_64-linux-gnu/*.a usr/lib/modules/*/build)
	selftests/vm/run -k 6.12 --no-module --log "$PWD/build/vm/deb" --tap --mem 3072 \
		--add "$T/target:/target" --add "$PWD/selftests/install:/opt/phxport/install" "install/guest-deb $VERSION"
}

@test "a reinstallation, as an upgrade is one, leaves the module installed" {
	[ -d "$ROOT/debs" ] || skip "the packages were not installed"
	in_root sh -c 'apt-get install -qq -y --no-install-recommends --reinstall /debs/phxport-dkms_*.deb'
	# In a chroot, DKMS does no more than the newest kernel when it upgrades.
	RELEASES=${RELEASES##* } is_installed
}

@test "purged, nothing is left but the group and DKMS' own key" {
	[ -d "$ROOT/debs" ] || skip "the packages were not installed"
	# With the libraries that came with them, and none that others need.
	mapfile -t new < <(comm -13 "$T/packages" <(packages))
	in_root apt-get purge -qq -y "${new[@]}"
	rm -rf "$ROOT/debs" "$ROOT/tmp/examples"
	depmod_all
	# Groups are not removed in Debian: a file somewhere may belong to them still.
	diff <(grep -v '^phxport:' "$ROOT/etc/group") "$T/group"
	kept='^(var/lib/dkms/mok\.(key|pub)|etc/g?(group|shadow)-) '
	diff <(grep -vE "$kept" "$T/before") <(everything | grep -vE "$kept")
}
