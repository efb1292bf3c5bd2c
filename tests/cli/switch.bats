#!/usr/bin/env bats
# git migrate switch

load ../lib/common
load ../lib/switch

A=20260101000001
B=20260101000002
C=20260101000003

# main has A and C, topic A and B, each with a file that the other has not, and
# one that both have; topic is checked out and applied.
two() {
	table_pair $A a
	echo base >shared
	commit
	git branch topic
	table_pair $C c
	echo main >shared
	echo x >migrations/only_main
	commit 'on main'
	git switch -q topic
	table_pair $B b
	echo topic >shared
	echo y >only_topic
	commit 'on topic'
	ok up
}

# post_checkout   installs standard input as that hook.
post_checkout() {
	local hook
	hook=$(in_git hooks/post-checkout)
	mkdir -p "${hook%/*}"
	cat >"$hook"
	chmod +x "$hook"
}

there_and_back() {
	two
	ok switch main
	err_has "  revert ${B}_create_b  (not in branch 'main')
  apply ${C}_create_c"
	err_has "Switched to branch 'main'"
	out_has "reverted ${B}_create_b"
	out_has "applied ${C}_create_c"
	on main $'a\nc'
	same branch main "$(sql "SELECT branch FROM git_migrations WHERE version = $C")"
	same commit "$(git rev-parse main)" \
		"$(sql "SELECT commit_id FROM git_migrations WHERE version = $C")"
	ok switch -
	on topic $'a\nb'
	ok switch topic
	on topic $'a\nb'
}
@test "goes to another branch and back, and the database with it" {
	both there_and_back
}

@test "what both branches have stays, wherever they parted" {
	fresh sqlite
	table_pair $A a
	commit
	git branch topic
	table_pair $C c
	commit picked
	git switch -q topic
	git cherry-pick -n main >/dev/null && commit
	ok up
	sql 'INSERT INTO c VALUES (7)'
	ok switch main
	err_lacks revert
	same rows 7 "$(sql 'SELECT id FROM c')"
}

failing_up() {
	two
	git switch -q main
	pair 20260101000009_bad 'CREATE TABLE a (id integer);' 'DROP TABLE z;'
	commit
	git switch -q topic
	migrate switch main
	exits 128
	err_has "unable to apply migration '20260101000009_bad'"
	err_has "hint: git and 'dev' are back where they were, without the rows that the down scripts destroyed"
	on topic $'a\nb'
	same commit "$(git rev-parse topic)" \
		"$(sql "SELECT commit_id FROM git_migrations WHERE version = $B")"
}
@test "an up script that fails there takes both back" { both failing_up; }

failing_down() {
	table_pair $A a
	commit
	git branch other
	pair ${B}_b 'CREATE TABLE b (id integer PRIMARY KEY);' 'DROP TABLE missing;'
	table_pair $C c
	commit
	ok up
	migrate switch other
	exits 128
	err_has "unable to revert migration '${B}_b'"
	err_has "git and 'dev' are back where they were"
	on main $'a\nb\nc'
}
@test "a down script that fails leaves both where they were" { both failing_down; }

@test "what git would refuse is refused before anything is reverted" {
	fresh sqlite
	two
	sql 'INSERT INTO b VALUES (1)'
	echo edited >shared
	migrate switch main
	exits 1
	err_has "git: error: Entry 'shared' not uptodate. Cannot merge."
	err_has 'hint: commit or stash what is in the way: git stash'
	git checkout -q shared
	# git itself writes over it in a sparse work tree
	if [[ $(git config core.sparseCheckout) != true ]]; then
		echo in the way >migrations/only_main
		migrate switch main
		exits 1
		err_has only_main
		rm migrations/only_main
	fi
	git merge -q main >/dev/null 2>&1 || true
	git merge --abort
	touch "$(in_git MERGE_HEAD)"
	migrate switch main
	exits 1
	err_has 'git is in the middle of a merge'
	rm "$(in_git MERGE_HEAD)"
	git worktree add -q ../tree main
	migrate switch main
	exits 1
	err_has "branch 'main' is checked out in another work tree"
	same rows 1 "$(sql 'SELECT id FROM b')"
}

@test "local changes that are not in the way go along" {
	fresh sqlite
	two
	echo note >unrelated
	ok switch main
	same file note "$(<unrelated)"
	git add unrelated
	ok switch topic
	same index 'A  unrelated' "$(git status --porcelain)"
}

