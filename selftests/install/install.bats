#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `make install` and `make uninstall`, into a directory.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	unset MAKEFLAGS MFLAGS
	export DEST=$BATS_FILE_TMPDIR/dest
	make -s install DESTDIR="$DEST"
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	usr=$DEST/usr/local
}

# list DIR: everything in it.
list() {
	(cd "$1" && find . -mindepth 1 -printf '%P %y %m %l\n' | sort)
}

@test "what belongs to the installation is there" {
	for file in bin/phxbench lib/libphxport.so lib/libphxport.so.0 lib/libphxport.a \
		lib/pkgconfig/phxport.pc include/phxport.h include/linux/phxport.h \
		include/phxport/phoenix.h share/man/man3/phx_send.3 share/man/man4/phxport.4 \
		share/man/man7/phxport.7 share/man/man1/phxbench.1 lib/sysusers.d/phxport.conf \
		lib/udev/rules.d/60-phxport.rules lib/modules-load.d/phxport.conf \
		share/bash-completion/completions/phxbench share/doc/phxport/examples/echo.c; do
		[ -f "$usr/$file" ] || { echo "$file is missing"; false; }
	done
	for tool in build/tools/*; do
		[ ! -f "$tool" ] || [ -n "$(find "$usr" -name "${tool##*/}" -perm 755)" ]
	done
	for page in tools/man/*.[1-8]; do
		[ -f "$usr/share/man/man${page##*.}/${page##*/}" ]
	done
	[ "$(ls "$DEST")" = usr ]
	[ "$(ls "$DEST/usr")" = local ]
}

@test "nobody but root may write what was installed, and nothing gives rights away" {
	run find "$DEST" ! -type l -perm /6022
	[ -z "$output" ]
	# MODE is said once, and it is not for everybody.
	run -0 grep -oh 'MODE="[0-9]*"' "$usr"/lib/udev/rules.d/*.rules
	[ "$output" = 'MODE="0660"' ]
	run -0 grep -v '^#' "$usr/lib/sysusers.d/phxport.conf"
	[ "$output" = "g phxport - -" ]
}

@test "the library has a soname, and its links lead to this version" {
	run -0 readelf -d "$usr/lib/libphxport.so"
	[[ $output == *"Library soname: [libphxport.so.0]"* ]]
	[ "$(readlink -f "$usr/lib/libphxport.so.0")" = "$usr/lib/libphxport.so.$(cat VERSION)" ]
}

@test "the examples build against what is installed, and run with it" {
	cp -r "$usr/share/doc/phxport/examples" "$BATS_TEST_TMPDIR/examples"
	export PKG_CONFIG_PATH=$usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$DEST
	make -s -C "$BATS_TEST_TMPDIR/examples"
	run -0 env LD_LIBRARY_PATH="$usr/lib" ldd "$BATS_TEST_TMPDIR/examples/echo"
	[[ $output == *"libphxport.so.0 => $usr/lib/libphxport.so.0"* ]]
	# Without the device: that is what it must find out by the library.
	[ ! -e /dev/phxport ] || skip "there is a device: the examples' own tests run them"
	run -1 env LD_LIBRARY_PATH="$usr/lib" "$BATS_TEST_TMPDIR/examples/fileserver" /tmp
	[[ $output == *"run 'modprobe phxport' as root"* ]]
}

@test "Debian's list of symbols is that of the library" {
	diff <(sed '/^libphxport-kit/,$d' debian/libphxport0.symbols | sed -n 's/^ \(phx_[a-z_]*\)@.*/\1/p' | sort) \
		<(sed -n 's/^\t\(phx_[a-z_]*\);$/\1/p' lib/phxport.map | sort)
}

@test "no file tells where it was built" {
	run grep -rl "$PWD\|$DEST" "$DEST" --include='*.pc' --include='*.h' --include='*.conf' --include='*.[1-8]'
	[ -z "$output" ]
}

@test "uninstalling takes all of it, and nothing else" {
	dest=$BATS_TEST_TMPDIR/dest
	mkdir -p "$dest/opt/p x/lib/pkgconfig" "$dest/opt/p/lib/pkgconfig" "$dest/opt/p/share/man/man3" "$dest/opt/p/bin"
	touch "$dest/opt/p/lib/pkgconfig/other.pc" "$dest/opt/p/lib/libphxportal.so.0"
	echo other >"$dest/opt/p/share/man/man3/other.3"
	mkdir -p "$dest/opt/p/include" "$dest/opt/p/share" "$dest/opt/p/lib"
	before=$(list "$dest")
	make -s install DESTDIR="$dest" PREFIX=/opt/p
	[ "$(list "$dest")" != "$before" ]
	# Of another version.
	touch "$dest/opt/p/lib/libphxport.so.0.0.9"
	make -s uninstall DESTDIR="$dest" PREFIX=/opt/p
	diff <(echo "$before") <(list "$dest")
	# Once more there is nothing to do.
	make -s uninstall DESTDIR="$dest" PREFIX=/opt/p
	diff <(echo "$before") <(list "$dest")
}

