#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
#
# phxbench, each subcommand on tiny runs: that it says what it should, in the form
# that it should have. No time is looked at.

bats_require_minimum_version 1.5.0

header=peer,size,direction,touch,placement,spin,rounds,messages,unit,mean,p50,p90,p99,p999,max
parameters=/sys/module/phxport/parameters

setup() {
	local here
	here=$(cd "$BATS_TEST_DIRNAME" && pwd)
	for phxbench in "$here/../bin/phxbench" "$here/../build/tools/phxbench"; do
		[ ! -x "$phxbench" ] || break
	done
	[ -x "$phxbench" ] || skip "phxbench is not built: make tools"
	dir=$(mktemp -d)
}

teardown() {
	[ -z "${dir:-}" ] || rm -rf "$dir"
}

device() {
	[ -e /dev/phxport ] || skip "/dev/phxport is not there: load the module phxport"
	[ -w /dev/phxport ] || skip "no permission to open /dev/phxport"
}

root() {
	[ "$(id -u)" = 0 ] || skip "the module's parameters can be changed by root only"
}

# Each of its arguments is refused as wrong usage, with a sentence.
refused() {
	run -2 --separate-stderr "$phxbench" "$@"
	[ -z "$output" ]
	[[ $stderr == phxbench:* ]]
}

# eventually COMMAND...: within 10 seconds.
eventually() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# json FILE: it is JSON of phxbench, as phxbench itself reads it: there is at least
# one result.
json() {
	echo "phxport test=none stat=p50 max=1" >"$dir/none"
	run -1 "$phxbench" check "$1" "$dir/none"
	[[ $output == *"0 ok, 0 failed, 1 not measured"* ]]
	grep -q '"kernel": "'"$(uname -r)"'"' "$1"
	grep -q '"peer": ' "$1"
}

@test "help is there for all and each" {
	run -0 "$phxbench" --help
	[[ $output == usage:* ]]
	for name in latency scale idle memory calibrate plot check; do
		run -0 "$phxbench" --help
		[[ $output == *" $name "* ]]
		run -0 "$phxbench" "$name" --help
		[[ $output == usage:* ]]
	done
	run -0 "$phxbench" --version
	[[ $output == "phxbench "* ]]
}

@test "wrong usage gives a sentence and code 2" {
	refused no-such-subcommand
	for name in latency scale idle memory calibrate plot check; do
		refused "$name" --no-such-option
	done
	refused --peers pipe,carrier-pigeon
	refused --sizes 17M
	refused --sizes 4Q
	refused --directions up
	refused --placements nowhere
	refused --touch 2
	refused --spin 2
	refused --cpus 0,100000
	refused --unit furlong
	refused --stat p51
	refused --rounds 0
	refused scale superfluous
	refused scale --peers pipe,carrier-pigeon
	refused scale --clients 65
	refused scale --clients 1,
	refused scale --ports -1
	refused scale --time 1s
	refused idle --gaps x
	refused memory --sizes 4Q
	refused calibrate --placement nowhere
	refused plot
	refused check
	refused check "$dir/nowhere"
}

@test "latency: the CSV header, its lines, the JSON" {
	run -0 "$phxbench" --quick --peers pipe,unix-stream --sizes 64,4K --csv "$dir/l.csv" --json "$dir/l.json"
	[ "$(head -n 1 "$dir/l.csv")" = $header ]
	[ "$(wc -l <"$dir/l.csv")" -gt 4 ]
	run -0 awk -F, 'NR > 1 && (NF != 15 || $1 !~ /^(pipe|unix-stream)$/ || $2 !~ /^(64|4096)$/ ||
		$3 !~ /^(in|out|both)$/ || $4 !~ /^[01]$/ || $5 !~ /^(same|cross|free)$/ || $6 != 0 ||
		$7 < 1 || $8 < 1 || $9 != "ns" || $11 > $12 || $12 > $13 || $13 > $14 || $14 > $15) {
			print "line " NR ": " $0 }' "$dir/l.csv"
	[ -z "$output" ]
	json "$dir/l.json"
}

@test "latency: the unit can be instructions" {
	run -0 "$phxbench" --quick --peers pipe --sizes 64 --unit insn --csv "$dir/l.csv"
	[ "$(tail -n 1 "$dir/l.csv" | cut -d, -f 9)" = insn ]
}

@test "latency: bars are held at the end of a run" {
	echo "pipe/pipe size=64 stat=p50 max=1" >"$dir/reached"
	echo "pipe/pipe size=64 stat=p50 max=0.5" >"$dir/not-reached"
	run -0 "$phxbench" --quick --peers pipe --sizes 64 --check "$dir/reached"
	[[ $output == *"1 ok, 0 failed, 0 not measured"* ]]
	run -1 "$phxbench" --quick --peers pipe --sizes 64 --check "$dir/not-reached"
}