@test "an applied script that is not committed is not left behind" {
	fresh sqlite
	two
	table_pair 20260101000007 g
	ok up
	migrate switch main
	exits 1
	err_has "migration '20260101000007_create_g' is applied to 'dev', and not committed as it is here"
	ok down
	ok switch main
	[[ -e migrations/20260101000007_create_g.up.sql ]]
	same tables $'a\nc' "$(tables)"
}

@test "shows with -n what it would do" {
	fresh sqlite
	two
	ok switch -n main
	out_is "would revert ${B}_create_b  (not in branch 'main')
would apply ${C}_create_c
would lose data: ${B}_create_b.down.sql (as recorded):1: drops table b, which has 0 rows"
	on topic $'a\nb'
	ok switch -n --json main
	json_is '.revert | map(.version) | join(" ")' $B
	on topic $'a\nb'
	ok switch --json main
	json_is '.runs | map(.direction) | join(" ")' 'down up'
}

@test "a detached commit, the branch of a remote, and no branch at all" {
	fresh sqlite
	two
	ok switch --detach main
	same detached '' "$(git symbolic-ref -q --short HEAD)"
	same tables $'a\nc' "$(tables)"
	ok switch --detach topic~
	same tables a "$(tables)"
	git clone -q "$(here)" ../clone
	cd ../clone
	git config migrate.target dev
	git config migrate-target.dev.url "$URL"
	ok switch topic
	on topic $'a\nb'
	same upstream origin/topic "$(git rev-parse --abbrev-ref '@{upstream}')"
	migrate switch "$(git rev-parse origin/main)"
	exits 128
	err_has 'hint: to check that commit out: git migrate switch --detach'
	migrate switch nowhere
	exits 128
	err_has "no branch 'nowhere'"
	migrate switch
	exits 129
	migrate switch --continue
	exits 128
	err_is 'error: there is no switch that was cut off'
}

@test "branches of any name, and a hook that fails, do no harm" {
	fresh sqlite
	two
	# shellcheck disable=SC2016
	local name='x$(touch${IFS}pwned);"quoted'\'"'-ü"
	git branch -q -m main "$name"
	printf '#!/bin/sh\necho said by the hook >&2\nexit 7\n' | post_checkout
	ok switch "$name"
	err_has 'said by the hook'
	on "$name" $'a\nc'
	[[ ! -e pwned ]]
	git branch $'latin-\xe9' topic
	migrate switch $'latin-\xe9'
	exits 128
	err_has 'unable to note down a switch'
	on "$name" $'a\nc'
	migrate switch -- -q
	exits 128
	err_has "no branch '-q'"
}

@test "hooks of git switch have the environment that they always have" {
	fresh sqlite
	two
	printf '#!/bin/sh\nenv >%q\n' "$BATS_TEST_TMPDIR/env" | post_checkout
	ok switch main
	same environment '' "$(grep -E \
		'^(GIT_LITERAL_PATHSPECS|GIT_OPTIONAL_LOCKS|LC_ALL=C$)' \
		"$BATS_TEST_TMPDIR/env")"
}

@test "two at once do not meet" {
	fresh sqlite
	two
	post_checkout <<-END
		#!/bin/sh
		git migrate switch --wait 100ms --abort 2>'$BATS_TEST_TMPDIR/second'
	END
	ok switch main
	same 'the second' "error: another 'git migrate switch' is at work in this work tree" \
		"$(<"$BATS_TEST_TMPDIR/second")"
	on main $'a\nc'
}

@test "a protected target asks before git switches" {
	fresh sqlite
	two
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	git config migrate.requireBackup never
	migrate switch main
	exits 1
	err_has "migration '${B}_create_b' destroys data on the protected target 'dev'"
	err_has "hint: if that is meant: git migrate switch main --confirm $B"
	on topic $'a\nb'
	ok switch main --confirm $B
	on main $'a\nc'
}

interrupted() {
	two
	git switch -q main
	pair 20260101000005_slow "$(slow)" '-- migrate: empty "nothing"'
	commit
	git switch -q topic
	git-migrate switch main >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &
	local pid=$! tries
	for ((tries = 0; tries < 500; tries++)); do
		! grep -q "Switched to branch" "$BATS_TEST_TMPDIR/err" || break
		sleep 0.02
	done
	kill -INT $pid
	status=0
	wait $pid || status=$?
	# shellcheck disable=SC2034 # for common.bash
	err=$(<"$BATS_TEST_TMPDIR/err") out=$(<"$BATS_TEST_TMPDIR/out")
	exits 130
	err_has "git and 'dev' are back where they were"
	on topic $'a\nb'
}
@test "interrupted, it goes back" { both interrupted; }

