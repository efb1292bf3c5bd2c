#!/usr/bin/env bats
# git migrate hook pre-commit and pre-merge-commit: what a commit may not bring.

load ../lib/common
load ../lib/hooks

A=20260101000001
B=20260101000002
C=20260101000003
UP_A=migrations/${A}_create_a.up.sql

@test "a version that the upstream has under another name is taken" {
	hooked
	theirs ${B}_theirs
	table_pair $B mine
	git add -A
	committing
	exits 1
	err_has "error: migrations/${B}_create_mine.up.sql: duplicate version $B: 'create_mine' here, and 'create_theirs' in 'origin/main'"
	err_has "hint: give yours a new one: git migrate renumber $B"
	err_has 'the commit is refused: 1 problem in'
}

@test "the remote's default branch counts beside the branch's own upstream" {
	hooked
	theirs ${B}_theirs
	git remote set-head origin main
	git switch -q -c topic
	git branch -q --unset-upstream 2>/dev/null || true
	table_pair $B mine
	git add -A
	committing
	exits 1
	err_has "in 'origin/main'"
}

@test "a script that the upstream has is not changed" {
	hooked
	echo '-- more' >>"$UP_A"
	committing -a
	exits 1
	err_has "error: $UP_A: the script is not as 'origin/main' has it, where others may have applied it"
	err_has "hint: put it back: git checkout 'origin/main' -- '$UP_A'"
	err_has 'hint: what is to be different, a new migration does: git migrate new NAME'
	git checkout -q origin/main -- "$UP_A"
	git commit -q --allow-empty -m 'nothing' # it is as it was
}

