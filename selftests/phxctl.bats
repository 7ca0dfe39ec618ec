#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2030,SC2031,SC2154
#
# phxctl with the module loaded, as root; what it does without is in
# phxctl_absent.bats.

bats_require_minimum_version 1.5.0

setup() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for phxctl in "$here/../bin/phxctl" "$here/../build/tools/phxctl"; do
		[ ! -x "$phxctl" ] || break
	done
	[ -x "$phxctl" ] || skip "phxctl is not built: make tools"
	[ -e /sys/module/phxport ] || skip "the module phxport is not loaded"
	[ "$(id -u)" = 0 ] || skip "most of this is for root only"
	for hold in "$here/phx_hold" "$here/../build/selftests/phx_hold"; do
		[ ! -x "$hold" ] || break
	done
	cycle=${hold%hold}cycle
	dir=$(mktemp -d)
	pids=()
}

teardown() {
	local pid
	for pid in "${pids[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ -z "${dir:-}" ] || rm -rf "$dir"
}

# eventually COMMAND...: within 20 seconds.
eventually() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" && return
		sleep 0.2
	done
	return 1
}

# start PROGRAM ARGUMENT...: until it says "ready"; its output is in $dir/out.
start() {
	"$@" >"$dir/out" 2>&1 3>&- &
	pids+=($!)
	eventually grep -q ready "$dir/out"
}

# value KEY JSON: the first value of a key.
value() {
	sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" <<<"$2" | head -n 1
}

# Each of its arguments is refused as wrong usage, with a sentence.
refused() {
	run -2 --separate-stderr "$phxctl" "$@"
	[ -z "$output" ]
	[[ $stderr == phxctl:* ]]
}

@test "every object has a table and JSON, with and without its command" {
	local object
	start "$hold" held
	for object in port client message name buffer limit stats; do
		run -0 "$phxctl" $object
		[ "${#lines[@]}" -ge 1 ]
		run -0 "$phxctl" $object show
		run -0 "$phxctl" -j $object
		[ "${#lines[@]}" = 1 ]
		run -0 "$phxctl" --pretty $object
		[[ ${lines[0]} =~ ^[[{] ]]
	done
	if command -v jq >/dev/null; then
		for object in port client message name buffer limit stats doctor report; do
			"$phxctl" -j $object | jq -e . >/dev/null
		done
		"$phxctl" -j port | jq -e '.[0] | .id and .pid and .client' >/dev/null
	fi
}

@test "wrong usage is refused with a sentence" {
	refused
	refused nothing
	refused port nothing
	refused port show 0
	refused port show 1x
	refused port show 1 2
	refused message abort
	refused message abort x
	refused message show port
	refused limit set ports
	refused limit set stones 1
	refused limit set ports -1
	refused limit set ports 4294967296
	refused top --batch --delay 0
	refused top --batch --sort stones
	run -2 "$phxctl" --stones
}

@test "what is not there is an error with a sentence" {
	run -1 --separate-stderr "$phxctl" port show 2147483647
	[[ $stderr == *"there is no such port"* ]]
	run -1 --separate-stderr "$phxctl" client show 2147483647
	[[ $stderr == *"there is no such client"* ]]
	run -1 --separate-stderr "$phxctl" message abort 9223372036854775807
	[[ $stderr == *"there is no message"* ]]
}

@test "a port and its client are shown with their process" {
	local json
	start "$hold" file
	json=$("$phxctl" -j port)
	[ "$(value pid "$json")" = "${pids[0]}" ]
	[ "$(value comm "$json")" = phx_hold ]
	run -0 "$phxctl" port show "$(value id "$json")"
	[[ ${lines[1]} == *" root "*phx_hold ]]
	run -0 "$phxctl" -n client show "$(value client "$json")"
	[[ ${lines[1]} == *" ${pids[0]} 0 "* ]]
}

@test "a message that is held is shown, and aborted with force" {
	local json
	start "$hold" held
	json=$("$phxctl" -j message)
	[ "$(value state "$json")" = held ]
	[ "$(value in_class "$json")" = lend ]
	[ "$(value pid "$json")" = "${pids[0]}" ]
	run -1 --separate-stderr "$phxctl" message abort "$(value id "$json")"
	[[ $stderr == *force* ]]
	[ "$(value state "$("$phxctl" -j message)")" = held ]
	run -0 "$phxctl" message abort "$(value id "$json")" force
	[ "$(value state "$("$phxctl" -j message)")" = aborted ]
	eventually grep -q 'send gave -125' "$dir/out"
}

two_messages() { [ "$("$phxctl" message | wc -l)" = 3 ]; }

@test "servers that wait for each other are a cycle, that an abort ends" {
	local id
	start "$cycle"
	eventually two_messages
	run -0 "$phxctl" message chain
	[[ ${lines[0]} == *" waits "*" for "* ]]
	[[ $output == *"CYCLE: none of them"* ]]
	run -0 "$phxctl" -j message chain
	[[ $output == *'"cycle":true,"certain":true'* ]]
	id=$("$phxctl" message | awk '$3 == "queued" { print $1 }')
	run -0 "$phxctl" message abort "$id"
	eventually grep -q 'send gave -125' "$dir/out"
	eventually test "$("$phxctl" -j message)" = "[]"
}

@test "one that waits for nobody is a chain, and no cycle" {
	start "$hold" held
	run -0 "$phxctl" message chain
	[ "${#lines[@]}" = 1 ]
	[[ $output != *CYCLE* ]]
}

@test "a limit is set, shown, and set back" {
	local before
	before=$(cat /sys/module/phxport/parameters/max_names)
	run -0 "$phxctl" limit set names 12345
	[ "$(cat /sys/module/phxport/parameters/max_names)" = 12345 ]
	"$phxctl" limit | grep -qE '^names +12345$'
	run -0 "$phxctl" limit set names "$before"
}

@test "events come as they happen, JSON one in each line" {
	local line
	"$phxctl" -j monitor >"$dir/events" 2>"$dir/err" 3>&- &
	pids+=($!)
	eventually grep -q listening "$dir/err"
	"$hold" message
	eventually grep -q client-close "$dir/events"
	grep -q '^{"event":"port-create",.*}$' "$dir/events"
	while IFS= read -r line; do
		[[ $line == '{"event":"'*'}' ]]
	done <"$dir/events"
}

@test "a program can't choose a name that looks like more of an event" {
	cp "$hold" "$dir/a uid=7"
	"$phxctl" monitor >"$dir/events" 2>"$dir/err" 3>&- &
	pids+=($!)
	eventually grep -q listening "$dir/err"
	"$dir/a uid=7" message
	eventually grep -q client-close "$dir/events"
	grep -q ' comm=a\\x20uid=7' "$dir/events"
	run ! grep -q ' uid=7' "$dir/events"
}

@test "monitor ends well when it is told to" {
	"$phxctl" monitor >"$dir/events" 2>"$dir/err" 3>&- &
	eventually grep -q listening "$dir/err"
	kill $!
	wait $!
}

@test "top in batches has ports, sorted, and lines that fit" {
	start "$hold" recv
	run -0 "$phxctl" top --batch --delay 0.2 --count 2
	[ "$(grep -cE '^ *PORT' <<<"$output")" = 2 ]
	[[ $output == *" phx_hold"* ]]
	run -0 "$phxctl" -j top --delay 0.2 --count 2 --sort id
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == '{"stats":{'* ]]
}