@test "make install says what is to be done afterwards, and with DESTDIR does not" {
	run -0 make -s install DESTDIR="$BATS_TEST_TMPDIR/d" PREFIX=/opt/p
	[[ $output != *"Now run"* ]]
	# Not into this machine: an own one, where there are namespaces for that.
	unshare -rm true 2>/dev/null || skip "no name spaces here to install into another /usr/local"
	mkdir "$BATS_TEST_TMPDIR/local"
	run -0 unshare -rm sh -c "mount --bind '$BATS_TEST_TMPDIR/local' /usr/local && make -s install"
	[[ $output == *"ldconfig"*"systemd-sysusers /usr/local/lib/sysusers.d/phxport.conf"* ]]
	diff <(list "$usr") <(list "$BATS_TEST_TMPDIR/local")
}

@test "what a package owns is not uninstalled" {
	unshare -rm true 2>/dev/null || skip "no name spaces here to have another /usr"
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\ncase $2 in */phxbench) ;; *) exit 1 ;; esac\n' >"$BATS_TEST_TMPDIR/bin/dpkg-query"
	chmod +x "$BATS_TEST_TMPDIR/bin/dpkg-query"
	mkdir "$BATS_TEST_TMPDIR/local"
	run -2 unshare -rm sh -c "mount --bind '$BATS_TEST_TMPDIR/local' /usr/local && make -s install &&
		PATH=$BATS_TEST_TMPDIR/bin:\$PATH make -s uninstall"
	[[ $output == *"belong to Debian packages; run: apt-get remove"* ]]
	[ -e "$BATS_TEST_TMPDIR/local/bin/phxbench" ]
	[ ! -e "$BATS_TEST_TMPDIR/local/lib/libphxport.so" ]
}

# complete WORD...: what completion offers for the last of these.
complete_words() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _phxbench; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$usr/share/bash-completion/completions/phxbench" "$usr/bin/phxbench" "$@"
}

@test "completion knows subcommands and options, from the tool itself" {
	[ "$(complete_words sc)" = scale ]
	[ "$(complete_words "" | wc -l)" = "$("$usr/bin/phxbench" --help | grep -c '^  ')" ]
	[ "$(complete_words idle --ga)" = --gaps ]
	[ "$(complete_words --siz)" = --sizes ]
	[ "$(complete_words scale --gaps)" = "" ]
	touch "$BATS_TEST_TMPDIR/result.json"
	[ "$(complete_words --json "$BATS_TEST_TMPDIR/res")" = "$BATS_TEST_TMPDIR/result.json" ]
}

@test "the packed sources are the same bytes each time, and all that is needed" {
	tools/install/dist "$BATS_TEST_TMPDIR/1"
	touch README.md
	tools/install/dist "$BATS_TEST_TMPDIR/2"
	name=phxport-$(cat VERSION)
	cmp "$BATS_TEST_TMPDIR"/{1,2}/"$name.tar.xz"
	tar -xf "$BATS_TEST_TMPDIR/1/$name.tar.xz" -C "$BATS_TEST_TMPDIR"
	# From the unpacked ones, where git is not, also within somebody's repository.
	git init -q "$BATS_TEST_TMPDIR"
	make -s -C "$BATS_TEST_TMPDIR/$name" install DESTDIR="$BATS_TEST_TMPDIR/dest"
	diff <(cd "$DEST" && find . | sort) <(cd "$BATS_TEST_TMPDIR/dest" && find . | sort)
	"$BATS_TEST_TMPDIR/$name/tools/install/dist" "$BATS_TEST_TMPDIR/3"
	diff <(tar -tf "$BATS_TEST_TMPDIR/1/$name.tar.xz") <(tar -tf "$BATS_TEST_TMPDIR/3/$name.tar.xz")
}

@test "DKMS is given sources alone, and no more than it needs" {
	make -s dkms-install DESTDIR="$BATS_TEST_TMPDIR"
	src=$BATS_TEST_TMPDIR/usr/src/phxport-$(cat VERSION)
	[ -f "$src/dkms.conf" ]
	[ -f "$src/module/main.c" ]
	run find "$src" -type f ! -name '*.[ch]' ! -name '*.txt' ! -name dkms.conf ! -name Kbuild ! -name VERSION
	[ -z "$output" ]
	run ! grep -r 'uname' "$src/dkms.conf" "$src/Kbuild"
	make -s dkms-uninstall DESTDIR="$BATS_TEST_TMPDIR"
	[ ! -e "$src" ]
}

@test "dkms-install without DKMS or without headers says what to install" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$(command -v bash)" "$(command -v cat)" "$(command -v dirname)" "$BATS_TEST_TMPDIR/bin"
	run -4 env PATH="$BATS_TEST_TMPDIR/bin" tools/install/dkms install
	[[ $output == *"run: apt-get install dkms"* ]]
	command -v dkms >/dev/null || skip "DKMS is not installed"
	unshare -r true 2>/dev/null || skip "no user name spaces here"
	run -1 unshare -r tools/install/dkms install 5.99.0-none
	[[ $output == *"run: apt-get install linux-headers-5.99.0-none"* ]]
}
