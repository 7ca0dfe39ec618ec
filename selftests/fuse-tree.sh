#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the virtual machine of fuse-tree: real programs on real files, /data, through
# phxfuse. At the end the same through bindfs, a FUSE file system that passes all
# on to a tmpfs, for a comparison. Prints TAP.

# shellcheck disable=SC2086,SC2317 # no name has spaces; `step` calls the functions
set -uo pipefail
export PATH=/usr/bin:$PATH HOME=/tmp GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@vm GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@vm
m=/tmp/phxfuse b=/tmp/bindfs number=0 bad=0
declare -A took

# step SENTENCE COMMAND...
step() {
	local sentence=$1 start=${EPOCHREALTIME/./} status
	shift
	number=$((number + 1))
	# Not as a condition: there -e is of no effect.
	(set -e; "$@") >/tmp/step.log 2>&1
	status=$?
	if [ $status = 0 ]; then
		took[$number]=$(((${EPOCHREALTIME/./} - start) / 1000))
		echo "ok $number $sentence # ${took[$number]} ms"
	else
		tail -n 20 /tmp/step.log | sed 's/^/# /'
		echo "not ok $number $sentence"
		bad=1
	fi
}

mount_it() {
	../examples/ramfs --name /tree --threads 2 >/tmp/ramfs.log 2>&1 &
	echo $! >/tmp/ramfs.pid
	until grep -q serves /tmp/ramfs.log; do sleep 0.1; done
	mkdir -p $m $b /tmp/below
	../bin/phxfuse /tree $m
	bindfs --multithreaded /tmp/below $b
}

# What headers don't have: long names, hard links, odd modes and times, holes.
make_odd() {
	local dir=/data/odd long i
	mkdir -p $dir/deep
	long=$(printf 'n%.0s' {1..255})
	echo long >"$dir/$long"
	echo one >$dir/one
	ln $dir/one $dir/two
	ln $dir/one $dir/deep/three
	ln -s ../one $dir/deep/link
	ln -s /nowhere $dir/dangling
	mkfifo $dir/fifo
	touch -d '1999-12-31 23:59:59' $dir/one
	chmod 4751 $dir/one
	truncate -s 5M $dir/hole
	chown 1000:1001 "$dir/$long"
	for ((i = 0; i < 30; i++)); do
		mkdir -p "$dir/deep$(printf '/level-%s' $(seq 1 $i))"
	done
}

# Names, types, modes, owners, times, links and sizes of all
listing() {
	(cd "$1" && find . ! -type d -printf '%P %y %m %U %G %n %s %T@ %l\n' -o -printf '%P %y %m %U %G %T@\n' |
		sed 's/\.[0-9]*\( \|$\)/\1/g' | sort)
}

compare() {
	diff -r --no-dereference -x fifo /data $m/copy
	listing /data >/tmp/was
	listing $m/copy >/tmp/is
	diff /tmp/was /tmp/is
	[ "$(stat -c %i $m/copy/odd/one)" = "$(stat -c %i $m/copy/odd/deep/three)" ]
}

unpack() {
	mkdir $m/untarred
	tar -C $m/untarred -xpf /tmp/phxfuse.tar
	listing $m/untarred >/tmp/is
	diff /tmp/was /tmp/is
}

repository() {
	ln -sf /usr/bin/git /usr/bin/git-upload-pack
	mkdir /tmp/origin
	cp -a /data/. /tmp/origin
	cd /tmp/origin
	git -c init.defaultBranch=main init -q --template=
	git add .
	git commit -qm all
}

clone() {
	git clone -q --no-local --template= /tmp/origin $m/clone
	cd $m/clone
	git fsck --full --strict
	[ -z "$(git status --porcelain)" ]
	echo change >>odd/one
	git mv odd/one odd/moved
	git commit -qam change
	git gc -q
	git fsck --full
	[ "$(git rev-list --count HEAD)" = 2 ]
}

verify_writes() {
	fio --name=verify --directory=$m --size=8m --rw=randwrite --bsrange=512-64k --verify=crc32c \
		--do_verify=1 --numjobs=2 --group_reporting --fallocate=none "$@"
	rm $m/verify.*
}

remove() {
	rm -r $m/clone $m/untarred $m/copy
	[ -z "$(ls $m)" ]
}

copy_to() { cp -a /data "$1/copy"; }
pack_from() { tar -C "$1/copy" -cf "$1.tar" .; }
write_big() { dd if=/dev/zero of="$1/big" bs=1M count=64; }
read_big() { echo 1 >/proc/sys/vm/drop_caches && dd if="$1/big" of=/dev/null bs=1M; }

# ratio WHAT COMMAND: the same on both; the time through phxfuse by that of bindfs
ratio() {
	local what=$1 ours
	shift
	step "$what through phxfuse" "$@" $m
	ours=${took[$number]:-0}
	step "$what through bindfs" "$@" $b
	echo "# $what: phxfuse on ramfs $ours ms, bindfs on tmpfs ${took[$number]:-1} ms:" \
		"ratio $(awk -v a="$ours" -v b="${took[$number]:-1}" 'BEGIN { printf "%.2f", a / b }')"
}

end() {
	umount $m
	umount $b
	kill "$(cat /tmp/ramfs.pid)"
}

echo "TAP version 13"
echo "1..18"
step "phxfuse and bindfs are mounted" mount_it
step "files with odd names and kinds" make_odd
echo "# $(find /data | wc -l) files, $(du -sm /data | cut -f 1) MB"
ratio "cp -a of the tree" copy_to
step "diff -r, and all attributes are the same" compare
ratio "tar of the copy" pack_from
step "tar unpacks it, and all attributes are the same" unpack
step "a git repository" repository
step "is cloned, checked, changed, packed and checked again" clone
step "fio verifies random writes" verify_writes
step "fio verifies random writes past the page cache" verify_writes --direct=1
step "rm -r leaves nothing behind" remove
ratio "write of 64 MB" write_big
ratio "read of 64 MB" read_big
step "all ends well" end
exit $bad