# screen TEXT: the lines of the last screen, without what steers the terminal.
screen() {
	local text=${1##*$'\033[H'}
	text=${text//$'\033['[JK]/}
	echo "${text//$'\r'/}"
}

@test "top on a terminal keeps to its size, and ends by q" {
	local line
	for _ in {1..30}; do
		"$hold" recv >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	start "$hold" recv
	run -0 timeout 60 "${hold%hold}pty" 80 24 q "$phxctl" top --delay 0.2
	[ "$(screen "$output" | grep -c .)" = 24 ]
	[[ $(screen "$output") == "phxctl top: "*"PORT"*" phx_hold"* ]]
	while IFS= read -r line; do
		[ ${#line} -le 80 ]
	done < <(screen "$output")
	run -0 timeout 60 "${hold%hold}pty" 30 5 "" "$phxctl" top --delay 0.2 --count 2
	[ "$(screen "$output" | grep -c .)" = 5 ]
	while IFS= read -r line; do
		[ ${#line} -le 30 ]
	done < <(screen "$output")
}

@test "doctor finds nothing, and report has what is asked for" {
	run -0 "$phxctl" doctor
	[[ $output != *FAIL* ]]
	run -0 "$phxctl" report
	[[ $output == *"$(uname -r)"* ]]
	[[ $output == *max_ports* ]]
	run -0 "$phxctl" -j report
	[[ $output == '{"about":{'* ]]
}

@test "another user sees nothing of root's, and is told what it takes" {
	start "$hold" held
	run -0 su alice -c "LD_LIBRARY_PATH=$LD_LIBRARY_PATH $phxctl -j port"
	[ "$output" = "[]" ]
	run -1 su alice -c "LD_LIBRARY_PATH=$LD_LIBRARY_PATH $phxctl monitor"
	[[ $output == *CAP_NET_ADMIN* ]]
	run -1 su alice -c "LD_LIBRARY_PATH=$LD_LIBRARY_PATH $phxctl limit set ports 1"
	[[ $output == *CAP_SYS_RESOURCE* ]]
	run -1 su alice -c "LD_LIBRARY_PATH=$LD_LIBRARY_PATH $phxctl doctor"
	[[ $output == *"only root may open /dev/phxport"* ]]
}

@test "completion asks the tool, and the tool the kernel" {
	local json
	start "$hold" file
	json=$("$phxctl" -j port)
	"$phxctl" complete por | grep -qx port
	"$phxctl" complete message "" | grep -qx abort
	"$phxctl" complete port show "" | grep -qx "$(value id "$json")"
	"$phxctl" complete limit set "" | grep -qx pages
}
