# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts here share: where things are, and how they complain.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Fetched and derived files; outside the tree, so that `make clean` keeps them.
cache=${PHX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/phxport}
mkdir -p "$cache" || exit 4
# shellcheck disable=SC2034
readonly top cache

# die STATUS SENTENCE...
die() {
	local status=$1
	shift
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit "$status"
}

# prune_cache: what was not used for 14 days, and what an interrupted run left.
prune_cache() {
	find "$cache" -maxdepth 1 -type f \( -name 'base-*.cpio.gz*' -o -name 'debian-*.tar*' \) \
		-mtime +13 -delete
	find "$cache" -maxdepth 1 -type d -mtime +0 -regextype posix-extended \
		-regex '.*/(base|copy|modules|checkpatch|fetch)\.[A-Za-z0-9]{6}' -exec rm -rf {} +
}

# headers_package KERNEL: Debian's package of the headers of 6.1, 6.12, 6.12-rt ...
headers_package() {
	case $1 in
	6.1) echo linux-headers-amd64 ;;
	6.1-*) echo "linux-headers-${1#6.1-}-amd64" ;;
	*) echo "linux-headers-$1-amd64" ;;
	esac
}