@test "a migration that the upstream has is not deleted or renamed" {
	hooked
	git rm -q migrations/*
	committing
	exits 1
	err_has "error: $UP_A: migration '${A}_create_a' goes, and 'origin/main' has it"
	git reset -q --hard
	git mv "$UP_A" "migrations/${A}_other.up.sql"
	git mv "migrations/${A}_create_a.down.sql" "migrations/${A}_other.down.sql"
	committing
	exits 1
	err_has "duplicate version $A: 'other' here, and 'create_a' in 'origin/main'"
	git reset -q --hard
	git rm -q "migrations/${A}_create_a.down.sql"
	committing
	exits 1
	err_has 'half a pair'
}

@test "what the upstream does not have yet may be changed and deleted" {
	hooked
	table_pair $B b
	git add -A
	committing
	exits 0
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
	committing -a
	exits 0
	err_is ''
	git rm -q migrations/${B}_*
	committing
	exits 0
	err_is ''
}

@test "what is older than the upstream's newest is told, with renumber" {
	hooked
	theirs ${C}_theirs
	table_pair $B mine
	git add -A
	committing
	exits 0
	err_is "warning: migrations/${B}_create_mine.up.sql: migration '${B}_create_mine' is older than $C, which 'origin/main' has: who has applied that gets this one out of order
hint: give it a new version: git migrate renumber $B"
	echo '-- more' >>"migrations/${B}_create_mine.up.sql"
	committing -a
	exits 0
	err_is ''
}

@test "a target's script is not changed once it was committed" {
	hooked
	table_pair $B b
	ok up
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
	git add -A
	committing
	exits 0
	err_has "warning: migrations/${B}_create_b.up.sql: the script is not the one that target 'dev' has"
	err_has 'git migrate sync'
	ok redo
	echo '-- again' >>"migrations/${B}_create_b.up.sql"
	committing -a
	exits 1
	err_has "error: migrations/${B}_create_b.up.sql: the script is not the one that target 'dev' has"
	ok redo
	committing -a
	exits 0
	err_is ''
}

@test "a down script that fails is mended" {
	local down=migrations/${B}_b.down.sql
	hooked
	pair ${B}_b 'CREATE TABLE b (x integer);' 'DROP TABLE nosuch;'
	git add -A
	committing
	exits 0
	ok up
	migrate down
	exits 128
	err_has 'hint: to revert it with a mended down script: git migrate down --from-file'
	echo 'DROP TABLE b;' >"$down"
	committing -a
	exits 0
	err_is "warning: $down: the script is not the one that target 'dev' has
hint: to revert it there with the script as it is here: git migrate down --from-file"
	ok down --from-file
	same tables a "$(tables)"
	ok up
	ok down
}

@test "a renamed migration is told of once, with the way that helps" {
	hooked
	table_pair $B b
	git add -A
	committing
	ok up
	git mv migrations/${B}_create_b.up.sql migrations/${B}_better.up.sql
	git mv migrations/${B}_create_b.down.sql migrations/${B}_better.down.sql
	committing
	exits 0
	err_is "warning: migrations/${B}_better.up.sql: migration '${B}_better' is called '${B}_create_b' in target 'dev'
hint: call it so there, too: git migrate sync"
	ok sync
	same name better "$(sql "SELECT name FROM git_migrations WHERE version = '$B'")"
}

@test "a protected target's script is never changed or deleted" {
	hooked
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	table_pair $B b
	git add -A
	committing
	ok up
	git migrate status >/dev/null
	echo '-- more' >>"migrations/${B}_create_b.down.sql"
	committing -a
	exits 1
	err_has "target 'dev' has"
	err_lacks 'git migrate sync'
	git checkout -q HEAD -- migrations
	git rm -q migrations/${B}_*
	committing
	exits 1
	err_has "goes, and target 'dev' has it"
}

@test "every command that reads the ledger keeps what it says" {
	local command seen
	hooked
	seen=$(in_common migrate/seen)
	ok up
	for command in status log comment prove up; do
		rm -r "$seen"
		ok "$command"
		grep -q "^$A [0-9a-f]* [0-9a-f]* create_a$" "$seen"/*
	done
	ok down
	run ! grep -q "^$A" "$seen"/*
}

@test "of a database that is gone nothing is remembered" {
	hooked
	table_pair $B b
	git add -A
	committing
	ok up
	rm "${URL#sqlite:}"
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
	committing -a
	exits 0
	err_is ''
}

# applied_and_changed   a committed pair is applied; then its up script changes.
applied_and_changed() {
	table_pair $B b
	git add -A
	committing
	exits 0
	ok up
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
}

@test "what another work tree's database has is not asked about" {
	hooked
	setting migrate-target.dev.url sqlite:own.db
	git switch -q -c topic
	applied_and_changed
	git worktree add -q -b other ../linked
	cd ../linked
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
	committing -a
	exits 0
	err_is ''
	cd "$REPO"
	committing -a
	exits 1
	err_has "the script is not the one that target 'dev' has"
}

@test "what the target's earlier database has is not asked about" {
	hooked
	applied_and_changed
	setting migrate-target.dev.url sqlite:other.db
	committing -a
	exits 0
	err_is ''
}

@test "a target that is a URL is remembered, too" {
	hooked
	git config --unset migrate-target.dev.url || true
	setting migrate.target "$URL"
	applied_and_changed
	committing -a
	exits 1
	err_has "the script is not the one that target"
}

@test "it reads the index that is committed" {
	hooked
	table_pair $B b
	git add -A
	: >"migrations/${B}_create_b.up.sql"
	committing # the index is whole
	exits 0
	committing -a
	exits 1
	err_has "migrations/${B}_create_b.up.sql"
	git checkout -q .
	: >"migrations/${B}_create_b.down.sql"
	echo x >other
	git add other
	committing other
	exits 0
	cd migrations
	committing "${B}_create_b.down.sql"
	exits 1
	err_has "migrations/${B}_create_b.down.sql"
}

@test "half a pair whose other half is there has only to be added" {
	hooked
	table_pair $B b
	git add migrations/${B}_create_b.up.sql
	committing
	exits 1
	err_has "half a pair: migration '${B}_create_b' has no down script
hint: it is there, and not in this commit: git add 'migrations/${B}_create_b.down.sql'"
	err_lacks 'write '
	rm migrations/${B}_create_b.down.sql
	committing
	exits 1
	err_has "hint: write 'migrations/${B}_create_b.down.sql'"
}

@test "what is only about to be added makes no pair whole" {
	hooked
	table_pair $B b
	git add -N migrations/${B}_create_b.up.sql
	git add migrations/${B}_create_b.down.sql
	committing
	exits 1
	err_has "error: migrations/${B}_create_b.down.sql: half a pair"
	git add migrations
	committing
	exits 0
}

@test "what is only about to be added is not looked at" {
	hooked
	table_pair $B b
	: >migrations/${B}_create_b.down.sql
	git add -N migrations
	echo x >other
	git add other
	committing
	exits 0
	committing -a
	exits 1
	err_has 'the script has no statement'
}

@test "what nobody takes for a script is warned about once" {
	local name hint="hint: a script is called 'migrations/VERSION_NAME.up.sql' or '.down.sql', with a version of 14 digits"
	hooked
	mkdir -p migrations/v2 migrations/seeds
	for name in ${B}_q.sql ${B}_q.up.SQL foo.sql v2/${B}_q.up.sql \
		seeds/users.up.sql seeds/a.sql README; do
		echo 'SELECT 1;' >"migrations/$name"
	done
	ok status
	err_has "warning: migrations/foo.sql: no command takes this for a script"
	err_has "$hint"
	git add -A
	committing
	exits 0
	err_is "warning: migrations/${B}_q.sql: no command takes this for a script
warning: migrations/${B}_q.up.SQL: no command takes this for a script
warning: migrations/foo.sql: no command takes this for a script
warning: migrations/v2/${B}_q.up.sql: no command takes this for a script
$hint"
	echo x >other
	git add other
	committing
	exits 0
	err_is ''
}

@test "the marks of a merge conflict are refused" {
	local up=migrations/${B}_b.up.sql
	local marks=$'CREATE TABLE b (\n<<<<<<< ours\nx int\n=======\ny int\n>>>>>>> theirs\n);'
	hooked
	pair ${B}_b "$marks" 'DROP TABLE b;'
	git add -A
	committing
	exits 1
	err_has "error: $up:2: the script has the marks of a merge conflict
hint: settle it, then: git add '$up'"
	git commit -q --no-verify -m marks
	migrate check --range origin/main..HEAD
	exits 1
	err_has "error: $up:2: the script has the marks of a merge conflict"
}

@test "a malformed name and a link are refused, other files are not" {
	hooked
	echo text >migrations/README
	mkdir migrations/old
	: >migrations/old/x.up.sql
	git add -A
	committing
	exits 0
	ln -s "${A}_create_a.up.sql" "migrations/${B}_x.up.sql"
	table_pair $B y
	git add -A
	committing
	exits 1
	err_has 'a script must be a file'
	git reset -q --hard
	echo 'SELECT 1;' >migrations/1.up.sql
	git add -A
	committing
	exits 1
	err_has "malformed script name '1.up.sql'"
}

@test "an index of version 4" {
	hooked
	git update-index --index-version 4
	table_pair $B b
	git add -A
	committing
	exits 0
	echo '-- more' >>"$UP_A"
	git rm -q "migrations/${B}_create_b.down.sql"
	committing -a
	exits 1
	err_has "$UP_A: the script is not as 'origin/main' has it"
	err_has "migrations/${B}_create_b.up.sql: half a pair"
	err_has 'the commit is refused: 2 problems'
}

@test "another folder, named by .gitmigrate" {
	hooked
	git config -f .gitmigrate migrate.dir db/steps
	in_cone db
	mkdir -p db
	git mv migrations db/steps
	git add -A
	commit 'Move'
	share
	echo '-- more' >>"db/steps/${A}_create_a.up.sql"
	committing -a
	exits 1
	err_has "db/steps/${A}_create_a.up.sql: the script is not as"
}

@test "before the first commit, and on a detached head" {
	fresh sqlite
	git migrate hook install >/dev/null
	table_pair $A a
	git add "$UP_A"
	committing
	exits 1
	err_has 'half a pair'
	git add -A
	committing
	exits 0
	git checkout -q --detach
	table_pair $B b
	git add "migrations/${B}_create_b.up.sql"
	committing
	exits 1
}

@test "a merge is checked, and what the upstream brings passes" {
	hooked
	git switch -q -c topic
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
	git switch -q main
	git commit -q --allow-empty -m x
	try git merge -q --no-ff topic -m m
	exits 1
	err_has 'half a pair'
	git merge --abort
	theirs ${C}_theirs
	try git merge -q --no-ff origin/main -m m
	exits 0
	err_is ''
}

# refuses_change   the script that the upstream has is changed: refused.
refuses_change() {
	echo '-- more' >>"$UP_A"
	committing -a
	exits 1
	err_has "$UP_A: the script is not as 'origin/main' has it"
}

@test "worktreeConfig and a clone without blobs" {
	hooked
	git -C "$REPO.git" config uploadpack.allowFilter true
	git -C "$REPO.git" symbolic-ref HEAD refs/heads/main
	git clone -q --filter=blob:none "file://$REPO.git" "$REPO.partial"
	cd "$REPO.partial"
	git config extensions.worktreeConfig true
	git migrate hook install >/dev/null
	refuses_change
}

@test "renumber is the way out that it says it is" {
	hooked
	table_pair $B mine
	ok up
	git add -A
	committing
	exits 0
	theirs ${B}_theirs
	ok renumber $B
	git add -A
	committing
	exits 0
	err_lacks error
	err_lacks warning
	ok check --range origin/main..HEAD
}

@test "a version far ahead of the time is warned of once, and has a way out" {
	local version
	for version in 20991231000000 20261399999999 99999999999999; do
		hooked
		table_pair $version far
		git add -A
		committing
		exits 0
		err_has "warning: migrations/${version}_create_far.up.sql: migration '${version}_create_far' has a version that is far ahead of the time: it comes behind all that is made until then
hint: give it the version of now: git migrate renumber $version"
		ok check --range origin/main..HEAD
		err_has 'far ahead of the time'
		echo '-- more' >>migrations/${version}_create_far.up.sql
		table_pair "$(date -u -d '+20 hours' +%Y%m%d%H%M%S)" soon
		git add -A
		committing
		exits 0
		err_lacks 'far ahead of the time'
		ok renumber $version
		git add -A
		committing
		ok check --range origin/main..HEAD
		err_lacks 'far ahead of the time'
	done
}
