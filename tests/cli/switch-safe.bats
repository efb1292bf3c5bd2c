#!/usr/bin/env bats
# What git migrate switch must not lose, whatever comes in between

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

# main has A and C, topic A and B; topic is checked out and applied.
two() {
	table_pair $A a
	commit
	git branch topic
	table_pair $C c
	commit 'on main'
	git switch -q topic
	table_pair $B b
	commit 'on topic'
	ok up
}

on() { # BRANCH TABLES
	same branch "$1" "$(git symbolic-ref --short HEAD)"
	same 'work tree' '' "$(git status --porcelain)"
	same tables "$2" "$(tables)"
	same 'not applied' '' "$(states | grep -v ' applied$')"
	[[ ! -e $(in_git migrate/switch.json) ]] || explain 'the journal is left'
}

# A statement that takes long, and ends when it is told to.
slow() {
	case $ENGINE in
	sqlite) echo 'INSERT INTO c WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL
		SELECT x + 1 FROM n WHERE x < 1000000000) SELECT count(*) FROM n;' ;;
	postgresql) echo 'SELECT pg_sleep(60);' ;;
	mariadb) echo 'DO sleep(60);' ;;
	esac
}

# Ctrl-C at a terminal: the whole process group gets it, every child, too.
interrupted_at_a_terminal() {
	two
	git switch -q main
	pair 20260101000005_slow "$(slow)" '-- migrate: empty "nothing"'
	commit
	git switch -q topic
	setsid git-migrate switch main >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" &
	local pid=$! tries
	for ((tries = 0; tries < 1000; tries++)); do
		! grep -q "Switched to branch" "$BATS_TEST_TMPDIR/err" || break
		sleep 0.02
	done
	kill -INT -- -$pid
	status=0
	wait $pid || status=$?
	# shellcheck disable=SC2034 # for common.bash
	err=$(<"$BATS_TEST_TMPDIR/err") out=$(<"$BATS_TEST_TMPDIR/out")
	exits 130
	err_has "git and 'dev' are back where they were"
	on topic $'a\nb'
}
@test "interrupted with all its children, it goes back" {
	both interrupted_at_a_terminal
}

@test "a lock that git would stop at is seen before anything is reverted" {
	fresh sqlite
	two
	sql 'INSERT INTO b VALUES (1)'
	local lock
	for lock in index.lock HEAD.lock; do
		touch "$(in_git $lock)"
		migrate switch main
		exits 128
		err_has "git would not switch: another git is at work, or has left its lock: '"
		err_has "$lock'"
		err_lacks reverted
		err_has "hint: if no git is at work here: rm '"
		rm "$(in_git $lock)"
		on topic $'a\nb'
		same rows 1 "$(sql 'SELECT id FROM b')"
	done
	ok switch main
	on main $'a\nc'
}

@test "so is that of a branch that git would make" {
	fresh sqlite
	two
	sql 'INSERT INTO b VALUES (1)'
	git update-ref refs/remotes/origin/other main
	git config remote.origin.url .
	git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
	touch "$(in_git refs/heads/other.lock)"
	migrate switch other
	exits 128
	err_has "refs/heads/other.lock'"
	rm "$(in_git refs/heads/other.lock)"
	same rows 1 "$(sql 'SELECT id FROM b')"
	ok switch other
	on other $'a\nc'
}

@test "a lock that goes away is waited for" {
	fresh sqlite
	two
	local lock
	lock=$(in_git index.lock)
	touch "$lock"
	{ sleep 0.4 && rm "$lock"; } &
	ok switch main
	wait
	on main $'a\nc'
}
