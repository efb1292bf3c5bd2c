#!/usr/bin/env bash
# kill.sh BUILD HITS [ENGINE...]   kills an `up` of 100 pairs with SIGKILL at
# random moments, until HITS of the kills on each engine met a run with 1 to 99
# applied. After each kill ledger and catalog must agree object by object, and
# the next `up` must complete.
set -euo pipefail
# shellcheck source=tests/faults/lib.bash
. "$(dirname "$0")/lib.bash"
pairs=100 hits=$2

fail() {
	echo "error: $ENGINE: $*" >&2
	exit 1
}

check() { # WHEN
	local found
	found=$(disagreements)
	[[ -z $found ]] || fail "$1, ledger and catalog disagree about:
$found"
}

now() { # milliseconds
	echo $(($(date +%s%N) / 1000000))
}

# One kill after DELAY ms; sets $met, how many were applied then.
kill_once() {
	local pid
	faults_fresh
	git-migrate up -q >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	check "after a kill at $1 ms"
	met=$(applied)
	git-migrate up -q >"$work/out" 2>&1 ||
		fail "the up after a kill failed: $(<"$work/out")"
	check 'after the next up'
	[[ $(applied) -eq $pairs ]] || fail "the next up left $(applied) applied"
}

histogram() { # MET...
	local met bins=() n
	for met; do
		n=$(((met - 1) / 10))
		bins[n]=$((${bins[n]:-0} + 1))
	done
	for n in 0 1 2 3 4 5 6 7 8 9; do
		printf '%3d to %3d applied: %3d %s\n' $((n * 10 + 1)) \
			$((n == 9 ? 99 : n * 10 + 10)) "${bins[n]:-0}" \
			"$(printf '%*s' "${bins[n]:-0}" '' | tr ' ' '#')"
	done
}

engine() {
	local start whole mets=() kills=0
	ENGINE=$1
	faults_fresh
	start=$(now)
	git-migrate up -q >"$work/out" || fail 'up failed undisturbed'
	whole=$(($(now) - start))
	check 'undisturbed'
	while [[ ${#mets[@]} -lt $hits ]]; do
		[[ $kills -lt $((hits * 10)) ]] ||
			fail "$kills kills met only ${#mets[@]} runs half way"
		kill_once $((RANDOM % (whole + 1)))
		kills=$((kills + 1))
		[[ $met -lt 1 || $met -ge $pairs ]] || mets+=("$met")
	done
	echo "$ENGINE: $kills kills, ${#mets[@]} met a run half way"
	histogram "${mets[@]}"
}

faults_begin "$1"
shift 2
[[ $# -gt 0 ]] || set -- sqlite postgresql
faults_repository "$pairs"
for name; do
	engine "$name"
done
