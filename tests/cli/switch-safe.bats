#!/usr/bin/env bats
# What git migrate switch must not lose, whatever comes in between

load ../lib/common
load ../lib/switch

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

# cut_in_git BRANCH   a switch whose git is killed when it has moved HEAD, and we
# with it.
cut_in_git() {
	local hook
	hook=$(in_git hooks/post-checkout)
	mkdir -p "${hook%/*}"
	[[ ! -e $hook ]] || mv "$hook" "$hook.kept"
	cat >"$hook" <<-'END'
		#!/bin/sh
		read -r _ _ _ ours _ <"/proc/$PPID/stat"
		kill -KILL "$PPID" "$ours"
	END
	chmod +x "$hook"
	migrate switch "$1"
	rm "$hook"
	[[ ! -e $hook.kept ]] || mv "$hook.kept" "$hook"
	[[ -e $(in_git migrate/switch.json) ]] || explain 'it was not cut off'
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

# A filter, which git runs for some files, interrupts it.
@test "a git switch that is interrupted among its files is undone" {
	fresh sqlite
	echo '*.cut filter=cut' >.gitattributes
	two
	git switch -q main
	local n
	for n in 1 2 3 4; do echo "$n" >"$n.cut"; done
	echo main >aaa
	commit 'more on main'
	git switch -q topic
	sql 'INSERT INTO a VALUES (1)'
	cat >"$BATS_TEST_TMPDIR/cut" <<-'END'
		#!/bin/sh
		read -r _ _ _ shell _ <"/proc/$PPID/stat"
		for pid in $PPID $shell; do
			read -r name <"/proc/$pid/comm"
			[ "$name" != git ] || kill -INT "$pid"
		done
		cat
	END
	chmod +x "$BATS_TEST_TMPDIR/cut"
	git config filter.cut.smudge "$BATS_TEST_TMPDIR/cut"
	migrate switch main
	exits 128
	err_has 'error: unable to switch: git ended by signal 2'
	err_has "git and 'dev' are back where they were"
	on topic $'a\nb'
	same rows 1 "$(sql 'SELECT id FROM a')"
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
		err_has "git would not switch: another git is at work, or has left its lock "
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

# killed_among_files   a switch to main that is killed, with its git, while that
# writes files. A filter does it, which git runs for some files.
killed_among_files() {
	echo '*.cut filter=cut' >.gitattributes
	two
	git switch -q main
	local n
	for n in 1 2 3 4; do echo "$n" >"$n.cut"; done
	echo main >aaa
	commit 'more on main'
	git switch -q topic
	cat >"$BATS_TEST_TMPDIR/cut" <<-'END'
		#!/bin/sh
		read -r _ _ _ shell _ <"/proc/$PPID/stat"
		for pid in $PPID $shell; do
			read -r name <"/proc/$pid/comm"
			[ "$name" = git ] || continue
			read -r _ _ _ ours _ <"/proc/$pid/stat"
			kill -KILL "$pid" "$ours"
		done
		cat
	END
	chmod +x "$BATS_TEST_TMPDIR/cut"
	git config filter.cut.smudge "$BATS_TEST_TMPDIR/cut"
	migrate switch main
	git config --unset filter.cut.smudge
	[[ -e $(in_git migrate/switch.json) ]] || explain 'it was not cut off'
	[[ -e $(in_git index.lock) ]] || explain 'git has left no lock'
}

@test "the lock that a killed git switch has left is taken away" {
	fresh sqlite
	killed_among_files
	ok switch --continue
	on main $'a\nc'
	[[ ! -e $(in_git migrate/git-switch) ]] || explain 'its steps are left'
}

@test "so it is on the way back" {
	fresh sqlite
	killed_among_files
	ok switch --abort
	on topic $'a\nb'
}

@test "a lock of somebody who is at work since is left alone, and named" {
	fresh sqlite
	killed_among_files
	local lock way
	lock=$(in_git index.lock)
	rm "$lock"
	sleep 0.05 # the file system's clock goes on
	echo theirs >"$lock"
	for way in --continue --abort main; do
		migrate switch $way
		exits 128
		err_has 'error: git would not switch: another git is at work, or has left its lock '
		err_has " ago: '"
		err_has "index.lock'
hint: if no git is at work here: rm '"
		err_has 'hint: to try again: git migrate switch --continue
hint: to go back: git migrate switch --abort'
		same 'the lock' theirs "$(<"$lock")"
	done
	rm "$lock"
	ok switch --continue
	on main $'a\nc'
}

@test "a lock whose owner cannot be told is left alone" {
	fresh sqlite
	local name
	two
	cut_in_git main
	git symbolic-ref HEAD refs/heads/topic
	git reset -q --hard
	for name in index HEAD; do
		touch "$(in_git $name.lock)"
		migrate switch --continue
		exits 128
		err_has "$name.lock'"
		rm "$(in_git $name.lock)"
	done
	{ touch "$(in_git index.lock)" && sleep 0.4 && rm "$(in_git index.lock)"; } &
	ok switch --continue
	wait
	on main $'a\nc'
}

@test "a git switch that is killed alone is undone, with its lock" {
	fresh sqlite
	killed_among_files
	ok switch --abort
	sed -i 's/kill -KILL "$pid" "$ours"/kill -KILL "$pid"/' \
		"$BATS_TEST_TMPDIR/cut"
	git config filter.cut.smudge "$BATS_TEST_TMPDIR/cut"
	migrate switch main
	exits 128
	err_has 'error: unable to switch: git ended by signal 9'
	err_has "git and 'dev' are back where they were"
	[[ ! -e $(in_git index.lock) ]] || explain 'its lock is left'
	on topic $'a\nb'
}

# moves   the folder of the migrations, as .gitmigrate has it.
moves() { # FOLDER
	[[ $(git config core.sparseCheckout) != true ]] ||
		git sparse-checkout add "$1"
	git mv migrations "$1"
	git config -f .gitmigrate migrate.dir "$1"
}

moved() {
	table_pair $A a
	commit
	git branch -m main
	git switch -q -c renamed
	moves db
	commit renamed
	git switch -q main
	ok up
	sql 'INSERT INTO a VALUES (1)'
	ok switch renamed
	err_lacks revert
	same rows 1 "$(sql 'SELECT id FROM a')"
	on renamed a
	table_pair $B b
	mv migrations/* db
	commit more
	ok up
	ok switch main
	on main a
	ok switch renamed
	on renamed $'a\nb'
	same rows 1 "$(sql 'SELECT id FROM a')"
	pair ${C}_bad 'CREATE TABLE a (id integer);' 'DROP TABLE z;'
	mv migrations/* db
	commit bad
	git switch -q main
	ok sync
	migrate switch renamed
	exits 128
	err_has "git and 'dev' are back where they were"
	on main a
}
@test "the folder has another name on the other branch" { both moved; }

@test "a switch that was cut off is completed from or to another folder" {
	fresh sqlite
	table_pair $A a
	commit
	git switch -q -c renamed
	moves db
	commit renamed
	git switch -q main
	ok up
	sql 'INSERT INTO a VALUES (1)'
	local way
	for way in --continue --abort; do
		if [[ $way == --continue ]]; then
			cut_in_git renamed
		else
			cut_in_git main
		fi
		ok switch $way
		on renamed a
		same rows 1 "$(sql 'SELECT id FROM a')"
	done
}

@test "another database on the other branch is not mixed up with this one" {
	fresh sqlite
	git config --unset migrate-target.dev.url ||
		git config --worktree --unset migrate-target.dev.url
	git config -f .gitmigrate migrate-target.dev.url "sqlite:$(in_git dev.db)"
	table_pair $A a
	commit
	git switch -q -c other
	git config -f .gitmigrate migrate-target.dev.url \
		"sqlite:$(in_git other.db)"
	table_pair $B b
	commit other
	git switch -q main
	ok up
	migrate switch other
	exits 1
	err_has "'other' has another database for its target 'dev' in .gitmigrate than what is checked out has for 'dev'"
	err_has 'hint: to leave this one as it is, and bring that one to the branch: git switch other && git migrate sync'
	err_lacks applied
	on main a
	ok switch other --target "sqlite:$(in_git dev.db)"
	same tables $'a\nb' "$(tables)"
	git switch -q main && git switch -q other && ok sync
	# shellcheck disable=SC2034 # for database.bash
	URL=sqlite:$(in_git other.db)
	same other $'a\nb' "$(tables)"
}

nothing_lost() {
	table_pair $A a
	commit
	git branch other
	table_pair $B b
	pair ${C}_c 'CREATE TABLE c (id integer PRIMARY KEY);' \
		'SELECT missing FROM nowhere; DROP TABLE c;'
	commit
	ok up
	migrate switch other
	exits 128
	err_has "unable to revert migration '${C}_c'"
	err_has "hint: git and 'dev' are back where they were"
	err_lacks 'without the rows'
	err_lacks 'git show'
	on main $'a\nb\nc'
}
@test "says that rows are lost only where a script has run that loses them" {
	both nothing_lost
}

@test "a script that is not here any more is named where it is" {
	fresh sqlite
	two
	git switch -q main
	pair 20260101000009_bad 'SELECT * FROM nowhere;' 'SELECT 1;'
	commit
	git switch -q topic
	migrate switch main
	exits 128
	err_has "hint: see the script: git show 'main:migrations/20260101000009_bad.up.sql'"
	git show main:migrations/20260101000009_bad.up.sql >/dev/null
	migrate switch --detach main
	exits 128
	err_has "hint: see the script: git show '$(git rev-parse main | head -c 10):migrations/20260101000009_bad.up.sql'"
}

@test "what git is hinted to put away includes files that it does not know" {
	fresh sqlite
	[[ $(git config core.sparseCheckout) != true ]] ||
		skip 'git lets such files be in a sparse work tree'
	two
	echo mine >migrations/${C}_create_c.up.sql
	migrate switch main
	exits 1
	err_has 'hint: commit or stash what is in the way: git stash -u'
	git stash -q -u
	ok switch main
	on main $'a\nc'
}

@test "a remote's branch is hinted by the name that a switch takes" {
	fresh sqlite
	two
	git update-ref refs/remotes/origin/team/other main
	git config remote.origin.url .
	git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
	migrate switch origin/team/other
	exits 128
	err_has "error: no branch 'origin/team/other': it is a remote's
hint: to switch to your branch of that name: git migrate switch 'team/other'
hint: to check that commit out: git migrate switch --detach"
	ok switch team/other
	on team/other $'a\nc'
	migrate switch "$(git rev-parse main)"
	exits 128
	err_lacks "a remote's"
}

@test "a dry run says that there is nothing to do" {
	fresh sqlite
	two
	git branch same
	ok switch -n same
	out_is ''
	err_is "nothing to do in the database: 'dev' has what branch 'same' has"
	ok switch -q -n same
	err_is ''
	ok switch -n main
	err_lacks 'nothing to do'
}

@test "a branch that is deleted before its switch goes on is no dead end" {
	fresh sqlite
	two
	cut_in_git main
	git symbolic-ref HEAD refs/heads/topic
	git reset -q --hard
	local commit
	commit=$(git rev-parse main)
	git branch -q -D main
	migrate switch --continue
	exits 128
	err_has "no branch 'main'"
	err_has "hint: to have it again, where it was: git branch 'main' ${commit::10}"
	err_has 'hint: to go back: git migrate switch --abort'
	ok switch --abort
	on topic $'a\nb'
}

# The hooks of ours tell of what sync would do, not of what is being done.
@test "no hook tells of a database that is half way" {
	fresh sqlite
	two
	ok hook install
	try git switch main
	err_has "git migrate sync"
	git switch -q topic
	ok switch main
	err_lacks "git migrate sync"
	ok switch topic
	err_lacks "git migrate sync"
	cut_in_git main
	ok switch --abort
	err_lacks "git migrate sync"
	on topic $'a\nb'
}

@test "an applied script that is changed can be taken back" {
	fresh sqlite
	two
	echo '-- more' >>migrations/${B}_create_b.down.sql
	migrate switch main
	exits 1
	err_has "hint: commit it: git commit
hint: or take back what is changed: git checkout -- 'migrations/${B}_create_b.down.sql'
hint: or revert what is newer, and it: git migrate down"
	git add -A
	migrate switch main
	exits 1
	err_has "git checkout HEAD -- 'migrations/${B}_create_b.down.sql'"
	git checkout -q HEAD -- "migrations/${B}_create_b.down.sql"
	ok switch main
	on main $'a\nc'
	git switch -q topic
	table_pair 20260101000008 h
	ok sync
	migrate switch main
	exits 1
	err_lacks 'git checkout'
}
