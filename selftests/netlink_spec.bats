#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# uapi/phxport.yaml says the same as the header, and the same as the module does.

bats_require_minimum_version 1.5.0

setup() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for uapi in "$here/uapi" "$here/../uapi"; do
		[ ! -f "$uapi/phxport.yaml" ] || break
	done
	header=$uapi/linux/phxport_netlink.h
	spec=$uapi/phxport.yaml
}

# members ENUM PREFIX: the names in an enum of the header as the specification has
# them, but for the first of attributes, which is nothing, and those that count them.
members() {
	awk -v begin="enum $1 {" '$0 == begin { on = 1; next } /^}/ { on = 0 } on && !/=/ && /^\tPHX/ { print $1 }' "$header" |
		tr -d , | grep -vE '^__|_UNSPEC$' | sed "s/^$2//" |
		tr 'A-Z_' 'a-z-'
}

# listed SECTION NAME: the names of its entries in the specification.
listed() {
	awk -v section="$1:" -v name="$2" '
		/^[a-z]/ { in_section = $1 == section; here = name == "" }
		in_section && /^    name: / { here = name == "" || $2 == name }
		in_section && here && /^      ( )*name: / { print $2 }' "$spec"
}

@test "each attribute set is its enum, in its order" {
	local set
	for set in module port client message name buffer limit user stats; do
		diff <(listed attribute-sets "$set") <(members "phx_a_$set" "PHX_A_${set^^}_")
	done
}

@test "enums are the header's" {
	diff <(listed definitions message-state) <(members phx_message_state PHX_MESSAGE_)
	diff <(listed definitions limit-id) <(members phx_limit_id PHX_LIMIT_ID_)
}

@test "operations are the header's, with their numbers" {
	diff <(listed operations "") <(members phx_cmd PHX_CMD_)
	diff <(sed -n 's/^      value: //p' "$spec") <(seq "$(members phx_cmd PHX_CMD_ | wc -l)")
}

@test "counters are those of the module, in its order" {
	local stats=/sys/kernel/debug/phxport/stats
	[ -r "$stats" ] || skip "there is no $stats: load the module, be root"
	diff <(listed attribute-sets stats | grep -v '^pad$' | tr - _) <(cut -d ' ' -f 1 "$stats")
}

@test "counters of phxctl have the specification's names" {
	local phxctl=${BATS_TEST_DIRNAME}/../bin/phxctl
	[ -x "$phxctl" ] || phxctl=${BATS_TEST_DIRNAME}/../build/tools/phxctl
	[ -x "$phxctl" ] || skip "phxctl is not built: make tools"
	[ -e /sys/module/phxport ] || skip "the module phxport is not loaded"
	diff <("$phxctl" -p stats | sed -n 's/^  "\(.*\)":.*/\1/p' | sort) \
		<(listed attribute-sets stats | grep -v '^pad$' | tr - _ | sort)
}
