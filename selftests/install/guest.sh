# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317
# What the guest's scripts here share: TAP, a line for each check.

number=0 bad=0

# check WHAT COMMAND...: a line of TAP; what the command said, as comments.
check() {
	local what=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=1
	number=$((number + 1))
	[ $status = 0 ] || bad=1
	echo "$([ $status = 0 ] || echo 'not ')ok $number - $what"
	[ -z "$said" ] || echo "# ${said//$'\n'/$'\n'# }"
}

eventually() {
	local try
	for ((try = 0; try < 100; try++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "not within 10 seconds: $*"
	return 1
}

# says WORDS COMMAND...: it succeeds, and says so.
says() {
	local wanted=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	echo "$said"
	[ $status = 0 ] && [[ $said == *"$wanted"* ]]
}

# fails_with WORDS COMMAND...: it fails, and says why.
fails_with() {
	local wanted=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "succeeded: $said"
		return 1
	fi
	echo "$said"
	[[ $said == *"$wanted"* ]]
}

# is FILE WORDS: mode and group of a file.
is() {
	says "$2" stat -c '%a %U %G' "$1"
}

# show COMMAND...: as on a terminal.
show() {
	echo "\$ $*"
	"$@"
}

loaded() {
	says "$1" cat /sys/module/phxport/version
}

# talk USER ECHO: that user runs the example as a server, and asks it.
talk() {
	local server status
	su "$1" -c "exec $2" &
	server=$!
	eventually su "$1" -c "$2 ready"
	says "5 bytes: HELLO" su "$1" -c "$2 hello"
	status=$?
	kill "$server"
	wait "$server"
	return "$status"
}

# Ends the script; call it last.
summary() {
	echo "1..$number"
	exit $bad
}
