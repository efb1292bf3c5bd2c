#!/usr/bin/env bash
# concurrent.sh BUILD RUNS PAIRS [ENGINE...]   starts RUNS `up` at once on PAIRS
# pending pairs: each pair must be applied exactly once, and all must exit 0.
set -euo pipefail
# shellcheck source=tests/faults/lib.bash
. "$(dirname "$0")/lib.bash"
runs=$2 pairs=$3

fail() {
	echo "error: $ENGINE: $*" >&2
	exit 1
}

engine() {
	local pids=() n status bad=0 found
	ENGINE=$1
	faults_fresh
	for ((n = 0; n < runs; n++)); do
		git-migrate up --wait 120s >"$work/out.$n" 2>&1 &
		pids+=($!)
	done
	for ((n = 0; n < runs; n++)); do
		status=0
		wait "${pids[n]}" || status=$?
		[[ $status -eq 0 ]] || {
			bad=$((bad + 1))
			echo "run $n: exit status $status"
			cat "$work/out.$n"
		} >&2
	done
	[[ $bad -eq 0 ]] || fail "$bad of $runs runs failed"
	found=$(disagreements)
	[[ -z $found ]] || fail "ledger and catalog disagree about: $found"
	[[ $(applied) -eq $pairs ]] || fail "$(applied) of $pairs are applied"
	echo "$ENGINE: $runs runs at once, $pairs pairs, each applied once"
}

faults_begin "$1"
shift 3
[[ $# -gt 0 ]] || set -- sqlite postgresql mariadb
faults_repository "$pairs"
for name; do
	engine "$name"
done
