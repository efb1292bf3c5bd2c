#!/usr/bin/env bash
# switch.sh BUILD KILLS [ENGINE...]   kills `git migrate switch` between two
# branches that part by 20 migrations each way, with SIGKILL, KILLS times at
# random moments on each engine: now the program alone, whose git may go on, now
# git too. After each kill ledger and catalog must agree, and the next run must
# complete it, or go back: git and the database at the same branch, whole.
set -euo pipefail
# shellcheck source=tests/faults/lib.bash
. "$(dirname "$0")/lib.bash"
kills=$2
shift_by=20

fail() {
	echo "error: $ENGINE: $*" >&2
	exit 1
}

now() { # milliseconds
	echo $(($(date +%s%N) / 1000000))
}

# step N   a pair that makes t_N.
step() {
	local version=$((20240101000000 + $1))
	echo "CREATE TABLE t_$version (id integer PRIMARY KEY);" \
		>"migrations/${version}_step.up.sql"
	echo "DROP TABLE t_$version;" >"migrations/${version}_step.down.sql"
}

# Both branches have the first ten, and then every second one, and files of
# some size that differ, so that git has something to do as well.
branches() {
	local n
	repository "$work/repo"
	in_cone files
	journal=$(in_git migrate/switch.json)
	mkdir migrations files
	for ((n = 1; n <= 10; n++)); do step "$n"; done
	git add -A && git commit -qm base
	git branch topic
	for ((n = 11; n < 11 + 2 * shift_by; n += 2)); do step "$n"; done
	fill main
	git switch -q topic
	for ((n = 12; n < 12 + 2 * shift_by; n += 2)); do step "$n"; done
	fill topic
	database=switch_$$
}

fill() { # BRANCH
	mkdir -p files
	local n
	for n in {1..200}; do
		seq -f "$1 $n %g" 500 >"files/$n"
		echo "$1" >"files/only_$1_$n"
	done
	git add -A && git commit -qm "$1"
}

versions() {
	sql 'SELECT version FROM git_migrations ORDER BY version'
}

wanted() { # BRANCH
	git ls-tree --name-only "$1" migrations/ |
		sed -n 's,migrations/\([0-9]*\)_step.up.sql,\1,p'
}

made() {
	tables | sed -n 's/^t_//p' | sort
}

# On MariaDB a statement may be carried out that is only begun in the ledger.
agree() { # WHEN
	local begun
	begun=$(sql "SELECT count(*) FROM git_migrations WHERE state <> 'applied'")
	[[ $begun -eq 0 ]] || return 0
	[[ $(versions) == "$(made)" ]] ||
		fail "$1, ledger and catalog disagree: $(diff <(versions) <(made))"
}

whole() { # BRANCH WHEN
	[[ $(git symbolic-ref --short HEAD) == "$1" ]] ||
		fail "$2, git is not at $1"
	[[ -z $(git status --porcelain) ]] ||
		fail "$2, the work tree is not clean: $(git status --short | head)"
	agree "$2"
	[[ $(versions) == "$(wanted "$1")" ]] ||
		fail "$2, the database is not at $1: $(diff <(wanted "$1") <(versions))"
	[[ ! -e $journal ]] || fail "$2, the journal is left"
}

# A kill after DELAY ms of a switch from $at to $to; $1: alone or group.
kill_once() { # HOW DELAY
	local pid
	setsid git-migrate switch -q "$to" >/dev/null 2>&1 &
	pid=$!
	sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
	if [[ $1 == group ]]; then
		kill -KILL -- "-$pid" 2>/dev/null || true
	else
		kill -KILL "$pid" 2>/dev/null || true
	fi
	wait "$pid" 2>/dev/null || true
}

moment() {
	if [[ ! -e $journal ]]; then
		[[ $(git symbolic-ref --short HEAD) == "$to" ]] && echo after || echo before
	elif [[ -e $(in_git index.lock) || -n $(git status --porcelain 2>&1) ]]; then
		echo 'in git'
	elif [[ $(git symbolic-ref --short HEAD) == "$to" ]]; then
		echo applying
	else
		echo reverting
	fi
}

# A lock that git may have left, but also somebody else, has to be removed by a
# person: here nobody else is at work.
locks=0
typed() { # ARG...
	local lock
	git-migrate switch -q "$@" >"$work/out" 2>&1 && return
	lock=$(sed -n "s/^hint: if no git is at work here: rm '\(.*\)'$/\1/p" \
		"$work/out")
	[[ -n $lock ]] || return 1
	locks=$((locks + 1))
	rm "$lock"
	git-migrate switch -q "$@" >"$work/out" 2>&1
}

# The next run: any of the three that a person may type.
recover() { # TURN
	case $(($1 % 3)) in
	0)
		typed "$to" ||
			fail "the next switch failed: $(<"$work/out")"
		whole "$to" 'after the next switch'
		;;
	1)
		[[ ! -e $journal ]] ||
			typed --continue ||
			fail "switch --continue failed: $(<"$work/out")"
		typed "$to" ||
			fail "the switch after that failed: $(<"$work/out")"
		whole "$to" 'after --continue'
		;;
	2)
		if [[ -e $journal ]]; then
			typed --abort ||
				fail "switch --abort failed: $(<"$work/out")"
			whole "$at" 'after --abort'
		fi
		typed "$to" ||
			fail "the switch after --abort failed: $(<"$work/out")"
		whole "$to" 'after the switch after --abort'
		;;
	esac
}

engine() {
	local start span turn how spare moments=()
	ENGINE=$1
	fresh_database "$work/faults.db" "$database"
	git config migrate.target dev
	git config migrate-target.dev.url "$URL"
	git switch -q topic
	git-migrate up -q >"$work/out" 2>&1 || fail "up failed: $(<"$work/out")"
	start=$(now)
	git-migrate switch -q main >"$work/out" 2>&1 ||
		fail "switch failed undisturbed: $(<"$work/out")"
	span=$(($(now) - start))
	at=main to=topic
	whole main undisturbed
	for ((turn = 0; turn < kills; turn++)); do
		how=alone
		[[ $((turn % 2)) -eq 0 ]] || how=group
		kill_once $how $((RANDOM % (span + span / 5 + 1)))
		[[ $how == alone ]] || moments+=("$(moment)")
		agree "after a kill ($how)"
		recover $turn
		spare=$at at=$to to=$spare
	done
	echo "$ENGINE: $kills kills within $span ms, each seen to by the next run, $locks locks named"
	[[ ${#moments[@]} -eq 0 ]] || printf '%s\n' "${moments[@]}" | sort | uniq -c
}

faults_begin "$1"
shift 2
[[ $# -gt 0 ]] || set -- sqlite postgresql mariadb
branches
for name; do
	engine "$name"
done
