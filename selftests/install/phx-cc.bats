#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031
#
# phx-cc and the library as they are installed, on this machine; no device is
# needed.

bats_require_minimum_version 1.5.0

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export top
	[ -e "$top/lib/Makefile" ] || skip "this is not the source tree"
	command -v cc >/dev/null || skip "there is no compiler"
	dir=$(mktemp -d)
	export dir
	make -C "$top/lib" BUILD="$top/build" PREFIX="$dir/usr" install >"$dir/log" 2>&1 || {
		cat "$dir/log" >&3
		return 1
	}
	export PATH=$dir/usr/bin:$PATH PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig
	export LD_LIBRARY_PATH=$dir/usr/lib
	cat >"$dir/hello.c" <<-END
		int main(void)
		{
			oid_t root;
			char *path = resolve_path("/proc/../proc/self/comm", NULL, 0, 0);
			int fd = open(path, O_RDONLY);
			char text[32] = "";

			(void)root;
			read(fd, text, sizeof(text) - 1);
			printf("%zu %s", sizeof(id_t), text);
			return 0;
		}
	END
	sed -i '1i #include <fcntl.h>' "$dir/hello.c"
}

teardown_file() {
	[ -z "$dir" ] || rm -rf "$dir"
}

setup() {
	[ -n "$dir" ] || skip "not here"
	cd "$dir" || return
}

@test "a program is built in one step and runs with the shared library" {
	phx-cc -Wall -Wno-unused-result -o hello hello.c
	run -0 ldd hello
	[[ $output == *"$dir/usr/lib/libphxport-kit.so.0"* ]]
	run -0 ./hello
	[ "$output" = "8 hello" ]
}

@test "in two steps, and statically" {
	phx-cc -c -o hello.o hello.c
	phx-cc -static -o hello hello.o
	run -0 ./hello
	[ "$output" = "8 hello" ]
}

@test "pkg-config knows the same" {
	read -ra flags <<<"$(pkg-config --cflags phoenix)"
	read -ra libs <<<"$(pkg-config --libs phoenix)"
	cc -std=gnu11 "${flags[@]}" -o hello hello.c "${libs[@]}"
	run -0 ./hello
	[ "$output" = "8 hello" ]
}

@test "the options and the compiler are the caller's" {
	CC="cc -DFROM_CC" phx-cc -E -dM hello.c >macros
	grep -q '^#define FROM_CC' macros
	phx-cc -std=gnu99 -E -dM hello.c | grep -q '__STDC_VERSION__ 199901L'
	run -0 phx-cc --help
	[[ $output == usage:* ]]
	run -2 phx-cc
	run -0 phx-cc --version
	[ "$output" = "phx-cc $(cat "$top/VERSION")" ]
	[ -n "$(phx-cc --cflags)" ] && [ -n "$(phx-cc --libs)" ]
}

@test "what would cut pointers or can't work is an error" {
	echo 'int main(void) { return *undeclared(); }' >bad.c
	run ! phx-cc -o bad bad.c
	[[ $output == *undeclared* ]]
	run ! phx-cc -m32 -c hello.c
	[[ $output == *"the porting kit is for 64-bit programs"* ]]
}

@test "each header compiles alone, in C and in C++" {
	local header
	for header in $(cd "$dir/usr/include/phoenix" && find . -name '*.h' -printf '%P\n'); do
		echo "#include <$header>" >header.c
		phx-cc -w -fsyntax-only header.c
		CC=c++ phx-cc -std=gnu++17 -x c++ -w -fsyntax-only header.c
	done
}

@test "limits are those of the system, and of ports" {
	cat >limits.c <<-END
		#include <limits.h>
		_Static_assert(PATH_MAX == 4096 && NAME_MAX == 255 && PIPE_BUF > 0 && INT_MAX > 0, "");
		_Static_assert(SYMLOOP_MAX > 0 && _PAGE_SIZE == 4096, "");
	END
	phx-cc -c -Werror limits.c
}

@test "the examples build with what is installed" {
	mkdir examples
	cp "$top"/lib/examples/phoenix/*.[ch] "$top/lib/examples/phoenix/Makefile" examples
	make -C examples WERROR=1
	run -1 examples/files cat /nothing/there
	[ "$output" = "files: cat /nothing/there: No such file or directory" ]
	echo text >"$dir/file"
	run -0 examples/files cat "$dir/file"
	[ "$output" = text ]
}

@test "nothing but the kit's names is exported" {
	run -0 nm -D --defined-only "$dir/usr/lib/libphxport-kit.so"
	[[ $output == *" T msgSend"* ]]
	[[ $output == *" T phx_px_open"* ]]
	[[ $output != *" phx_kit_"* ]]
	[[ $output != *" px_"* ]]
	[[ $output != *" phx_pho_"* ]]
}