@test "scale: clients" {
	run -0 "$phxbench" scale --peers pipe,unix-seqpacket --clients 1,3 --threads 1,2 --ports none \
		--held none --time 20 --json "$dir/s.json"
	[ "$(grep -c '^pipe ' <<<"$output")" = 3 ]
	[ "$(grep -c '^unix-seqpacket ' <<<"$output")" = 3 ]
	json "$dir/s.json"
}

@test "scale: clients, ports and held messages of phxport" {
	device
	run -0 "$phxbench" scale --peers phxport --clients 1,4 --threads 1,2 --ports 1,300 --held 1,50 \
		--time 20 --json "$dir/s.json"
	for test in clients ports held; do
		grep -q "\"test\": \"$test\"" "$dir/s.json"
	done
	json "$dir/s.json"
}

@test "scale: a limit on ports is told, and the rest measured" {
	device
	root
	local old user=nobody
	! id alice >/dev/null 2>&1 || user=alice	# the one of the virtual machine
	old=$(cat $parameters/max_ports)
	chmod 666 /dev/phxport
	echo 100 >$parameters/max_ports
	run su $user -s /bin/bash -c "$phxbench scale --clients none --held none --ports 1,500 --time 20"
	echo "$old" >$parameters/max_ports
	chmod 600 /dev/phxport
	echo "$output"
	[[ $output == *"from 500 ports on"*max_ports* ]]
	[[ $output != *"   500 "* ]]
	[ "$status" = 0 ]
}

@test "idle" {
	run -0 "$phxbench" idle --peers pipe --gaps 0,100 --time 20 --json "$dir/i.json"
	[ "$(grep -c ' pipe ' <<<"$output")" = 2 ]
	json "$dir/i.json"
}

@test "memory" {
	device
	root
	run -0 "$phxbench" memory --quick --sizes 0,64K --json "$dir/m.json"
	for object in port message growth; do
		grep -q "\"object\": \"$object\"" "$dir/m.json"
	done
	json "$dir/m.json"
}