@test "works in a git bisect" {
	fresh sqlite
	two
	git bisect start HEAD HEAD~ >/dev/null
	ok switch --detach main
	same tables $'a\nc' "$(tables)"
	git bisect reset >/dev/null 2>&1
	ok sync
}

# What a kill leaves in the middle of git's switch: the journal, and some files
# of the other branch. The hook's parent is git, and that one's is ours.
cut_off() {
	two
	post_checkout <<-'END'
		#!/bin/sh
		read -r _ _ _ ours _ <"/proc/$PPID/stat"
		kill -KILL "$PPID" "$ours"
	END
	migrate switch main
	rm "$(in_git hooks/post-checkout)"
	[[ -e $(in_git migrate/switch.json) ]] || explain 'it was not cut off'
	git symbolic-ref HEAD refs/heads/topic
	git reset -q --hard
	migrate status
	err_has "warning: a 'git migrate switch' was cut off here
hint: to complete it: git migrate switch --continue
hint: to go back: git migrate switch --abort"
	git show main:migrations/${C}_create_c.up.sql \
		>migrations/${C}_create_c.up.sql
	rm migrations/${B}_create_b.down.sql
	printf 'ma' >shared
	: >migrations/only_main
}

completes() {
	cut_off
	ok switch --continue
	on main $'a\nc'
}
@test "completes a switch that was cut off in the middle of git's" {
	both completes
}

goes_back() {
	cut_off
	ok switch --abort
	err_has "git and 'dev' are back where they were"
	on topic $'a\nb'
}
@test "or goes back" { both goes_back; }

@test "a switch to any branch sees to one that was cut off" {
	fresh sqlite
	cut_off
	ok switch main
	on main $'a\nc'
	cd "$REPO"
	git switch -q topic && ok sync -q
	cd .. && rm -rf "$REPO"
	fresh sqlite
	cut_off
	ok switch topic
	on topic $'a\nb'
}

@test "what a person wrote after it was cut off is not written over" {
	fresh sqlite
	cut_off
	echo mine >shared
	migrate switch --continue
	exits 128
	err_has shared
	same file mine "$(<shared)"
	git checkout -q shared
	ok switch --continue
	on main $'a\nc'
}

@test "another target is not switched while one was cut off" {
	fresh sqlite
	cut_off
	migrate switch --continue --target sqlite:other.db
	exits 1
	err_has "a switch was cut off here with target 'dev'"
	migrate switch -n main
	exits 1
	err_has 'a switch was cut off here'
}

@test "another server's database of the same name is left alone" {
	[[ " $ENGINES " == *" postgresql "* ]] || skip "no PostgreSQL"
	fresh postgresql
	cut_off
	# as far as can be told without asking, that is somewhere else
	printf '[elsewhere]\nuser=postgres\n' >services
	PGSERVICEFILE=$PWD/services migrate switch --abort \
		--target "$URL?service=elsewhere"
	exits 1
	err_has "a switch was cut off here with another database that is called \
'postgresql:${URL##*/}'"
	rm services
	[[ -e $(in_git migrate/switch.json) ]] || explain 'the journal is gone'
	ok switch --abort
	on topic $'a\nb'
}

@test "killed at any moment, the next run completes it or goes back" {
	# shellcheck disable=SC2086,SC2153
	bash "$MIGRATE_TOP/tests/faults/switch.sh" "$MIGRATE_BUILD" 4 $ENGINES
}

unreadable() {
	[[ $ENGINE != postgresql || $(sql 'SHOW server_version_num') == 15* ]] ||
		return 0
	two
	git switch -q main
	pair ${C}_create_c 'CREATE TABEL c (id integer);' 'DROP TABLE c;'
	commit
	git switch -q topic
	migrate switch main
	exits 128
	err_has "migrations/${C}_create_c.up.sql:1:8: unable to apply migration '${C}_create_c': "
	err_has 'hint: nothing is reverted; mend the script, then: git migrate switch main'
	out_is ''
	on topic $'a\nb'
}
@test "a script that cannot be read keeps it from leaving (sqlite, postgresql)" {
	ENGINES=${ENGINES/mariadb/} both unreadable
}