@test "calibrate prints a line for modprobe.d and puts the parameters back" {
	device
	root
	local before
	before=$(grep . $parameters/*)
	for _ in 1 2 3; do
		run "$phxbench" calibrate --quick --write="$dir/phxport.conf" --json "$dir/c.json"
		[ "$status" != 0 ] || break
	done
	[ "$(grep . $parameters/*)" = "$before" ]
	[ "$status" = 0 ] || skip "nothing was found in three tries: ${lines[-1]}"
	# Where copies cost little lending need not pay, and it says so.
	[[ $output == *"options phxport lend_min="* || $output == *"Lending does not pay"* ]]
	grep -qE '^options phxport( [a-z_]+=[0-9]+)+$' "$dir/phxport.conf"
	json "$dir/c.json"
	# It may write its own file anew, but no other.
	echo "options phxport max_ports=5" >"$dir/theirs.conf"
	run -1 "$phxbench" calibrate --quick --write="$dir/theirs.conf"
	[[ $output == *"theirs.conf is not from phxbench"* ]]
	[ "$(cat "$dir/theirs.conf")" = "options phxport max_ports=5" ]
}

@test "calibrate that is interrupted puts the parameters back" {
	device
	root
	local before signal pid
	before=$(grep . $parameters/*)
	changed() { [ "$(grep . $parameters/*)" != "$before" ]; }
	for signal in INT TERM HUP; do
		"$phxbench" calibrate --time 1000 >/dev/null 2>&1 3>&- &
		pid=$!
		eventually changed
		kill -$signal $pid
		run ! wait $pid
		[ "$(grep . $parameters/*)" = "$before" ]
	done
}

@test "without binder it says so and goes on" {
	[ ! -e /dev/binder ] || skip "/dev/binder is there"
	run -0 "$phxbench" scale --peers pipe,binder --clients 1 --threads 1 --ports none --held none --time 20
	[[ $output == *"Without binder: /dev/binder: "*"modprobe binder_linux"* ]]
	run -0 "$phxbench" --quick --peers pipe,binder --sizes 64
	[[ $output == *"modprobe binder_linux"* ]]
}

@test "without the module the others are measured still" {
	[ ! -e /dev/phxport ] || skip "/dev/phxport is there"
	run -0 "$phxbench" idle --gaps 0 --time 20
	[[ $output == *"Without phxport: "* ]]
	run -1 "$phxbench" memory
	[[ $output == *modprobe* ]]
	run -1 "$phxbench" calibrate
	[[ $output == *modprobe* ]]
}

csv() {
	printf '%s\n' $header "$@"
}

@test "check tells what is reached, what is not, and what was not measured" {
	csv phxport,64,in,1,same,0,1,9,ns,1,80,1,1,1,1 pipe,64,in,1,same,0,1,9,ns,1,100,1,1,1,1 \
		phxport,64,in,1,cross,1,1,9,ns,1,5,1,1,1,1 pipe,64,in,1,cross,0,1,9,ns,1,100,1,1,1,1 >"$dir/c.csv"
	cat >"$dir/bars" <<-END
		# a comment

		phxport/pipe size=64 placement=same stat=p50 max=0.8	# and another
		phxport/pipe size=64 placement=same stat=p50 max=0.78 margin=5%
		phxport/pipe size=64 placement=same stat=p50 max=0.7 margin=5%
		phxport/pipe size=64 placement=cross spin=1/0 stat=p50 max=0.05
		phxport/pipe size=64 placement=cross spin=0 stat=p50 max=0.95
		phxport/pipe size=* placement=* spin=*/0 stat=p50 max=0.8
		phxport placement=cross/same spin=1/0 stat=p50 min=0.1
	END
	run -1 "$phxbench" check --csv "$dir/c.csv" "$dir/bars"
	[ "$(cut -c 1-12 <<<"$output" | head -n 7 | sed 's/ *$//' | paste -sd ,)" = \
		"ok,ok,FAILED,ok,not measured,ok,FAILED" ]
	[[ ${lines[5]} == *": 0.8, the worst of 2:"*"placement=same"* ]]
	[[ ${lines[7]} == *"4 ok, 2 failed, 1 not measured" ]]
	sed -i '/max=0.7 /d; /min=/d' "$dir/bars"
	run -1 "$phxbench" check "$dir/c.csv" "$dir/bars"
	sed -i '/spin=0 /d' "$dir/bars"
	run -0 "$phxbench" check "$dir/c.csv" "$dir/bars"
}

@test "check does not compare one run with another" {
	csv phxport,64,in,1,same,0,1,9,ns,1,80,1,1,1,1 >"$dir/a.csv"
	csv pipe,64,in,1,same,0,1,9,ns,1,100,1,1,1,1 >"$dir/b.csv"
	echo "phxport/pipe size=64 stat=p50 max=1" >"$dir/bars"
	run -1 "$phxbench" check --csv "$dir/a.csv" --csv "$dir/b.csv" "$dir/bars"
	[[ ${lines[0]} == "not measured "* ]]
}

@test "check refuses what it can't read, and names the line" {
	csv pipe,64,in,1,same,0,1,9,ns,1,80,1,1,1,1 >"$dir/a.csv"
	local bar
	for bar in "phxport/pipe size=64 max=1" "phxport/pipe size=64 stat=p50" "a/b stat=p50 max=x" \
		"a/b colour=red stat=p50 max=1" "a/b size stat=p50 max=1" "# nothing"; do
		echo "$bar" >"$dir/bars"
		refused check "$dir/a.csv" "$dir/bars"
		[[ $stderr == *bars* ]]
	done
	echo "a/b stat=p50 max=1" >"$dir/bars"
	echo "peer,size" >"$dir/bad.csv"
	run -1 "$phxbench" check "$dir/bad.csv" "$dir/bars"
	[[ $output == *"no CSV file of phxbench"* ]]
	csv pipe,64 >"$dir/bad.csv"
	run -1 "$phxbench" check "$dir/bad.csv" "$dir/bars"
	[[ $output == *"bad.csv:2:"* ]]
	echo "{" >"$dir/bad.json"
	run -1 "$phxbench" check "$dir/bad.json" "$dir/bars"
	[[ $output == *bad.json* ]]
}

@test "check takes the project's own bars" {
	csv pipe,64,in,1,same,0,1,9,ns,1,80,1,1,1,1 >"$dir/a.csv"
	run -1 "$phxbench" check "$dir/a.csv" "$BATS_TEST_DIRNAME/bench-bars"
	[[ $output == *" 0 ok, 0 failed, "* ]]
}

@test "plot draws, or says what is missing" {
	"$phxbench" scale --peers pipe --clients 1,2 --threads 1 --ports none --held none --time 20 \
		--json "$dir/s.json" >/dev/null
	if command -v gnuplot >/dev/null; then
		run -0 "$phxbench" plot --json "$dir/s.json" --output "$dir"
		[ "$output" = "$dir/s-clients.svg" ]
		grep -q '</svg>' "$dir/s-clients.svg"
	else
		run -1 "$phxbench" plot --json "$dir/s.json" --output "$dir"
		[[ $output == *gnuplot-nox* ]]
	fi
	run -1 "$phxbench" plot "$dir/nowhere.json"
	[[ $output == *nowhere.json* ]]
}
